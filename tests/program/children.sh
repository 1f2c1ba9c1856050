#!/usr/bin/env bash
# The pipelines that trigger jobs start, as lint and explain see them.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
variables: {COLOR: red}
gen: {script: x, artifacts: {paths: [made.yml]}}
good:
  trigger: {include: [{local: child.yml, inputs: {stage: deploy}}]}
  variables: {SIZE: big}
made:
  needs: [gen]
  trigger: {include: [{artifact: made.yml, job: gen}]}
elsewhere: {trigger: group/other}
END
cat >child.yml <<'END'
spec: {inputs: {stage: }}
---
child: {script: x, rules: [{if: $CI_PIPELINE_SOURCE == "parent_pipeline" && $COLOR == "red" && $SIZE == "big"}]}
push: {script: x, rules: [{if: $CI_PIPELINE_SOURCE == "push"}]}
last: {script: x, stage: "$[[ inputs.stage ]]", when: manual}
END
run 0 lint
run 0 explain good
has "It starts a child pipeline of 2 jobs:"
has "  child  (test, on_success)"
has "  last  (deploy, manual)"
run 0 explain made
has "made from an artifact of a job that has to run first"
run 0 explain elsewhere
has "It starts a downstream pipeline in group/other, which is not on this machine"
run 0 explain --json good
has '"downstream":{"kind":"child","state":"built","pipeline":{"stages":['

# A broken definition is an error at its trigger, and what is wrong in it is said too.
cat >>child.yml <<'END'
broken: {scirpt: x}
END
run 3 lint
has ".gitlab-ci.yml:4:22: error: the child pipeline of job 'good' is invalid [invalid-child]"
has "child.yml:6:10: error: unknown keyword 'scirpt' in job 'broken' [unknown-keyword]"
has "note: in the child pipeline of job 'good'"
has_not "trigger:2"
run 3 lint --json
has '"file":".gitlab-ci.yml","line":4,"column":22,"message":"the child pipeline of job '"'good'"' is invalid","job":"good","code":"invalid-child"'
run 0 explain good
has "whose definition is invalid"

# GitLab would only find a missing one out when the job runs.
rm child.yml
run 0 lint
has "warning: cannot include 'child.yml'"
run 0 explain good
has "whose definition can't be had"

# Another project is followed where a clone of it is known.
mkdir "$work/other"
cd "$work/other"
cat >.gitlab-ci.yml <<'END'
include: more.yml
theirs: {script: x, rules: [{if: $CI_PIPELINE_SOURCE == "pipeline" && $CI_PROJECT_NAME == "other"}]}
END
echo 'more: {script: x}' >more.yml
repository
cd "$work/project"
printf '[cilocal.projects]\n"group/other" = "%s"\n' "$work/other" >.cilocal.toml
run 0 explain elsewhere
has "It starts a downstream pipeline in group/other of 2 jobs:"
has "  theirs  (test, on_success)"

# What only a server can serve is marked.
project <<'END'
a: {script: x, secrets: {S: {vault: a/b@c}}}
END
run 0 explain a
has "(needs GitLab: has no effect here)"

# Definitions that start themselves come to an end.
project <<'END'
again: {trigger: {include: [{local: .gitlab-ci.yml}]}}
END
run 0 lint

# The standard input is a definition too.
echo 'a: {script: x}' >"$work/in"
run_in() {
	"$cilocal" -f - "$@" <"$work/in" >"$work/out" 2>&1 || fail "cilocal -f - $*"
}
run_in lint
has "<stdin>: valid, 1 job"
run_in list --names
has "a"
