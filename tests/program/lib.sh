# shellcheck shell=bash disable=SC2154
# For the tests of the whole program without an engine: sourced first thing by each of them. Jobs run by the shell
# executor. What it gives besides the functions below is in tests/lib.sh.
# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

export DOCKER_HOST=unix://$work/no-engine.sock

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

# events FILTER: the JSON events of the last run through jq -r, on one line.
events() {
	jq -r "$1" "$work/stdout" | paste -sd ' '
}
