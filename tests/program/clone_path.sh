#!/usr/bin/env bash
# GIT_CLONE_PATH in a shell: refused unless the configuration allows it; then all of a job is in that folder.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
default: {cache: {key: k, paths: [kept]}}
job:
  variables: {GIT_CLONE_PATH: $CI_BUILDS_DIR/go/src/x, FILE: {value: content}}
  script:
    - 'echo "at ${PWD#"$CI_BUILDS_DIR"} ${CI_PROJECT_DIR#"$CI_BUILDS_DIR"} ${RUNNER_TEMP_PROJECT_DIR#"$CI_BUILDS_DIR"}"'
    - 'test -e .gitlab-ci.yml && git status --short | xargs echo status'
    - echo got >made; mkdir -p kept; echo kept >>kept/f; wc -l <kept/f | xargs echo times
  after_script: ['echo "after ${PWD#"$CI_BUILDS_DIR"} $(cat made)"']
  artifacts: {paths: [made]}
top:
  needs: [job]
  variables: {GIT_CLONE_PATH: $CI_BUILDS_DIR}
  script: ['echo "top ${PWD#"$CI_BUILDS_DIR"}. $(cat made)"', 'ls "$RUNNER_TEMP_PROJECT_DIR" | wc -l', 'test -e .gitlab-ci.yml']
out: {needs: [], variables: {GIT_CLONE_PATH: $CI_BUILDS_DIR/../x}, script: ["true"]}
late: {needs: [], variables: {GIT_CLONE_PATH: $CI_PROJECT_DIR/x}, script: ["true"]}
END
printf '.cilocal\n.cilocal.toml\n' >.git/info/exclude
refused='Job failed: setting GIT_CLONE_PATH is not allowed, enable `custom_build_dir` feature'
run 1 run --executor shell job
has "$refused"
has '.gitlab-ci.yml:3'
has_not 'Running in'
run 3 vars job
has "error: job 'job': setting GIT_CLONE_PATH is not allowed"
printf '[[runners]]\nexecutor = "shell"\n[runners.custom_build_dir]\nenabled = false\n' >.cilocal.toml
run 1 run job
has "$refused"
run 1 run --json job
is "$(events 'select(.event == "job_finished") | .failure_reason')" runner_configuration_error

sed -i 's/false/true/' .cilocal.toml
run 0 run -v job
has 'at /go/src/x /go/src/x /go/src/x.tmp'
has_line '^status$'
has 'times 1'
has 'after /go/src/x got'
has_not 'has no effect'
run 0 run job top
has 'times 2'
has 'top . got'
[[ -z $(find .cilocal/runs -name builds -o -name 'builds.tmp') ]] || fail "left: $(find .cilocal/runs -name 'builds*')"
run 0 vars --json job
jq -e '.jobs[0].variables | map(select(.name == "CI_PROJECT_DIR"))[0].value | endswith("/builds/go/src/x")' "$work/stdout" >/dev/null ||
	fail "vars does not know it"
run 1 run out late
has 'out'
has_line 'Job failed: the GIT_CLONE_PATH=".*/builds/\.\./x" has to be within ".*/builds"'
has_line 'Job failed: the GIT_CLONE_PATH="/x" has to be within ".*/builds"'
run 0 shell job -- sh -c 'echo "in ${PWD##*/builds}"; ls -A'
has 'in /go/src/x'
has '.gitlab-ci.yml'

run 0 doctor --config .cilocal.toml
has_line 'enabled +true +whether GIT_CLONE_PATH is obeyed'
