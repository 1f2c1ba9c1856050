#!/usr/bin/env bash
# Images of the local registry: push and pull between it and the engine, the list, remove and gc; what a tag leads
# to stays, also through an index of several platforms.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host=registry.gitlab.example.com
project main <<'END'
sleeper: {image: busybox, script: ["echo asleep", "sleep 60"]}
END
remember
run 4 registry push busybox
has "start it with 'cilocal registry start'"
with_registry

# Push: a name of its own, one with the host, the image's own name.
derive made:1 busybox 'ENV A=1'
run 0 registry push made:1
has_line "^pushing made:1 \([0-9.]+ MiB\) to $host/made:1\$"
has_line "^pushed $host/made:1  sha256:[0-9a-f]{64}  [0-9.]+ MiB\$"
is "$(wc -l <"$work/out")" 2
has_not $'\r'
run 0 registry push made:1 -q
is "$(cat "$work/out")" ''
run 0 registry push made:1 group/project/app
got=$("$cilocal" registry push alpine "$host/group/project/app:2" --json 2>"$work/out")
has_line "^pushing alpine \([0-9.]+ MiB\) to $host/group/project/app:2\$"
jq -e --arg h $host '.name == $h + "/group/project/app:2" and (.digest | startswith("sha256:"))' <<<"$got" >/dev/null ||
	fail "push --json says something else: $got"
run 4 registry push mad:1
has "the engine has no image 'mad:1'; did you mean 'made:1'?"
run 4 registry push made:9
has "the engine has no image 'made:9'; did you mean 'made:1'?"
run 2 registry push made:1 quay.io/made
has "'quay.io/made' is a name of the registry quay.io; the local one is $host"
run 2 registry push "$(api GET /images/busybox/json | jq -r .Id)"
has 'say what it is to be called'
api GET /images/json | grep -qF "$address/" && fail "the name with the port stays on the engine"

# Pull: what came stays when the registry stops.
run 0 registry pull "$host/group/project/app:2"
has_line "^pulling $host/group/project/app:2\$"
has "pulled $host/group/project/app:2"
at_end "api DELETE /images/$host/group/project/app:2 -o /dev/null"
run 4 registry pull group/project/ap:2
has "the local registry has no image 'group/project/ap:2'; did you mean 'group/project/app:2'?"
run 0 registry stop
api GET "/images/$host/group/project/app:2/json" -f -o /dev/null || fail "a pulled image went with the registry"
with_registry

# An index: one platform that is here, one that is not.
manifests="http://$address/v2/group/project/app/manifests"
curl -sS -f -u "$user:$password" -H "$as_pushed" "$manifests/1" -o "$work/one"
type=$(jq -r .mediaType "$work/one")
child=sha256:$(sha256sum <"$work/one" | cut -d' ' -f1)
cat >"$work/index" <<END
{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
{"mediaType": "$type", "digest": "$child", "size": $(wc -c <"$work/one"), "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}}]}
END
curl -sS -f -u "$user:$password" -H 'Content-Type: application/vnd.oci.image.index.v1+json' -X PUT --data-binary @"$work/index" "$manifests/all"
run 0 registry list
has_line '^group/project/app:all +sha256:[0-9a-f]{64}  [0-9.]+ MiB  linux/arm64/v8$'
run 0 registry list --json
jq -e '.repositories[] | select(.name == "group/project/app").tags | length == 3 and
	all(.size > 500000) and any(.name == "all" and .platforms == ["linux/arm64/v8"]) and any(.name == "2" and .platforms == null)' \
	"$work/out" >/dev/null || fail "list --json says something else"

# Gone are what no tag leads to, and no more: not the image that only the index has.
run 0 registry push alpine group/project/app:1
run 0 registry gc
has 'freed '
with_registry
run 0 registry push busybox:musl group/large:1
run 0 registry gc --json
jq -e '.manifests == 0 and .tags == 0' "$work/out" >/dev/null || fail "gc removed what has a tag"
with_registry
curl -sS -f -u "$user:$password" -H "Accept: $type" "http://$address/v2/group/project/app/manifests/$child" -o /dev/null ||
	fail "gc took an image of an index away"
run 4 registry remove group/lange
has "did you mean 'group/large'?"
run 0 registry remove group/large made:1 --json
jq -e '.tags == 2 and .manifests == 2 and .repositories == 2 and .freed > 100000' "$work/out" >/dev/null || fail "remove says something else"
run 0 registry list
has_not 'group/large'
has 'group/project/app:all'
# The registry does not think that it still has what is gone.
run 0 registry push busybox:musl group/large:1
run 0 registry pull group/large:1
at_end "api DELETE /images/$host/group/large:1 -o /dev/null"

# Ended in the middle, it leaves the registry running.
timeout -s INT 0.5 "$cilocal" registry gc >/dev/null 2>&1 || :
run 0 registry list
has 'group/project/app:all'

# Neither that nor another way of listening while jobs run.
start run sleeper
printed asleep
"$cilocal" registry gc >"$work/gc" 2>&1 && fail "gc ran beside a job"
grep -q 'jobs run (their containers on the engine: 1) and may push' "$work/gc" || fail "gc: $(cat "$work/gc")"
"$cilocal" registry start --tls >"$work/tls" 2>&1 && fail "the registry was replaced beside a job"
grep -q "can't be started anew while jobs run" "$work/tls" || fail "start --tls: $(cat "$work/tls")"
kill -INT "$pid"
ends 130
run 0 registry stop --purge
nothing_left
