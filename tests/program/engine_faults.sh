#!/usr/bin/env bash
# An engine that is silent, refuses, or never ends what it began: a clear word and the right exit code, and
# signals always end the run. The engine is the scripted one of tests/daemon.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/program/lib_engine.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib_engine.sh"

project <<'END'
job: {image: busybox, script: ["true"]}
END

engine <<'END'
on GET *
stall
END
start run
sleep 1
kill -INT "$pid"
ends 130 within 5
start registry status
sleep 1
kill -INT "$pid"
ends 130 within 5

engine <<'END'
on GET *
status 500
body {"message":"the disk is on fire"}
END
run 4 run
has "the disk is on fire"
run 4 registry start
has "the disk is on fire"
run 4 clean --engine
has "the disk is on fire"

# It takes the image and refuses the container: the surroundings' fault.
engine <<END
$ping
on GET /images/busybox*
body {"Id":"sha256:1111","RepoTags":["busybox:latest"],"Os":"linux","Architecture":"amd64","Config":{}}
on POST /containers/create*
status 500
body {"message":"no space left on device"}
END
run 4 run --json
has "no space left on device"
is "$(events 'select(.event == "job_finished") | .failure_reason')" runner_system_failure

# A pull that never ends: of a job, and of the registry before any job.
engine <<END
$ping
on GET /images/*
status 404
body {"message":"No such image"}
on POST /images/create*
open
chunk {"status":"Pulling"}\\n
stall
on GET /volumes/*
status 404
body {"message":"no such volume"}
END
start run
printed "Pulling"
kill -TERM "$pid"
ends 143 within 10
start run --registry
sleep 1
kill -INT "$pid"
ends 130 within 5

# Nothing that was started ever ends, not even its removal: the third signal leaves all the same.
engine <<END
$ping
on GET /images/busybox*
body {"Id":"sha256:1111","RepoTags":["busybox:latest"],"Os":"linux","Architecture":"amd64","Config":{}}
on POST /containers/create*
status 201
body {"Id":"aaaabbbb"}
on PUT *
status 200
on POST */attach*
upgrade
stall
on POST */start*
status 204
on POST /volumes/create*
status 500
on POST *
stall
on DELETE *
stall
on GET *
stall
END
start run
printed "step_script"
sleep 0.5
kill -INT "$pid"
sleep 0.5
kill -INT "$pid"
sleep 0.5
kill -INT "$pid"
ends 130 within 5
has "leaving at once"
