#!/usr/bin/env bash
# Stages in order, needs at once, what a failure does to the rest, and how the run ends.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

finished='select(.event == "job_finished") | .job + "=" + .status'

project <<'END'
stages: [a, b, c]
a1: {stage: a, script: ["true"]}
a2: {stage: a, script: ["sleep 1"]}
b1: {stage: b, script: ["true"]}
quick: {stage: c, needs: [a1], script: ["true"]}
free: {stage: c, needs: [], script: ["true"]}
c1: {stage: c, script: ["true"]}
END
run 0 run --json -j 4
is "$(events 'select(.event == "job_started") | .job' | tr ' ' '\n' | head -3 | sort | paste -sd ' ')" "a1 a2 free"
is "$(events "$finished" | tr ' ' '\n' | tail -3 | paste -sd ' ')" "a2=success b1=success c1=success"
is "$(events 'select(.event == "pipeline_finished") | .status')" success
run 0 run --json -j 1
is "$(events 'select(.event == "job_started") | .job')" "a1 a2 b1 quick free c1"

project <<'END'
stages: [a, b, c, d]
bad: {stage: a, script: ["exit 3"]}
soft: {stage: a, script: ["exit 4"], allow_failure: true}
coded: {stage: a, script: ["exit 42"], allow_failure: {exit_codes: [41, 42]}}
next: {stage: b, script: ["true"]}
rescue: {stage: b, script: ["true"], when: on_failure}
always: {stage: c, script: ["true"], when: always}
after_soft: {stage: d, needs: [soft], script: ["true"]}
END
run 1 run --json -j 1
for want in bad=failed soft=failed coded=failed next=skipped rescue=success always=success after_soft=success; do
	[[ " $(events "$finished") " == *" $want "* ]] || fail "no $want in: $(events "$finished")"
done
is "$(events 'select(.event == "job_finished" and .status == "failed") | "\(.job):\(.exit_code):\(.allow_failure):\(.failure_reason)"')" \
	"bad:3:false:script_failure soft:4:true:script_failure coded:42:true:script_failure"
is "$(events 'select(.event == "pipeline_finished") | "\(.status) \(.exit_code)"')" "failed 1"

# The same for people: a table with what failed, why, and the last lines.
run 1 run -j 1
has "exit code 3"
has_not "AddressSanitizer"

# What is allowed to fail does not fail the run.
run 0 run soft coded
