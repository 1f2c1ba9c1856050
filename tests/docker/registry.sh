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

# Somebody else on the same engine has a registry of their own, and neither takes the other's away.
address_a=$address
mine() { curl -s -o /dev/null -w '%{http_code}' -u "$user:$password" "http://$address_a/v2/"; }
export XDG_STATE_HOME=$work/.state-b
run 0 registry status --json
jq -e '.exists == false and .storage == false' "$work/out" >/dev/null || fail "another user sees it"
run 0 registry start
run 0 registry list
has_not 'group/project/app'
[[ $(mine) == 200 ]] || fail "the second user's registry took the place of the first's: $(mine)"
run 0 registry stop --purge
[[ $(mine) == 200 ]] || fail "the second user removed the first's registry"
export XDG_STATE_HOME=$work/.state

run 0 registry stop --purge
nothing_left
run 0 registry stop
