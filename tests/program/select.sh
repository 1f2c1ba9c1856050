#!/usr/bin/env bash
# Which jobs a run consists of: names, copies, patterns, stages, --needs; wrong names; the plan.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
stages: [build, test, deploy]
compile: {stage: build, script: ["echo compiling"]}
lint: {stage: build, script: ["echo linting"]}
test:
  stage: test
  script: ["echo testing $OS"]
  parallel: {matrix: [{OS: [linux, mac]}]}
pack: {stage: deploy, needs: [compile], script: ["echo packing"]}
rollback: {stage: deploy, script: ["echo rolling"], when: manual}
nightly: {stage: deploy, script: ["echo no"], rules: [{if: '$CI_PIPELINE_SOURCE == "schedule"'}]}
END
started() {
	events 'select(.event == "job_started") | .job' | tr ' ' '\n' | sort | paste -sd ' '
}
run 0 run --json lint
is "$(started)" lint
run 0 run --json --needs pack
is "$(started)" "compile pack"
run 0 run --json --stage build
is "$(started)" "compile lint"
run 0 run --json 'test: [mac]'
is "$(events 'select(.event == "job_started") | .job')" 'test: [mac]'
run 0 run --json test
is "$(events 'select(.event == "job_started") | .job')" 'test: [linux] test: [mac]'
run 0 run --json 'c*'
is "$(started)" compile
# A manual job that is named needs no click; one in a whole pipeline waits for --manual.
run 0 run --json rollback
is "$(started)" rollback
run 0 run --json
[[ $(started) != *rollback* ]] || fail "the manual job ran"
run 0 run --json --manual rollback
[[ $(started) == *rollback* ]] || fail "the manual job did not run"

run 2 run complie
has "did you mean 'compile'"
run 2 run 'zzz*'
run 2 run --stage biuld
has "did you mean 'build'"
run 3 run nightly
has "nightly"

before=$(ls .cilocal/runs)
run 0 run --dry-run --needs pack
has "needs compile"
is "$(ls .cilocal/runs)" "$before"

project <<'END'
workflow: {rules: [{when: never}]}
job: {script: ["true"]}
END
run 3 run
has "workflow"
