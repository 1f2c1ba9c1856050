#!/usr/bin/env bash
# `cilocal doctor` on a real engine: what it finds there, the local registry as seen from a container, nothing left.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

count() {
	api GET '/containers/json?all=1' | { grep -o '"Id"' || :; } | wc -l
}

project <<'END'
job: {image: busybox, script: [echo]}
END
before=$(count)
run 0 doctor
has 'engine      ok       Docker '
has "at $DOCKER_HOST (DOCKER_HOST): linux/"
has 'privileges  ok       privileged containers work'
has 'the local registry is not running'
(($(count) == before)) || fail "doctor left a container"

at_end "'$cilocal' registry stop --purge >/dev/null 2>&1"
run 0 registry start
run 0 doctor
has 'the local registry stands in for registry.gitlab.example.com, and answers on 127.0.0.1:'
has 'a container reaches it as registry.gitlab.example.com;'

# A registry that does not answer as one is said to be broken, and how to mend it.
id=$(api GET '/containers/json?filters=%7B%22name%22%3A%5B%22cilocal-registry%22%5D%7D' | grep -o '"Id":"[0-9a-f]*' | cut -d'"' -f4)
api POST "/containers/$id/pause" >/dev/null
run 4 doctor
has 'registry    failure  the local registry does not answer on 127.0.0.1:'
has "'cilocal registry stop' and 'cilocal registry start' make it anew"
api POST "/containers/$id/unpause" >/dev/null
run 0 registry stop --purge
