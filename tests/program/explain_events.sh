#!/usr/bin/env bash
# explain --all: the pipelines of several events side by side, as a table, as sentences about one job, as JSON.
. "$(dirname "${BASH_SOURCE[0]}")/lib_terminal.sh"

project <<'YML'
workflow:
  rules:
    - {if: '$CI_PIPELINE_SOURCE == "merge_request_event"', when: never}
    - {when: always}
build: {script: x}
release: {script: x, rules: [{if: $CI_COMMIT_TAG}]}
deploy:
  script: x
  rules:
    - {if: '$CI_PIPELINE_SOURCE == "schedule"', when: never}
    - {if: '$CI_COMMIT_BRANCH == "main"', when: manual}
matrix: {script: x, parallel: 3}
api-only: {script: x, rules: [{if: '$CI_PIPELINE_SOURCE == "api"'}]}
web:
  script: x
  needs: [api-only]
  rules: [{if: '$CI_PIPELINE_SOURCE == "web"'}]
YML

run 0 explain --all
has "branch    a push of branch 'feature' (made up; --branch names one)"
has "default   a push of branch 'main', the default branch"
has "MR        a merge request of 'feature' into 'main' (made up; --branch names one)"
has 'no pipeline: rule 1 of 2 of workflow:rules matched and says never, because $CI_PIPELINE_SOURCE is "merge_request_event"'
has "tag       a push of tag 'v1.0.0' (made up; --tag names one)"
row() {
	grep -E "^$1 +" "$work/stdout" | tail -n 1 | tr -s ' '
}
is "$(row JOB)" 'JOB branch default MR tag schedule'
is "$(row '\(pipeline\)')" '(pipeline) yes yes none yes yes'
is "$(row build)" 'build yes yes yes yes'
is "$(row release)" 'release - - yes -'
is "$(row deploy)" 'deploy - manual - -'
is "$(row 'matrix \(3 jobs\)')" 'matrix (3 jobs) yes yes yes yes'
has '  only in tag: release'
has '  manual in default; not in branch, tag, schedule: deploy'

# Each column is what the options say alone.
git checkout -q -b topic
git tag v2
run 0 explain --all
has "push      a push of branch 'topic'"
has "MR        a merge request of 'topic' into 'main'"
has "tag       a push of tag 'v2'"
git checkout -q main
run 0 explain --all --json --branch topic --tag v3 --target-branch next
is "$(jq -c '.events | map([.event, .branch, .tag, .target_branch, .pipeline])' "$work/stdout")" \
	'[["push","topic",null,null,"created"],["push","main",null,null,"created"],["merge_request_event","topic",null,"next","none"],["tag",null,"v3",null,"created"],["schedule","topic",null,null,"created"]]'
is "$(jq -c '.jobs[] | select(.job == "release") | [.differs, (.events | map(.in)), (.events | map(.when))]' "$work/stdout")" \
	'[true,[false,false,false,true,false],["never","never",null,"on_success","never"]]'
is "$(jq -c '.jobs[] | select(.job == "build") | .differs' "$work/stdout")" false

# One job: what decides about it in each event; an event for which the definition is invalid says so.
run 0 explain --all release --events tag,web
has "'release'"
has '  tag  yes      its only rule matched and says on_success, because $CI_COMMIT_TAG is "v2"'
has "  web  invalid  .gitlab-ci.yml:16: job 'web' needs job 'api-only', which is not in this pipeline"
run 0 explain --all --events all
for title in branch default MR tag schedule web api trigger pipeline parent; do
	[[ " $(row JOB) " == *" $title "* ]] || fail "no column $title"
done
has 'the definition is invalid then: .gitlab-ci.yml:16:'
run 2 explain --all --events pus
has "did you mean 'push'?"
run 2 explain --all --event tag
run 2 explain build --events tag
run 2 explain --all relese
has "did you mean 'release'?"

# Invalid for all: the errors, as ever.
project <<'YML'
build: {scirpt: x}
YML
run 3 explain --all
has "unknown keyword 'scirpt'"

# Includes that depend on the event: a job that the definition does not have then.
project <<'YML'
include: [{local: tags.yml, rules: [{if: $CI_COMMIT_TAG}]}]
build: {script: x}
YML
echo 'extra: {script: x}' >tags.yml
run 0 explain --all extra --events push,tag
has 'the definition has no such job then'
has '  tag      yes      it has no rules'

# Copies of a parallel job: one row where they are alike, else one for each kind.
project <<'YML'
m:
  script: x
  parallel: {matrix: [{OS: [linux, mac], V: ["1", "2"]}]}
  rules: [{if: '$OS == "linux"'}, {if: $CI_COMMIT_TAG}]
n: {script: x, parallel: 2}
YML
run 0 explain --all
is "$(row 'm: \[linux, 1\]')" 'm: [linux, 1] and 1 more yes yes yes yes yes'
is "$(row 'm: \[mac, 1\]')" 'm: [mac, 1] and 1 more - - - yes -'
is "$(row 'n \(2 jobs\)')" 'n (2 jobs) yes yes - yes yes'

# A bare trigger has its payload in its own column only.
project <<'YML'
a: {script: x, rules: [{if: $TRIGGER_PAYLOAD}]}
b: {script: x}
YML
run 0 explain --all --events trigger,web
is "$(row a)" 'a - yes'
is "$(row JOB)" 'JOB web trigger'

# On a narrow terminal the table is cut into parts that fit, and no line is wrapped.
project <<'YML'
a job with a very long name that can not be told whole: {script: x}
b: {script: x, rules: [{if: $CI_COMMIT_TAG}]}
YML
terminal 44 60
for columns in 44 80 120; do
	terminal_size "$columns" 60
	# The terminal tells of its new size a little later.
	keys "unset COLUMNS; until [[ \$(stty size) == '60 $columns' ]]; do sleep 0.1; done; clear; $cilocal explain --all --events all; echo end-\$((columns = $columns))" Enter
	shows "^end-$columns"
	tmux clear-history
	tmux capture-pane -p >"$work/out"
	parts=$(grep -c '^JOB' "$work/out")
	rows=$(grep -cE '^(a j.*|b) +(yes|-)' "$work/out")
	((rows == 2 * parts)) || fail "$rows rows in $parts parts of $columns columns"
	((columns < 120 ? parts > 1 : parts == 1)) || fail "$parts parts in $columns columns"
	words=$(grep '^JOB' "$work/out" | tr -s ' ' '\n' | grep -vcx JOB)
	((words == 10)) || fail "$words columns in all"
	has '  only in tag: b'
done
