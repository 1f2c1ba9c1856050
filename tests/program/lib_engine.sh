# shellcheck shell=bash
# For tests with the scripted engine of tests/daemon in place of a real one: sourced after lib.sh.

fake=${CILOCAL_FAKE_DAEMON:-$(dirname "$cilocal")/../tests/daemon/fake-daemon}
[[ -x $fake ]] || skip "there is no scripted engine at $fake"
daemon=
# engine: the scripted engine with standard input as its script; replaces the one before.
engine() {
	[[ -z $daemon ]] || kill "$daemon" 2>/dev/null || :
	cat >"$work/script"
	rm -f "$work/engine.sock"
	"$fake" "$work/engine.sock" "$work/script" >/dev/null &
	daemon=$!
	for ((i = 0; i < 100; i++)); do
		[[ ! -S $work/engine.sock ]] || return 0
		sleep 0.05
	done
	fail "the scripted engine did not start"
}
# shellcheck disable=SC2016 # expanded when it runs
at_end '[[ -z $daemon ]] || kill "$daemon" 2>/dev/null'
export DOCKER_HOST=unix://$work/engine.sock
ping='on GET /_ping
header Api-Version: 1.41
body OK'
