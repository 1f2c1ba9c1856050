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
