#!/usr/bin/env bash
# The engine dies in the middle of a job: a sentence, exit code 4, and no hanging.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/lib_terminal.sh
. "$root/tests/lib_terminal.sh"

# An engine of its own, since it does not survive.
own_engine
export DOCKER_HOST=$engine_host
project main <<'END'
job: {image: busybox, script: ["echo started", "sleep 100"]}
after: {image: busybox, script: ["true"], after_script: ["echo its end", "sleep 100"]}
END

start run job
printed started
kill -KILL "$(<"$engine/dockerd.pid")"
ends 4 within 20
has_line '[Ee]ngine|[Dd]aemon|docker\.sock'
has 'hint: the engine that runs the job went away'
has_not 'mtu'

# The script was fine by then; the job is not.
"$root/tests/engine/engine" stop "$engine"
"$root/tests/engine/engine" start "$engine" >/dev/null
start run after
until_true 60 grep -qx 'its end' "$work/out"
kill -KILL "$(<"$engine/dockerd.pid")"
ends 4 within 20
has_line '[Ee]ngine|[Dd]aemon|docker\.sock'

# Under a shell in the job: the terminal is given back.
"$root/tests/engine/engine" stop "$engine"
"$root/tests/engine/engine" start "$engine" >/dev/null
terminal shell job
shows "\$CILOCAL_SCRIPT"
kill -KILL "$(<"$engine/dockerd.pid")"
terminal_ends 4
# Either the shell or what holds the container hears of it first.
has_line "Job failed( \(system failure\))?: .*(cannot connect to|lost) the (Docker )?engine at "
has_not cancelled

# And when it is not there at all.
"$root/tests/engine/engine" stop "$engine"
run 4 run job
