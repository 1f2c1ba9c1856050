#!/usr/bin/env bash
# `samples/run` from a fresh clone, as the README says it: all of it holds, and nothing is left on the engine.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

git clone -q "$root" "$work/clone" || skip "this is no clone"
remember
code=0
CILOCAL=$cilocal "$work/clone/samples/run" >"$work/out" 2>&1 </dev/null || code=$?
is "$code" 0
has "the machine's own: $DOCKER_HOST"
has 'samples/run: all held'
has 'Job succeeded'
nothing_left
