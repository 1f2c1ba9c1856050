#!/usr/bin/env bash
# What people hear of artifacts: failed tests, coverage, listing and export; untracked files, retries, caches.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'E'
job:
  script:
    - echo "first 10% and then coverage 87.5% of it"
    - echo 'no number here, coverage %'
    - mkdir -p out r
    - echo o >out/o; ln out/o out/p; ln -s o out/l; echo u >u.log; echo v >v.ignored
    - |
      cat >r/TEST-a.xml <<'X'
      <testsuites><testsuite>
      <testcase classname="pkg.A" name="adds"/>
      <testcase classname="pkg.A" name="divides"><failure message="want 2, got $SECRET"/></testcase>
      <testcase classname="pkg.A" name="later"><skipped/></testcase>
      </testsuite></testsuites>
      X
    - echo '<testsuite><testcase name="lone"><error>boom</error></testcase></testsuite>' >r/TEST-b.xml
    - echo 'not xml' >r/TEST-c.xml
  coverage: '/coverage (\d+\.\d+)%/'
  artifacts:
    name: "$CI_COMMIT_REF_NAME/$CI_JOB_NAME"
    untracked: true
    paths: [out]
    expire_in: 2 hours
    expose_as: what it made
    exclude: ["r/**"]
    reports: {junit: "r/TEST-*.xml"}
E
echo '*.ignored' >.gitignore
run 0 run
has 'coverage 87.5%'
has 'job: 4 tests, 2 failed, 1 skipped'
has 'failed: pkg.A > divides: want 2, got'
has 'error:  lone: boom'
has "artifacts of job: "
has "on GitLab they expire in 2 hours, in a merge request they are 'what it made'"
has 'TEST-c.xml is no JUnit report: line 1'
has 'untracked: found'
run 0 run --json
is "$(events 'select(.event == "job_finished") | "\(.coverage) \(.tests.total) \(.tests.failed) \(.tests.failures[0].name)"')" \
	"87.5 4 2 divides"

run 0 artifacts job
has "archive 'job'"
for f in out/o out/p 'out/l -> o' u.log v.ignored; do
	has "  $f"
done
has_not 'r/TEST'
has 'reports/junit'
run 0 artifacts job --json
is "$(jq -r '.jobs[0].coverage, (.jobs[0].artifacts | map(.type) | join(","))' "$work/stdout" | paste -sd ' ')" "87.5 archive,junit"
run 0 artifacts job --to "$work/x"
is "$(cat "$work/x/out/p" "$work/x/out/l")" $'o\no'
mkdir "$work/y"
run 0 -C "$work/project" artifacts job --zip --to "$work/y"
if command -v unzip >/dev/null; then
	is "$(unzip -p "$work/y/job.zip" out/p)" o
fi
is "$(git status --porcelain --untracked-files=all | grep -v gitignore)" ""
run 2 artifacts nothing
run 2 artifacts
run 2 artifacts job --json --zip

# A retried job leaves what its last attempt left.
project <<'E'
job: {retry: 1, script: ["[ -e $M ] && exit 0", "touch $M", "echo 1 >one", "exit 1"], variables: {M: "$MARK"}, artifacts: {paths: [one], when: always}}
E
run 0 run --var MARK="$work/mark"
run 2 artifacts job
has 'left no artifacts'

# Caches: kept, not written again without need, only after the right end, the oldest go.
project <<'E'
job:
  script: ["ls vendor 2>/dev/null || echo miss", "mkdir -p vendor", "[ -e vendor/hit ] || touch -d '1 hour ago' vendor/hit"]
  cache: {key: {files: [lock], prefix: p}, paths: [vendor/]}
bad: {script: ["echo x >x", "exit 1"], allow_failure: true, cache: {key: never, paths: [x]}}
E
echo 1 >lock
git add lock
git commit -q -m lock
run 0 run
has miss
sleep 1
run 0 run
has 'Successfully extracted cache'
has 'Archive is up to date!'
[[ -z $(find .cilocal/cache -name "never-*") ]] || fail "a failed job kept its cache"
echo 2 >lock
git commit -q -a -m lock
run 0 run job
has miss
is "$(find .cilocal/cache -maxdepth 1 -name "p-*" | wc -l)" 2

# Outside of the project nothing is taken, and what an archive holds lands nowhere else.
project <<'E'
stages: [a, b]
a: {stage: a, script: ["ln -s / out", "echo f >f"], artifacts: {paths: ["../../*", /etc/hostname, out, f]}}
b: {stage: b, script: ["test -L out", "cat f"]}
E
run 0 run
has 'processPath: artifact path is not a subpath of project directory: /etc/hostname'
run 0 artifacts a
has 'out -> /'
has_not '/etc'
