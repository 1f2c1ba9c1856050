#!/usr/bin/env bash
# The samples teach what is true: each is valid, also after `expand`, and what its README says to try and to change
# comes out. Those that need an engine are run by tests/docker/samples.sh.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

samples=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../samples" && pwd)

# sample NAME: a repository with a copy of the sample, and the shell in it.
sample() {
	project <"$samples/$1/.gitlab-ci.yml"
	cp -R "$samples/$1/." .
	git add -A
	git commit -q -m "The sample" || :
}

# change FROM TO: in .gitlab-ci.yml, where FROM must be.
change() {
	local text
	text=$(<.gitlab-ci.yml)
	[[ $text == *"$1"* ]] || fail "the sample does not hold: $1"
	printf '%s\n' "${text/"$1"/"$2"}" >.gitlab-ci.yml
}

# jobs ARGUMENT...: the names that `list` prints, on one line.
jobs() {
	run 0 list --json "$@"
	jq -r '[.jobs[].name] | join(" ")' "$work/stdout"
}

# order: the jobs of the last `run --json` as they ended, each with its status.
order() {
	jq -r 'select(.event == "job_finished") | .job + ":" + .status' "$work/stdout" | paste -sd' '
}

# before A B: in the last run A ended before B started.
before() {
	jq -es --arg a "$1" --arg b "$2" '
		(map(.event == "job_finished" and .job == $a) | index(true)) as $ended |
		(map(.event == "job_started" and .job == $b) | index(true)) as $started |
		$ended != null and $started != null and $ended < $started' "$work/stdout" >/dev/null ||
		fail "$1 did not end before $2 started"
}

