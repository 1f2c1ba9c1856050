#!/usr/bin/env bash
# Processes that jobs of the shell executor leave behind, in whatever way they got out of the job's process group:
# they outlive their job, as with GitLab Runner, and none outlives the run, nor a killed one the next start.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ -r /proc/self/environ ]] || exit 77
mark=$((62000 + RANDOM % 1000)).75
# shellcheck disable=SC2034,SC2016 # lib.sh runs it at the end
at_end='pkill -KILL -f -- "sleep $mark"'
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
none() {
	local i
	for ((i = 0; i < 20; i++)); do
		[[ -n $(pgrep -f -- "sleep $mark") ]] || return 0
		sleep 0.05
	done
	pgrep -af -- "sleep $mark" >&2 || :
	fail "processes are left"
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
ends 130 10
none

killed() {
	start run stays
	printed started
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || :
	pid=
	[[ -n $(pgrep -f -- "sleep $mark") ]] || fail "there is nothing to end: the test is wrong"
}
killed
run 0 run short
has "processes that a run that died had left running"
none
killed
run 0 clean --dry-run
grep -qE "processes [0-9]+ of run " "$work/out" || fail "clean --dry-run does not say what runs"
[[ -n $(pgrep -f -- "sleep $mark") ]] || fail "--dry-run ended them"
run 0 clean
none
