#!/usr/bin/env bash
# Jobs that do not want to end: daemons that outlive their script, a script and a service that ignore SIGTERM; ended
# by one Ctrl-C, by three, and by SIGTERM.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
daemons:
  image: busybox
  script:
    - sleep 100 &
    - nohup sleep 100 &
    - (setsid sh -c "trap '' TERM; sleep 100; sleep 100" &)
    - echo all started
  after_script: ["echo after it"]
deaf:
  image: busybox
  services: [{name: busybox, alias: beside, command: ["sh", "-c", "trap '' TERM; while :; do sleep 100; done"]}]
  script:
    - (setsid sh -c "trap '' TERM; sleep 100; sleep 100" &)
    - trap '' TERM INT
    - echo listening
    - while :; do sleep 100; done
  after_script: ["echo after it"]
short: {image: busybox, script: ["echo short"]}
END
remember

began=$SECONDS
run 0 run daemons
has 'after it'
((SECONDS - began < 15)) || fail "a job waited $((SECONDS - began)) s for its daemons"
nothing_left

# The first lets the script have its ten seconds.
start run deaf
printed listening
kill -INT "$pid"
ends 130 within 25
has_line '(^|\| )after it'
nothing_left

start run deaf
printed listening
kill -TERM "$pid"
ends 143 within 15
has_not 'after it'
nothing_left

# The third waits for nobody; the next start looks after what it left.
start run deaf
printed listening
for _ in 1 2 3; do
	kill -INT "$pid" 2>/dev/null || :
	sleep 0.05
done
ends 130 within 5
run 0 run short
nothing_left
