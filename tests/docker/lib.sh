# shellcheck shell=bash disable=SC2034,SC2154
# For the tests on a real engine: sourced first thing by each of them. DOCKER_HOST is the engine; what this gives
# besides the functions below is in tests/lib.sh.
# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
here=$root/tests/docker
# shellcheck source=tests/engine/lib.sh
. "$root/tests/engine/lib.sh"

[[ -n ${CILOCAL_TEST_DOCKER_HOST:-} ]] ||
	skip "CILOCAL_TEST_DOCKER_HOST names no engine; tests/run starts one, or tests/engine/engine start DIR"
export DOCKER_HOST=$CILOCAL_TEST_DOCKER_HOST
engine_answers || skip "no engine answers at $DOCKER_HOST"

# derive NAME FROM CHANGE...: an image made from another one, with Dockerfile lines like USER or ENTRYPOINT.
derive() {
	local name=$1 from=$2 query id change
	shift 2
	id=$(api POST /containers/create -f -H 'Content-Type: application/json' -d "{\"Image\":\"$from\"}" | jq -r .Id)
	query="container=$id&repo=$(encode "${name%:*}")&tag=$(encode "${name##*:}")"
	for change in "$@"; do
		query+="&changes=$(encode "$change")"
	done
	api POST "/commit?$query" -f -o /dev/null -H 'Content-Type: application/json' -d '{}'
	api DELETE "/containers/$id?force=1&v=1" -f -o /dev/null
	at_end "api DELETE /images/$name -o /dev/null"
}

# run CODE ARGUMENT...: cilocal with these arguments, which must end with CODE. What it printed, on both
# streams, is in $work/out.
run() {
	local want=$1 got=0
	shift
	"$cilocal" "$@" >"$work/out" 2>&1 </dev/null || got=$?
	((got == want)) || fail "cilocal $*: exit code $got, not $want"
	sanitizers
}

# everything: all that is on the engine but its images and the cache volumes of `volumes = ["/cache"]`, which
# are there to stay until `cilocal clean`; one line each, to compare with later.
everything() {
	api GET '/containers/json?all=1' | jq -r '.[] | "container " + .Names[0] + " " + .Id'
	api GET '/networks' | jq -r '.[] | "network " + .Name'
	api GET '/volumes' | jq -r '(.Volumes // [])[] | .Name | select(startswith("cilocal-cache-") | not) | "volume " + .'
}

remember() {
	everything | sort >"$work/before"
}

# nothing_left: the engine has what it had at `remember`, and no process of ours is left.
nothing_left() {
	local i
	# The engine removes some things a moment after it says so.
	for ((i = 0; i < 50; i++)); do
		everything | sort >"$work/after"
		cmp -s "$work/before" "$work/after" && return 0
		sleep 0.1
	done
	diff "$work/before" "$work/after" >&2 || :
	fail "something is left on the engine"
}

# own_engine: a Docker engine that only this test has, at $engine_host, with busybox. It is in the folder $engine.
own_engine() {
	engine=$work/e
	at_end "'$root/tests/engine/engine' purge '$engine' 2>/dev/null"
	"$root/tests/engine/engine" start "$engine" >/dev/null
	engine_host=unix://$engine/docker.sock
	api GET /images/busybox:latest/get -f -o "$work/busybox.tar"
	DOCKER_HOST=$engine_host api POST /images/load -f -o /dev/null -H 'Content-Type: application/x-tar' -T "$work/busybox.tar"
}

# own_podman IMAGE...: a Podman that only this test has, at $podman_host, with these images of the engine. False where
# the distribution has none that is new enough.
own_podman() {
	local code=0
	at_end "'$root/tests/engine/podman' stop '$work/p'"
	podman_host=unix://$work/p/podman.sock
	"$root/tests/engine/podman" start "$work/p" "$@" >"$work/podman.log" 2>&1 || code=$?
	((code)) || return 0
	cat "$work/podman.log" >&2
	((code == 3)) || skip "Podman cannot be started on this machine; what it said is above"
	return 1
}

# with_registry: starts the local registry for this test, and sets $address, $user and $password.
with_registry() {
	local status
	"$cilocal" registry start >"$work/out" 2>&1 </dev/null || fail "cilocal registry start: exit code $?"
	# shellcheck disable=SC2016 # expanded when it runs
	at_end '"$cilocal" registry stop --purge >/dev/null 2>&1'
	status=$("$cilocal" registry status --json --show-password)
	address=$(jq -r .address <<<"$status")
	user=$(jq -r .user <<<"$status")
	password=$(jq -r .password <<<"$status")
	[[ $address == 127.0.0.1:* && -n $user && -n $password ]] || fail "registry status --json: $status"
}

# registry_digest REPOSITORY TAG: of the manifest that the registry holds, or nothing.
registry_digest() {
	curl -sS -u "$user:$password" -I -H "$as_pushed" \
		"http://$address/v2/$1/manifests/$2" | tr -d '\r' | sed -n 's/^docker-content-digest: //Ip'
}
