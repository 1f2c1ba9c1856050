#!/usr/bin/env bash
# --from and --until: a part of the pipeline; what is before it counts as passed.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
stages: [build, test, deploy]
make:
  stage: build
  script: [echo made > made.txt]
  artifacts: {paths: [made.txt]}
other: {stage: build, script: [echo other]}
check: {stage: test, script: [cat made.txt]}
quick: {stage: test, needs: [other], script: [echo quick]}
approve: {stage: deploy, when: manual, needs: [check], script: [echo approved]}
last: {stage: deploy, script: [cat made.txt]}
END

# jobs ARGUMENT...: those of the plan, on one line.
jobs() {
	run 0 run --dry-run --json "$@"
	jq -r '.jobs[].name' "$work/stdout" | paste -sd ' '
}
is "$(jobs --from check)" "check approve last"
is "$(jobs --from other)" "other check quick approve last"
is "$(jobs --until check)" "make other check"
is "$(jobs --until quick)" "other quick"
is "$(jobs --from other --until quick)" "other quick"
is "$(jobs --from make --until check)" "make check"
is "$(jobs --from 'm*' --until approve)" "make check approve"

run 2 run --from check --until make
has "'make' does not come after 'check'"
run 2 run --from chek
has "did you mean 'check'"
run 2 run --from check make
has "it goes with no JOB"

# Without an earlier run there are no artifacts, and that is said; with one they are taken from it.
run 1 run --from check --until check
has "job 'make' is not run and no earlier run kept its artifacts"
run 0 run --until check
run 0 run --from check
has "job 'make' is not run: its artifacts come from run"
has "last    | made"

# What was named is played.
run 0 run --until approve
has "approved"
