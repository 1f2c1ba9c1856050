#!/usr/bin/env bash
# watch: the jobs that a change concerns run again, and no others; a run that is going on is cancelled in order; new
# folders, renames, an invalid definition, signals; nothing is left.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'CI'
stages: [test]
include: [ci/more.yml]
lint: {script: ["echo linting $(cat a.c)"], rules: [{changes: ["*.c"]}]}
docs: {script: ["echo docs $(cat docs/x)"], rules: [{changes: ["docs/**/*"]}]}
any: {script: ["echo any $(cat ci/more.yml | wc -l)"]}
slow:
  script: ["echo slow begins", "[ ! -e slow ] || sleep 30", "echo slow ends"]
  after_script: ["echo after slow"]
CI
mkdir -p docs/deep ci ignored
echo 1 >a.c
echo 1 >docs/x
echo '.more: {script: "true"}' >ci/more.yml
echo '/ignored/' >.gitignore
git add -A
git commit -q -m Second

# runs N: so many runs have ended since the start, and what is waited for is said.
runs() {
	local i
	for ((i = 0; i < 400; i++)); do
		(($(grep -c 'waiting for changes' "$work/out") < $1)) || return 0
		sleep 0.05
	done
	fail "not $1 runs"
}

# quiet: nothing runs by itself.
quiet() {
	local n
	n=$(wc -c <"$work/out")
	sleep 0.6
	is "$(wc -c <"$work/out")" "$n"
}

start watch lint docs any
runs 1
printed "waiting for changes for 'lint' (*.c), 'docs' (docs/**/*), 'any' (5 files; Ctrl-C ends)"
quiet
: >"$work/out"
echo 2 >a.c
runs 1
printed 'linting 2'
printed 'any 1'
has_not 'docs 1'
: >"$work/out"
echo 3 >docs/.x.new
mv docs/.x.new docs/x
runs 1
printed 'docs 3'
has_not 'linting'

# What git ignores or does not track, its own folder, and a look at a file.
: >"$work/out"
echo x >ignored/x
echo x >untracked
mkdir -p new/deep
echo new >new/deep/y
git status >/dev/null
chmod a+r a.c
cat a.c >/dev/null
quiet
is "$(cat "$work/out")" ""
git add new
runs 1
printed "'new/deep/y' changed"
printed 'any 1'
has_not linting
: >"$work/out"
echo newer >new/deep/y
runs 1
printed "'new/deep/y' changed"
: >"$work/out"
rm -r new
runs 1
printed 'any 1'
has_not 'docs 3'
: >"$work/out"
git checkout -q -- new 2>/dev/null || git restore new
runs 1
: >"$work/out"
echo again >new/deep/y
runs 1
printed "'new/deep/y' changed"

# An included file is part of the definition.
: >"$work/out"
printf '.less: {script: "true"}\n' >>ci/more.yml
runs 1
printed 'the definition is read again'
printed 'linting 2'
printed 'docs 3'
printed 'any 2'
: >"$work/out"
sed -i 's/^lint: {script/lint: {scirpt/' .gitlab-ci.yml
runs 1
printed "error: unknown keyword 'scirpt' in job 'lint'"
printed "waiting for changes of '.gitlab-ci.yml', which is invalid"
: >"$work/out"
echo 3 >a.c
quiet
sed -i 's/scirpt/script/; s/^docs:/doku:/' .gitlab-ci.yml
runs 1
printed "no job 'docs'"
: >"$work/out"
sed -i 's/^doku:/docs:/' .gitlab-ci.yml
runs 1
printed 'linting 3'
kill -INT "$pid"
ends 130

# A change while it runs: cancelled with its after_script, then from the start. Ctrl-C then ends both.
touch slow
git add slow
start watch slow
printed 'slow begins'
rm slow
printed "'slow' changed: the run is canceled"
printed 'after slow'
printed 'slow ends'
runs 1
is "$(grep -c '^slow begins' "$work/out")" 2
touch slow
printed "'slow' changed"
for ((i = 0; i < 200; i++)); do
	(($(grep -c '^slow begins' "$work/out") < 3)) || break
	sleep 0.05
done
kill -TERM "$pid"
ends 143
for lock in .cilocal/runs/*/lock; do
	[[ ! -e $lock ]] || fail "a run is left: $lock"
done

# The whole pipeline; from another directory; options go on to the run.
git checkout -q -- . 2>/dev/null
rm -f slow
git rm -q --cached slow
cd "$work"
start -C project -f .gitlab-ci.yml watch --var X=1 -j 1 --timestamps
runs 1
printed 'in any file'
: >"$work/out"
echo 9 >project/docs/x
runs 1
printed 'docs 9'
printed 'slow ends'
kill -INT "$pid"
ends 130
cd project

run 2 watch nothing-like-it
has "no job 'nothing-like-it'"
run 2 watch --jobs x
run 4 -C / watch

# A limit of the system: what is seen goes on, and what to do is said.
limited() {
	exec unshare -Ur sh -c 'echo 4 >/proc/sys/user/max_inotify_watches && exec "$@"' limited "$@"
}
if (limited true) 2>/dev/null; then
	limited "$cilocal" watch lint >"$work/out" 2>&1 </dev/null &
	pid=$!
	runs 1
	printed 'fs.inotify.max_user_watches'
	kill -TERM "$pid"
	ends 143
fi
