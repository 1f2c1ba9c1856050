#!/usr/bin/env bash
# How far an image is while it is pulled, on a terminal: in the status block, and for a job alone below its log.
# shellcheck source=tests/program/lib_terminal.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib_terminal.sh"
# shellcheck source=tests/program/lib_engine.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib_engine.sh"

project main <<'END'
big: {image: "big:1", script: ["true"]}
other: {image: "other:1", script: ["true"]}
END

layers=''
add() {
	layers+="chunk $1\\r\\n"$'\n'"delay 600"$'\n'
}
add '{"status":"Pulling from library/big","id":"1"}'
add '{"status":"Pulling fs layer","progressDetail":{},"id":"aaa"}'
add '{"status":"Downloading","progressDetail":{"current":1500000,"total":20000000},"id":"aaa"}'
add '{"status":"Download complete","progressDetail":{},"id":"aaa"}'
add '{"errorDetail":{"message":"manifest unknown"},"error":"manifest unknown"}'
engine <<END
$ping
on GET /images/*
status 404
body {"message":"No such image"}
on POST /images/create*big*
$layers
on POST /images/create*
open
chunk {"status":"Pulling fs layer","progressDetail":{},"id":"bbb"}\\n
stall
END

terminal 80 24
keys "$cilocal run -j 4; echo code \$?" Enter
shows 'other  *[0-9]*s pulling other:1: 0 of 1 layers'
shows 'big  *[0-9]*s pulling big:1: 1.5 of 20.0 MB'
shows 'big  *[0-9]*s pulling big:1: unpacking layer 1 of 1'
shows 'big .* ERROR: Job failed: failed to pull'
keys C-c
shows 'code 130'
screen >"$work/out"
has_not ' of 1 layers'
has_not 'unpacking'

# Alone, its log is its own; what it waits for stands below.
keys "clear; $cilocal run big; echo code \$?" Enter
shows 'big  *[0-9]*s pulling big:1: 1.5 of 20.0 MB'
shows 'ERROR: Job failed: failed to pull'
shows 'code 4'
screen >"$work/out"
has_not '1.5 of 20.0 MB'

# What the pull took is told apart from the rest.
run 0 runs show --json
jq -e '.time.images > 1.5 and .time.preparing < .time.images and ([.jobs[0].phases[].name] | index("pull_image"))' \
	"$work/stdout" >/dev/null || fail "the time of the pull is not told"
