#!/usr/bin/env bash
# --resume: what passed stays passed, with what it left; the rest runs, and what is another job now.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

definition() {
	cat <<END
stages: [build, test, deploy]
make:
  stage: build
  script: [echo make >> "$work/ran", echo made > made.txt, echo "FROM=report" > env]
  artifacts: {paths: [made.txt], reports: {dotenv: env}}
other: {stage: build, script: ['echo other >> "$work/ran"; $1']}
check:
  stage: test
  needs: [make]
  coverage: '/cover (\d+)%/'
  script: ['echo check >> "$work/ran"; echo cover 87%']
use: {stage: test, needs: [make, other], script: ['echo use >> "$work/ran"; cat made.txt; echo \$FROM']}
push: {stage: deploy, when: manual, script: ['echo push >> "$work/ran"']}
END
}

# What has run since the last time, sorted.
ran() {
	sort "$work/ran" | paste -sd ' '
	: >"$work/ran"
}

project < <(definition "test -e $work/works")
: >"$work/ran"
run 2 run --resume
has "there is no earlier run"
run 1 run
is "$(ran)" "check make other"
first=$("$cilocal" runs --json | jq -r '.runs[0].id')

run 0 run --resume --dry-run
has_line '^build +make +passed +not again$'
has_line '^build +other +on_success +at the start$'
is "$(ran)" ""
touch "$work/works"
run 0 run --resume
is "$(ran)" "other use"
has "goes on from run $first: 2 of 5 jobs stay passed"
has "use   | made"
has "use   | report"
has "87%"
[[ $(grep -cE ' (success|manual) ' "$work/stdout") == 5 ]] || fail "not all jobs are in the table"
# What was taken over belongs to this run, too.
rm -rf ".cilocal/runs/$first"
run 0 logs make
has "echo made > made.txt"
run 0 artifacts make
has "made.txt"
second=$("$cilocal" runs --json | jq -r '.runs[0].id')

# Nothing is left, but for what a click would start.
run 2 run --resume
has "run $second passed: nothing of it is left to do"
run 0 run --resume "$second" --manual push
is "$(ran)" "push"
run 2 run --resume=nonsense
has "there is no run 'nonsense'"
run 2 run --resume --until check
has "'--resume' takes the jobs of the earlier run"

# Another script makes another job, and what comes after it has not passed with it.
rm "$work/works"
run 1 run
is "$(ran)" "check make other"
touch "$work/works"
sed -i 's/echo made > made/echo anew > made/' .gitlab-ci.yml
run 0 run --resume
is "$(ran)" "check make other use"
has "job 'make' passed in run"
has "and runs again: it has changed, or comes after one that has"
has "0 of 5 jobs stay passed"

# A part of the pipeline goes on as that part; another commit is told of.
rm "$work/works"
run 1 run --until use
: >"$work/ran"
touch "$work/works"
git commit -qam "Another commit"
run 0 run --resume
is "$(ran)" "other use"
has "warning: the commit is another one than in run"
has_not "check "

# Files that were written since are told of, but not those of the definition.
rm "$work/works"
git add .gitlab-ci.yml
mkdir sub old
for file in a.txt b.txt sub/c.txt sub/d.txt old/e.txt; do
	echo old >"$file"
	git add "$file"
done
rm old/e.txt
git commit -qm "Files"
touch -d "1 minute ago" .gitlab-ci.yml ./*.txt sub/*.txt sub old .
run 1 run --until use
touch "$work/works"
run 0 run --resume
has_not "changed since run"
rm "$work/works"
run 1 run --until use
touch "$work/works"
echo new >a.txt
: >"$work/ran"
run 0 run --resume
has "warning: 1 file has changed since run"
has " (a.txt): what passed there stays passed, with the files of then"
is "$(ran)" "other use"
run 2 run --resume

# So are those that are gone, however they went.
rm "$work/works"
run 1 run --until use
touch "$work/works"
rm b.txt
git rm -q sub/c.txt
run 0 run --resume
has "warning: 2 files have changed since run"
has " (b.txt is gone, sub/c.txt is gone): what passed"
rm "$work/works"
touch -d '1 minute ago' sub .
run 1 run --until use
touch "$work/works"
run 0 run --resume
has_not "changed since run"
: >"$work/ran"

# Another event is no continuation; nor is a run that still goes on.
run 2 run --resume --event web
has "was a 'push' of 'main', and this is a 'web' of 'main'"
mark=$((63000 + RANDOM % 1000)).25
echo "a: {script: [echo here, sleep $mark]}" >.gitlab-ci.yml
start run
printed "here"
# The record follows a moment later.
runs_now() {
	"$cilocal" runs --json | jq -e '.runs[0].status == "running"'
}
until_true 10 runs_now
got=0
"$cilocal" run --resume >"$work/resumed" 2>&1 </dev/null || got=$?
is "$got" 2
grep -q 'is still going on' "$work/resumed" || fail "$(<"$work/resumed")"

# One that was killed, it is.
dies
printf 'a: {script: [echo here]}\n' >.gitlab-ci.yml
run 0 run --resume
has "0 of 1 jobs stay passed"
pkill -f "sleep $mark" || :
