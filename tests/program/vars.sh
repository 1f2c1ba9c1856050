#!/usr/bin/env bash
# vars: what each kind of event adds, where each value comes from, and the forms of variable files.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'YML'
variables: {IMG: busybox, ROOT: r}
job:
  script: ["true"]
  image: $IMG:1
  timeout: 10m
  variables: {MINE: "$ROOT/m", RAW: {value: "$ROOT", expand: false}}
  environment: {name: rev/x}
shell: {script: ["true"]}
YML
git tag light
git tag -a -m "What is new" v1
git checkout -q -b topic

# value NAME / origin NAME of the last run's first job.
value() {
	jq -r --arg n "$1" '.jobs[0].variables[] | select(.name == $n) | .value' "$work/stdout"
}
origin() {
	jq -r --arg n "$1" '.jobs[0].variables[] | select(.name == $n) | "\(.origin) \(.source)"' "$work/stdout"
}
# Names that this event has and a push has not.
names() {
	jq -r '.jobs[0].variables[].name' "$work/stdout" | sort
}
added() {
	comm -13 "$work/push" <(names) | paste -sd ' '
}

run 0 vars job --json
names >"$work/push"
is "$(value CI_PIPELINE_SOURCE) $(value CI_COMMIT_BRANCH)" 'push topic'
is "$(value CI_JOB_IMAGE) $(value CI_JOB_TIMEOUT)" 'busybox:1 600'
is "$(value CI_DISPOSABLE_ENVIRONMENT) $(value CI_RUNNER_EXECUTABLE_ARCH | cut -d/ -f1)" 'true linux'
is "$(origin MINE)" 'job .gitlab-ci.yml:6'
is "$(value MINE) $(value RAW)" 'r/m $ROOT'
is "$(origin ROOT)" 'variables .gitlab-ci.yml:1'
is "$(jq '[.jobs[0].variables[] | select((.origin | length) == 0)] | length' "$work/stdout")" 0

run 0 vars job --json --event tag --tag v1
is "$(added)" 'CI_COMMIT_TAG CI_COMMIT_TAG_MESSAGE'
is "$(value CI_COMMIT_TAG_MESSAGE)" 'What is new'
is "$(value CI_COMMIT_BRANCH)" ''
run 0 vars job --json --tag light
is "$(value CI_COMMIT_TAG)$(value CI_COMMIT_TAG_MESSAGE)" light
run 0 vars job --json --event schedule
is "$(added)" CI_PIPELINE_SCHEDULE_DESCRIPTION
run 0 vars job --json --event trigger
is "$(added)" 'CI_PIPELINE_TRIGGERED CI_TRIGGER_SHORT_TOKEN TRIGGER_PAYLOAD'
for event in web api; do
	run 0 vars job --json --event $event
	is "$(added)$(value CI_PIPELINE_SOURCE)" $event
done
for event in pipeline parent_pipeline; do
	run 0 vars job --json --event $event
	is "$(added)" 'CI_UPSTREAM_JOB_ID CI_UPSTREAM_PIPELINE_ID CI_UPSTREAM_PROJECT_ID'
	is "$(value CI_UPSTREAM_JOB_ID)" 1
done
is "$(value CI_UPSTREAM_PROJECT_ID)" "$(value CI_PROJECT_ID)"
run 0 vars job --json --event merge_request_event
is "$(value CI_MERGE_REQUEST_SOURCE_BRANCH_NAME) $(value CI_MERGE_REQUEST_TARGET_BRANCH_NAME)" 'topic main'
is "$(value CI_COMMIT_BRANCH)$(value CI_OPEN_MERGE_REQUESTS)" 'group/project!1'
[[ " $(added) " != *" CI_COMMIT_"* ]] || fail 'a merge request adds no variable of the commit'
run 0 vars shell --json
is "$(value CI_JOB_IMAGE)$(value CI_SHARED_ENVIRONMENT)" true

# --var-file: dotenv or YAML, later ones above earlier ones, --var above both.
printf '# a file\nA=1\nexport B="two words"\nC=plain # text\n' >one.env
printf 'B: from yaml\nD: {value: "$A", expand: false}\nE: yes\nF: 1.10\n' >two.yml
run 0 vars job --json --var-file one.env --var-file two.yml --var E=typed
is "$(value A)|$(value B)|$(value D)|$(value E)|$(value F)" '1|from yaml|$A|typed|1.1'
is "$(origin B)|$(origin E)" 'two.yml two.yml:1|--var null'
printf 'A: [1\n' >bad.yml
run 2 list --var-file bad.yml
has 'bad.yml:1:4: error'
printf 'A=1\nno pair\n' >bad.env
run 2 list --var-file bad.env
has 'bad.env:2:1: error: line is not NAME=VALUE'
run 2 list --var-file nowhere

# The files of gitlab-ci-local: sections, groups by path, scopes, files by path and by content.
mkdir -p "$HOME/.gitlab-ci-local"
printf 'secret' >"$HOME/secret.txt"
cat >"$HOME/.gitlab-ci-local/variables.yml" <<'YML'
global: {G: glob, GF: ~/secret.txt}
group:
  gitlab.example.com/group/:
    N: {type: variable, values: {"*": any, "rev/*": review}}
    P: group
project:
  gitlab.example.com/group/project.git:
    P: project
    F: {type: file, values: {"*": "some content", "rev/*": ~/secret.txt}}
  gitlab.example.com/other/project.git:
    O: not for us
YML
run 0 vars job --json
is "$(value G) $(value GF) $(value N) $(value P) $(value F) $(value O)" 'glob secret review project secret '
is "$(jq -r '[.jobs[0].variables[] | select(.file) | .name] | sort | join(" ")' "$work/stdout")" 'F GF'
run 0 vars shell --json
is "$(value N) $(value F)" 'any some content'
printf 'P: here\n' >.gitlab-ci-local-variables.yml
run 0 vars job --json
is "$(value P) $(origin P)" 'here .gitlab-ci-local-variables.yml .gitlab-ci-local-variables.yml:1'
