#!/usr/bin/env bash
# --step in containers, in bash and in busybox: run, skip, a shell, quit.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/lib_terminal.sh
. "$root/tests/lib_terminal.sh"

project main <<'END'
.job: &job
  before_script: ["kept=\"in one shell\""]
  script:
    - export LATER=exported; cd /tmp
    - echo skipped
    - "false && true"
    - echo "$kept in $PWD, input [$(cat)]"
    - exit 3
  after_script: [echo after]
small: {<<: *job, image: busybox}
large: {<<: *job, image: "debian:bookworm"}
END
remember
for job in small large; do
	terminal run $job --step
	shows "$job, command 1 of 6:"
	keys r
	shows "$job, command 2 of 6:"
	keys r
	shows "$job, command 3 of 6:"
	keys s
	shows "(skipped) \$ echo skipped"
	shows "$job, command 4 of 6:"
	keys h
	shows "/tmp"
	# shellcheck disable=SC2016
	keys 'PS1=">"; echo "[$LATER]" "$(pwd)"; exit' Enter
	shows "[exported] /tmp"
	sleep 0.5
	keys r
	shows "$job, command 5 of 6:"
	keys c
	shows "in one shell in /tmp, input []"
	shows "Job failed: exit code 3"
	terminal_ends 1
	has "after"
done
terminal run large --step
shows "large, command 1 of 6:"
keys q
terminal_ends 130
has "after"
nothing_left
