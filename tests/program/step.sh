#!/usr/bin/env bash
# --step: a question before each command, and what its answers do; the script is still one shell process.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib_terminal.sh"

mark=$((1000 + RANDOM % 1000)).25
project < <(sed "s/MARK/$mark/" <<'END'
job:
  before_script: ["kept=\"in one shell\""]
  script:
    - export LATER=exported; cd /tmp
    - echo skipped > "$CI_PROJECT_DIR/skipped.txt"
    - "false && true"
    - |
      for i in 1 2; do
        echo "round $i"
      done
    - echo "$kept in $PWD"
    - echo "input [$(cat)]"
    - exit 3
  after_script: ["[ -e skipped.txt ] || echo it was skipped"]
slow: {script: [echo one, sleep 6MARK], after_script: [echo after]}
END
)

run 2 run job --step
has "needs a terminal"

# asked N: the question before command N of the job.
asked() {
	shows "job, command $1 of 8:"
}
terminal run job --step
asked 1
keys '?'
shows "run this command"
keys r
asked 2
has '$ export LATER=exported; cd /tmp'
keys Enter
asked 3
keys s
asked 4
has '(skipped) $ echo skipped >'
keys h
shows '$ '
keys 'PS1=">"; echo "[$LATER]" "$(pwd)"; exit' Enter
shows "[exported] /tmp"
until [[ $(grep -cF 'job, command 4 of 8:' "$work/out") == 2 ]]; do
	sleep 0.1
	screen
done
keys r
asked 5
has 'echo "round $i"'
keys r
asked 6
has "round 2"
keys c
shows "in one shell in /tmp"
shows "input []"
shows "Job failed: exit status 3"
terminal_ends 1
has_not "command 7 of"
has "| it was skipped"
has_not $'\036'

# Quit is Ctrl-C: after_script runs, and the exit code is that of an interruption.
terminal run slow --step
shows "slow, command 1 of 2:"
keys r
shows "slow, command 2 of 2:"
keys q
terminal_ends 130
has "after"
is "$(pgrep -f "sleep 6$mark" || :)" ""

# While a question stands, the job's time does not go on; Ctrl-C is the same as q.
terminal run slow --step --timeout 2s
shows "slow, command 1 of 2:"
sleep 2.5
keys r
shows "slow, command 2 of 2:"
keys C-c
terminal_ends 130

# A signal from elsewhere.
terminal run slow --step
shows "slow, command 1 of 2:"
kill -TERM "$(pgrep -f "^$cilocal run slow --step$")"
terminal_ends 143
