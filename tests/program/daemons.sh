#!/usr/bin/env bash
# Processes that jobs of the shell executor leave behind, in whatever way they got out of the job's process group:
# they outlive their job, as with GitLab Runner, and none outlives the run, nor a killed one the next start.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ -r /proc/self/environ ]] || skip "there is no /proc to read"
mark=$((62000 + RANDOM % 1000)).75
at_end "pkill -KILL -f -- 'sleep $mark'"
project <<END
stages: [test, later]
.daemons: &daemons
  - sleep $mark &
  - nohup sleep $mark >/dev/null 2>&1 &
  - (setsid sleep $mark </dev/null >/dev/null 2>&1 &)
  - (setsid sh -c "trap '' TERM; while :; do sleep $mark; done" </dev/null >/dev/null 2>&1 &)
leaves: {script: [*daemons]}
finds: {stage: later, script: ['echo "there are \$(pgrep -fc -- "^sleep $mark")"']}
stays:
  script: [*daemons, echo started, sleep $mark]
deaf:
  script: [*daemons, "trap '' TERM INT", echo started, "while :; do sleep $mark; done"]
short: {script: ["true"]}
END
none_runs() {
	! pgrep -af -- "sleep $mark"
}
none() {
	until_true 2 none_runs
}

# One that is no job's, though it was started in the project.
sleep "0$mark" &
other=$!

run 0 run leaves finds
has "there are 4"
has "ended 5 processes that jobs had left running"
kill -0 "$other" 2>/dev/null || fail "a process of somebody else was ended"
kill "$other"
wait "$other" || :
none
run 0 run short
has_not "left running"

for signal in INT:130 TERM:143; do
	start run stays
	printed started
	kill -"${signal%:*}" "$pid"
	ends "${signal#*:}" 15
	none
done

# Three times in a row, and a script that ignores it all.
start run deaf
printed started
for _ in 1 2 3; do
	kill -INT "$pid" 2>/dev/null || :
	sleep 0.1
done
ends 130 within 10
none

killed() {
	start run stays
	printed started
	dies
	[[ -n $(pgrep -f -- "sleep $mark") ]] || fail "there is nothing to end: the test is wrong"
}
killed
run 0 run short
has "processes that a run that died had left running"
none
killed
run 0 clean --dry-run
has_line "processes [0-9]+ of run "
[[ -n $(pgrep -f -- "sleep $mark") ]] || fail "--dry-run ended them"
run 0 clean
none
