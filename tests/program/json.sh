#!/usr/bin/env bash
# run --json: every line is an object with event and time; logs are whole; secrets are masked; what people
# read goes to standard error.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
job:
  script:
    - printf 'one\ntwo\n'
    - printf '\033[31mred\033[0m "quoted" \\ back\n'
    - printf 'bytes \377 here\n'
    - echo "token $CI_JOB_TOKEN"
END
run 0 run --json
jq -s -e 'all(has("event") and has("time"))' "$work/stdout" >/dev/null || fail "an object lacks event or time"
is "$(jq -s 'map(.event) | first + " " + last' "$work/stdout" | tr -d '"')" "pipeline_started pipeline_finished"
is "$(events 'select(.event == "log" and .stream == "stdout") | .text' | grep -c 'one two')" 1
jq -s -e 'any(.event == "log" and .text == "red \"quoted\" \\ back")' "$work/stdout" >/dev/null || fail "no plain text of a coloured line"
has "[MASKED]"
is "$(events 'select(.event == "section" and .state == "start") | .name' | grep -c step_script)" 1
is "$(events 'select(.event == "job_finished") | "\(.status) \(.exit_code) \(.failure_reason)"')" "success 0 null"
jq -s -e 'first | .jobs == ["job"]' "$work/stdout" >/dev/null || fail "pipeline_started does not name the jobs"
! grep -qv '^{' "$work/stdout" || fail "a line is no object"

# A reader that goes away does not stop the run.
got=0
"$cilocal" run --json 2>"$work/out" | head -1 >/dev/null || got=${PIPESTATUS[0]}
is "$got" 0
