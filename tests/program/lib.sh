# shellcheck shell=bash
# For the tests of the whole program without an engine: sourced first thing by each of them.
#
# It gives: $cilocal (the program), $work (a folder that is removed at the end), an empty home for
# configuration and state, and the functions below. Jobs run by the shell executor. A test ends with 0 when
# all it checked held; the first thing that does not ends it with 1, a sentence, and what the program
# printed last.
set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

cilocal=${CILOCAL:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/dev/bin/cilocal}
[[ -x $cilocal ]] || {
	echo "skipped: there is no program at $cilocal" >&2
	exit 77
}
work=$(mktemp -d)
export XDG_CONFIG_HOME=$work/.config XDG_STATE_HOME=$work/.state XDG_CACHE_HOME=$work/.cache HOME=$work/.home
export GIT_CONFIG_NOSYSTEM=1 NO_COLOR=1 DOCKER_HOST=unix://$work/no-engine.sock
unset DOCKER_CONTEXT DOCKER_CONFIG CI GITLAB_CI
mkdir -p "$HOME"

pid=
at_end=: # a command for the end, whatever happened
finish() {
	local status=$?
	trap - EXIT
	set +e
	eval "$at_end"
	[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null
	rm -rf "$work"
	exit "$status"
}
trap finish EXIT
trap 'exit 143' TERM INT

# run CODE ARGUMENT...: cilocal with these arguments, which must end with CODE. Both streams are in $work/out,
# standard output alone in $work/stdout.
run() {
	local want=$1 got=0
	shift
	"$cilocal" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || got=$?
	cat "$work/stdout" "$work/stderr" >"$work/out"
	((got == want)) || fail "cilocal $*: exit code $got, not $want"
	sanitizers
}

# start ARGUMENT...: cilocal in the background, its process is $pid.
start() {
	: >"$work/out"
	# A group of its own, as an interactive shell gives: else SIGINT would be ignored.
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
}

# printed TEXT: waits until the one started has printed it.
printed() {
	local i
	for ((i = 0; i < 400; i++)); do
		! grep -qF -- "$1" "$work/out" || return 0
		sleep 0.05
	done
	fail "never printed: $1"
}

# ends CODE [SECONDS]: the one started ends with this code.
ends() {
	local got=0 i
	for ((i = 0; i < ${2:-20} * 20; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	! kill -0 "$pid" 2>/dev/null || fail "still running after ${2:-20} s"
	wait "$pid" || got=$?
	pid=
	((got == $1)) || fail "exit code $got, not $1"
	sanitizers
}

# is VALUE EXPECTED
is() {
	[[ $1 == "$2" ]] || fail "'$1' is not '$2'"
}

# events FILTER: the JSON events of the last run through jq -r, on one line.
events() {
	jq -r "$1" "$work/stdout" | paste -sd ' '
}
