#!/usr/bin/env bash
# The exit code of the script is reported as it is, and cilocal's own says what kind of end it was.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
stages: [test]
good: {image: busybox, script: ["true"]}
three: {image: busybox, script: ["exit 3"]}
middle: {image: busybox, script: ["echo before", "false", "echo never"]}
unknown: {image: busybox, script: [no-such-command]}
killed: {image: busybox, script: ["sh -c 'kill -KILL $$'"]}
before: {image: busybox, before_script: ["exit 7"], script: ["echo never"]}
bash: {image: "debian:bookworm", script: ["false | true"]}
no_image: {image: "no-such-image.invalid/x:1", script: ["true"]}
END
remember

# code JOB CODE: what the job's end says, from the output for programs.
code() {
	local got
	got=$(jq -r 'select(.event == "job_finished" and .job == $j) | .exit_code' --arg j "$1" "$work/out" 2>/dev/null | tail -n 1)
	[[ $got == "$2" ]] || fail "$1: exit code ${got:-none}, not $2"
}

run 0 run good
run 1 run --json -j 4 three middle unknown killed before bash
code three 3
code middle 1
code unknown 127
code killed 137
code before 7
code bash 1
has_not '"text":"never'
run 1 run -j 2 three middle
has_line '^three +\| .*exit code 3'
has_line '^middle +\| before'
nothing_left

# The surroundings: no image, no engine.
run 4 run no_image
nothing_left
DOCKER_HOST=unix://$work/nothing.sock run 4 run good
# The pipeline and the command line.
run 2 run --no-such-option
echo 'three: [' >>.gitlab-ci.yml
run 3 run good
