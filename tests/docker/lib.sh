# shellcheck shell=bash
# For the tests on a real engine: sourced first thing by each of them.
#
# It gives: $cilocal (the program), $work (a folder that is removed at the end), DOCKER_HOST, an empty home for
# configuration and state, and the functions below. A test is a script that ends with 0 when all it checked
# held; the first thing that does not ends it with 1 and a sentence. What the program printed last is shown
# with it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=tests/engine/lib.sh
. "$root/tests/engine/lib.sh"
# shellcheck source=tests/lib.sh
. "$root/tests/lib.sh"

cilocal=${CILOCAL:-$root/build/dev/bin/cilocal}

# skip SENTENCE: something that this test needs is not there. Under tests/run that is a failure.
skip() {
	printf 'skipped: %s\n' "$*" >&2
	[[ -z ${CILOCAL_TEST_STRICT:-} ]] || exit 1
	exit 77
}

[[ -n ${CILOCAL_TEST_DOCKER_HOST:-} ]] ||
	skip "CILOCAL_TEST_DOCKER_HOST names no engine; tests/run starts one, or tests/engine/engine start DIR"
export DOCKER_HOST=$CILOCAL_TEST_DOCKER_HOST
engine_answers || skip "no engine answers at $DOCKER_HOST"
[[ -x $cilocal ]] || skip "there is no program at $cilocal"

work=$(mktemp -d)
export XDG_CONFIG_HOME=$work/.config XDG_STATE_HOME=$work/.state XDG_CACHE_HOME=$work/.cache HOME=$work/.home
export GIT_CONFIG_NOSYSTEM=1 NO_COLOR=1
unset DOCKER_CONTEXT DOCKER_CONFIG CI GITLAB_CI
mkdir -p "$HOME"

# Functions and commands to run at the end, last one first, whatever happens.
cleanups=()
at_end() {
	cleanups+=("$*")
}

finish() {
	local status=$? i
	trap - EXIT
	set +e
	for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do
		eval "${cleanups[i]}"
	done
	# Containers write as root, also what a test made as somebody else.
	rm -rf "$work"
	exit "$status"
}
trap finish EXIT
trap 'exit 143' TERM INT

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

# self_signed DIR: a key and a certificate that is valid for no name, as in many private installations.
self_signed() {
	mkdir -p "$1"
	openssl req -x509 -newkey rsa:2048 -nodes -subj /O=Example -days 2 \
		-keyout "$1/key.pem" -out "$1/cert.pem" 2>/dev/null
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

# start ARGUMENT...: cilocal in the background; its process is $pid, its output goes to $work/out.
start() {
	: >"$work/out"
	# An interactive shell gives each job a group of its own; here it keeps SIGINT from being ignored,
	# which a shell without job control does to what it starts in the background.
	set -m
	"$cilocal" "$@" >"$work/out" 2>&1 </dev/null &
	pid=$!
	set +m
	# Until it is the program: a signal for the shell that is to become it would be lost.
	local i
	for ((i = 0; i < 200; i++)); do
		[[ /proc/$pid/exe -ef /proc/$$/exe ]] || break
		sleep 0.005
	done
	at_end "kill -KILL $pid 2>/dev/null"
}

# ends CODE... [within SECONDS]: the one started ends with one of these codes.
ends() {
	local got=0 seconds=60 i
	local -a codes=()
	while (($#)); do
		case $1 in
		within)
			seconds=$2
			shift
			;;
		*) codes+=("$1") ;;
		esac
		shift
	done
	for ((i = 0; i < seconds * 20; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	! kill -0 "$pid" 2>/dev/null || fail "still running after $seconds s"
	wait "$pid" || got=$?
	[[ " ${codes[*]} " == *" $got "* ]] || fail "exit code $got, not ${codes[*]}"
	sanitizers
}

# printed TEXT: waits until the one started has printed it.
printed() {
	until_true 60 grep -qF -- "$1" "$work/out"
}

# has_line REGEX: an extended regular expression for a whole line, without what stands before it.
has_line() {
	grep -qE -- "$1" "$work/out" || fail "no line matches: $1"
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

# until_true SECONDS COMMAND...: waits for it; fails when it does not come.
until_true() {
	local seconds=$1 i
	shift
	for ((i = 0; i < seconds * 10; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	fail "still not true after $seconds s: $*"
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
	curl -sS -u "$user:$password" -I -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
		"http://$address/v2/$1/manifests/$2" | tr -d '\r' | sed -n 's/^docker-content-digest: //Ip'
}
