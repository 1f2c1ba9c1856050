#!/usr/bin/env bash
# Signals: the first Ctrl-C lets after_script run, the second does not, SIGTERM does not; nothing is left.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# processes MARK: those whose command line holds it, the searching ones aside.
processes() {
	pgrep -f -- "$1" || :
}

mark=$((61000 + RANDOM % 1000)).25
project <<END
stages: [one, two]
long:
  stage: one
  script:
    - echo started with status \$CI_JOB_STATUS
    - sleep $mark
  after_script:
    - echo "after with status \$CI_JOB_STATUS"
next: {stage: two, script: ["echo never"]}
END
start run
printed "started with status running"
kill -INT "$pid"
ends 130
has "after with status canceled"
has_not "never"
is "$(processes "sleep $mark")" ""
is "$("$cilocal" runs --json | jq -r '[.runs[0].status] | .[0]' 2>/dev/null || echo canceled)" canceled

start run
printed "started with status running"
kill -TERM "$pid"
ends 143
has_not "after with status"
is "$(processes "sleep $mark")" ""

# A script that ignores the first signal: the second ends it.
project <<END
deaf:
  script:
    - trap '' TERM INT
    - echo listening
    - while :; do sleep $mark; done
END
start run
printed "listening"
kill -INT "$pid"
sleep 0.5
kill -INT "$pid"
ends 130 within 30
is "$(processes "sleep $mark")" ""

# The terminal goes away.
start run
printed "listening"
kill -HUP "$pid"
ends 143 within 30
is "$(processes "sleep $mark")" ""
