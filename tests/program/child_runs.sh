#!/usr/bin/env bash
# Child pipelines in a run: static and made by a job, variables, artifacts across, status, log, records.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
stages: [make, go, last]
variables: {COLOR: red}
gen:
  stage: make
  script:
    - mkdir out
    - 'echo "dynamic: {script: [echo made by gen], rules: [{when: always}]}" > out/made.yml'
    - echo content > data.txt
    - echo "VERSION=1.2.3" > v.env
  artifacts:
    paths: [out, data.txt]
    reports: {dotenv: v.env}
static:
  stage: go
  variables: {PARENT_ID: $CI_PIPELINE_ID, SIZE: "of $COLOR"}
  trigger:
    include: [{local: child.yml, inputs: {word: hello}}]
    strategy: depend
made:
  stage: go
  trigger: {include: [{artifact: out/made.yml, job: gen}], strategy: depend}
after: {stage: last, script: echo after}
END
cat >child.yml <<'END'
spec: {inputs: {word: }}
---
say:
  script:
    - echo "$[[ inputs.word ]] $COLOR $SIZE from $CI_PIPELINE_SOURCE"
    - '[ "$CI_UPSTREAM_PIPELINE_ID" = "$PARENT_ID" ] && [ "$CI_PIPELINE_ID" != "$PARENT_ID" ]'
get:
  needs: [{pipeline: $PARENT_ID, job: gen}]
  script: cat data.txt && echo "version $VERSION"
never: {script: x, rules: [{if: $CI_PIPELINE_SOURCE == "push"}]}
END
git add -A && git commit -qm child
run 0 run
has "hello red of red from parent_pipeline"
has "made by gen"
has "content"
has "version 1.2.3"
grep -qE '^static > say +\| hello' "$work/stdout" || fail "no prefix of the bridge"
has_not "never"
# The children stand below their trigger job.
order="gen,static,static > say,static > get,made,made > dynamic,after"
is "$(sed -n '/ JOB /,$p' "$work/stdout" | sed -n 's/^  \([a-z].*[a-z]\)  *\(make\|go\|last\|test\) .*/\1/p' | sed 's/ *$//' | paste -sd,)" "$order"
run 0 runs --json
is "$(jq -r '.runs[0].jobs[].name' "$work/stdout" | paste -sd,)" "$order"
run 0 logs 'static > say'
has "hello red"
run 0 list --names
has_not "say"

# Events name the pipeline.
run 0 run --json
is "$(events 'select(.event == "job_finished" and .pipeline != null) | "\(.pipeline)/\(.job)"' | tr ' ' '\n' | sort | paste -sd ' ')" \
	"made/dynamic static/get static/say"
is "$(events 'select(.event == "pipeline_started") | .pipeline // "-"')" "- static made"
is "$(events 'select(.event == "pipeline_finished") | "\(.pipeline // "-"):\(.status)"' | tr ' ' '\n' | sort | paste -sd ' ')" \
	"-:success made:success static:success"
is "$(events 'select(.event == "job_started" and .job == "made") | .executor')" "trigger"

# With one slot too: a trigger job takes none.
run 0 run -j 1

# What is not there, or can't be, fails the trigger job with GitLab's reason.
cat >child.yml <<'END'
broken: {scirpt: x}
END
cat >.gitlab-ci.yml <<'END'
bad: {trigger: {include: child.yml, strategy: depend}}
gone: {trigger: {include: missing.yml}, allow_failure: true}
later: {stage: deploy, script: echo later}
END
run 1 run
has "child.yml:1:10: error: unknown keyword 'scirpt' in job 'broken'"
has "missing.yml"
has "downstream pipeline can not be created"
run 1 run --json
is "$(events 'select(.event == "job_finished" and .job == "bad") | .failure_reason')" "downstream_pipeline_creation_failed"
is "$(events 'select(.event == "job_finished" and .job == "later") | .status')" "skipped"

# An artifact of a job that left none.
cat >.gitlab-ci.yml <<'END'
stages: [a, b]
gen: {stage: a, script: echo x > other, artifacts: {paths: [other]}}
made: {stage: b, trigger: {include: [{artifact: made.yml, job: gen}]}}
END
run 1 run
has "not in the artifacts of job 'gen'"

# needs:pipeline without such a job.
cat >.gitlab-ci.yml <<'END'
up: {variables: {UP: $CI_PIPELINE_ID}, trigger: {include: child.yml, strategy: depend}}
END
cat >child.yml <<'END'
get: {needs: [{pipeline: $UP, job: nobody}], script: echo never}
END
run 1 run --json
is "$(events 'select(.event == "job_finished" and .job == "get") | .failure_reason')" "missing_dependency_failure"
