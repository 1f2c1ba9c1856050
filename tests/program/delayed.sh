#!/usr/bin/env bash
# Delayed jobs start at once with a note, or after their time with --wait-delayed.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
later: {script: ["echo now"], when: delayed, start_in: 2 seconds}
END
run 0 run
has "now"
has "starts at once instead of after 2 s"
SECONDS=0
run 0 run --wait-delayed
((SECONDS >= 2)) || fail "it did not wait"
has "now"
has_not "starts at once"

# A run that waits can be interrupted.
project <<'END'
later: {script: ["echo now"], when: delayed, start_in: 1 hour}
END
start run --wait-delayed
sleep 1
kill -INT "$pid"
ends 130 within 5
has_not "now"