count=0
for folder in "$samples"/*/; do
	name=$(basename "$folder")
	[[ -s $folder/README.md ]] || fail "$name has no README.md"
	grep -qF "($name)" "$samples/README.md" || fail "samples/README.md does not list $name"
	sample "$name"
	run 0 lint
	run 0 list --json
	jq -c '[.jobs[] | [.name, .stage, .when]]' "$work/stdout" >"$work/jobs"
	run 0 expand
	cp "$work/stdout" .gitlab-ci.yml
	run 0 lint
	run 0 list --json
	is "$(jq -c '[.jobs[] | [.name, .stage, .when]]' "$work/stdout")" "$(<"$work/jobs")"
	count=$((count + 1))
done
((count >= 11)) || fail "only $count samples"

sample stages
is "$(jobs)" "announce compile unit-tests style deploy clean-up"
run 0 run --json -j 1
is "$(order)" "announce:success compile:success unit-tests:success style:success deploy:success clean-up:success"
change 'echo "style checked"' 'exit 1'
run 1 run --json
before compile style
is "$(order | tr ' ' '\n' | sort | paste -sd' ')" \
	"announce:success clean-up:skipped compile:success deploy:skipped style:failed unit-tests:success"
change 'stage: test' 'stage: tests'
run 3 lint
has 'tests'

sample needs
run 0 run --json -j 4
before publish-docs test-app
before build-docs test-docs
before test-app deploy-app
is "$(order | grep -o "publish-docs.*")" \
	"publish-docs:success build-app:success test-app:success deploy-app:success"
is "$(jobs --var SPELLING=yes | grep -o spell-check)" spell-check
change 'echo "app built"' 'exit 1'
run 1 run --json -j 4
is "$(order | grep -o 'publish-docs:success')" publish-docs:success
sample needs
change '      optional: true' '      optional: false'
run 0 lint
has "warning: job 'publish-docs' needs job 'spell-check'"
run 3 run
run 0 list --var SPELLING=yes
sample needs
change '- echo "docs built"' '- echo "docs built"
  needs: [publish-docs]'
run 3 lint

sample rules
is "$(jobs)" "test lint-c docs deploy"
run 3 run --branch topic
is "$(jobs --event merge_request_event --branch topic --changed docs/index.md)" "test slow-tests lint-c docs"
is "$(jobs --event merge_request_event --branch topic --changed src/main.c)" "test slow-tests lint-c"
is "$(jobs --tag v1.0)" "test lint-c deploy"
is "$(jobs --tag nightly)" "test lint-c"
is "$(jobs --event schedule)" "test slow-tests lint-c"
run 0 explain docs --tag v1.0
has 'rule 1 of 2 matched and says never'
run 0 run deploy --tag v1.0
has 'deployed to production'
git rm -q src/main.c
is "$(jobs --tag v1.0)" "test deploy"
# shellcheck disable=SC2016 # as it stands in the file
change '    - if: $CI_COMMIT_TAG || $CI_PIPELINE_SOURCE == "schedule"
      when: never
' ''
is "$(jobs --tag v1.0)" "test docs deploy"

sample includes
run 0 expand
has 'deploy-production:'
has_not 'include:'
run 0 run
has 'testing unit at level info'
has 'testing integration at level debug'
has 'server stopped'
has_not 'deployed to production'
run 0 run deploy-production --manual deploy-production
has 'deployed to production'
change 'environment: staging' 'environment: stagin'
run 3 lint
has '.gitlab-ci.yml:6:20: error'
sample includes
change 'SUITE: unit' 'SUITE: unit
  script: ["echo mine"]'
run 0 run unit
has_not 'testing unit'
sed -i 's/^\.test:/.test:\n  extends: unit/' ci/base.yml
run 3 lint

sample artifacts
run 0 run
has "version ''"
has 'release 1.4.1, 2 + 3 = 5'
has 'coverage 75%'
has 'test: 3 tests, 0 failed'
run 0 artifacts build
has 'out/add'
has_not 'add.o'
run 0 artifacts build --to "$work/kept"
is "$("$work/kept/out/add" 20 22)" 42
rm -rf "$work/kept"
# shellcheck disable=SC2016 # as it stands in the file
change '$1 + $2' '$1 - $2'
run 1 run
has 'got 0, want 2'
has_not 'release 1.4'
sample artifacts
change '"VERSION=1.4' '"export VERSION=1.4'
run 1 run build

sample cache
run 0 run
has 'fetching deps'
has 'run number 1'
has '2 deps'
run 0 run
has 'deps are there'
has 'run number 2'
has '2 deps'
run 0 run count --branch topic
has 'run number 3'
echo 'midpad 2.0' >>deps.lock
run 0 run
has 'fetching deps'
has '3 deps'
git checkout -q deps.lock
run 0 run test
has 'deps are there'
run 0 clean --dry-run
rm -rf .cilocal/cache
run 0 run
has 'fetching deps'

sample failures
run 0 run --json
is "$(order | tr ' ' '\n' | grep -E '^(celebrate|complain|clean):' | sort | paste -sd' ')" \
	"celebrate:success clean:success complain:skipped"
run 0 logs flaky
has 'try 3'
run 1 run --var CODE=1 --json
is "$(order | tr ' ' '\n' | grep -E '^(celebrate|complain|clean|picky):' | sort | paste -sd' ')" \
	"celebrate:skipped clean:success complain:success picky:failed"
run 1 run unlucky --var FAIL=7
has "job failed, HERE is ''"
has 'exit code 7'
has_no_line '^after$'
change 'max: 2' 'max: 1'
rm -rf .cilocal/cache
run 1 run flaky

sample review-environment
export HOSTING_ROOT=$work/hosting
run 0 run --branch blue
has 'guest'
url=$(jq -r '.environments[0].url' .cilocal/environments.json)
[[ $url == https://review-blue-*.example.com/ ]] || fail "the URL is $url"
has "environment review/blue: deployed by 'deploy-review', $url, to be stopped at "
has "to stop it: cilocal run 'stop-review'"
run 0 run --branch green
run 0 runs
has 'environment  review/blue   available'
has 'environment  review/green  available'
run 0 run stop-review --branch blue
has "$url is gone"
run 0 runs
has 'environment  review/blue   stopped'
run 0 run
has 'live as admin'
has "environment production: deployed by 'deploy-production', https://www.example.com/"
run 0 run --branch blue --manual stop-review
has 'environment review/blue: '
sed -i 's/title>@/heading>@/' site/index.html
run 1 run --branch red
has 'environment review/red: deployed by'
# shellcheck disable=SC2016 # as it stands in the file
change 'name: review/$CI_COMMIT_REF_NAME
    action: stop' 'name: review/other
    action: stop'
run 3 lint
has 'stop-review'
sample review-environment
change '      when: manual
' ''
run 0 run --branch blue
has 'stop-review    deploy  success'

sample pipeline-tests
run 0 test
has '7 passed, 0 failed'
# shellcheck disable=SC2016 # as it stands in the file
change '[docs/**/*]
    - if: $CI_COMMIT_TAG' '[docs/**/*]'
run 1 test
has '    - docs'
has "'docs' is not in this pipeline"
sample pipeline-tests
change '      when: manual
' ''
run 1 test --case 'somebody*'
has '    - manual'
has '    + on_success'
sample pipeline-tests
change 'paths: [app]' 'paths: [ap]'
run 1 test
has 'FAILED what was built is what is deployed'
sed -i 's/^  branch: topic$/  brunch: topic/' .cilocal-tests.yml
run 2 test
has "did you mean 'branch'?"
