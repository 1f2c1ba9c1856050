#!/usr/bin/env bash
# `cilocal doctor` on a real engine: what it finds there, the local registry as seen from a container, nothing left.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
job: {image: busybox, script: [echo]}
END
remember
run 0 doctor
has 'engine      ok       Docker '
has "at $DOCKER_HOST (DOCKER_HOST): linux/"
has 'privileges  ok       privileged containers work'
has 'the local registry is not running'
nothing_left

at_end "'$cilocal' registry stop --purge >/dev/null 2>&1"
run 0 registry start
run 0 doctor
has 'the local registry stands in for registry.gitlab.example.com, and answers on 127.0.0.1:'
has 'a container reaches it as registry.gitlab.example.com;'

# A registry that does not answer as one is said to be broken, and how to mend it.
mine=$(everything | sort | comm -13 "$work/before" - | sed -nE 's/^container \/(cilocal-registry-[^ ]+) .*/\1/p')
api POST "/containers/$mine/pause" -f -o /dev/null
run 4 doctor
has 'registry    failure  the local registry does not answer on 127.0.0.1:'
has "'cilocal registry stop' and 'cilocal registry start' make it anew"
api POST "/containers/$mine/unpause" -f -o /dev/null
run 0 registry stop --purge
nothing_left
