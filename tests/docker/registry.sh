#!/usr/bin/env bash
# The commands of the local registry: start, status, list, stop; its storage survives a stop and goes with --purge.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
job: {image: busybox, script: ["true"]}
END
remember

with_registry
run 0 registry start
[[ $(curl -s -o /dev/null -w '%{http_code}' "http://$address/v2/") == 401 ]] || fail "the registry answers without a login"
push_as busybox:latest "$address/group/project/app:1" "$user" "$password"
run 0 registry list --json
jq -e '.repositories[] | select(.name == "group/project/app").tags[] | select(.name == "1")' "$work/out" >/dev/null ||
	fail "the list lacks what was pushed"
digest=$(registry_digest group/project/app 1)
has "$digest"
run 0 registry list
has 'group/project/app'

run 0 registry status
has_not "$password"
has "$address"

run 0 registry stop
run 0 registry status --json
jq -e '.running == false' "$work/out" >/dev/null || fail "status says it runs"
with_registry
run 0 registry list
has 'group/project/app'

run 0 registry stop --purge
nothing_left
run 0 registry stop
