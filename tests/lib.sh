# shellcheck shell=bash disable=SC2034,SC2164
# What the tests with and without an engine share; their own lib.sh sources it first thing.
#
# It gives: $root (the tree), $cilocal (the program), $work (a folder that is removed at the end), an empty home for
# configuration and state, and the functions below. A test is a script that ends with 0 when all it checked held; the
# first thing that does not ends it with 1, a sentence, and what the program printed last, which is in $work/out.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cilocal=${CILOCAL:-$root/build/dev/bin/cilocal}

# skip SENTENCE: something that this test needs is not there. Under tests/run that is a failure.
skip() {
	printf 'skipped: %s\n' "$*" >&2
	[[ -z ${CILOCAL_TEST_STRICT:-} ]] || exit 1
	exit 77
}
[[ -x $cilocal ]] || skip "there is no program at $cilocal"

work=$(mktemp -d)
export XDG_CONFIG_HOME=$work/.config XDG_STATE_HOME=$work/.state XDG_CACHE_HOME=$work/.cache HOME=$work/.home
export GIT_CONFIG_NOSYSTEM=1 NO_COLOR=1
unset DOCKER_CONTEXT DOCKER_CONFIG CI GITLAB_CI
mkdir -p "$HOME"

# at_end COMMAND: to run at the end, last one first, whatever happens.
cleanups=()
at_end() {
	cleanups+=("$*")
}

pid='' # of the one that `launch` started, while it may run
finish() {
	local status=$? i
	trap - EXIT
	set +e
	[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null
	for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do
		eval "${cleanups[i]}"
	done
	rm -rf "$work"
	exit "$status"
}
trap finish EXIT
trap 'exit 143' TERM INT

fail() {
	printf 'FAILED: %s\n' "$*" >&2
	if [[ -s $work/out ]]; then
		printf -- '--- what cilocal printed last:\n' >&2
		tail -n 80 "$work/out" >&2
	fi
	exit 1
}

# repository [BRANCH]: a new git repository in the current folder, with all that is there in a first commit.
repository() {
	git init -q -b "${1:-main}"
	git config user.name Test
	git config user.email test@example.com
	git add -A
	git commit -q --allow-empty -m "A commit"
}

# project [BRANCH]: a new git repository of group/project in $work/project, with standard input as its
# .gitlab-ci.yml, and the shell in it. Files that a test adds later are work tree changes.
project() {
	rm -rf "$work/project"
	mkdir -p "$work/project"
	cd "$work/project"
	cat >.gitlab-ci.yml
	repository "${1:-main}"
	git remote add origin git@gitlab.example.com:group/project.git
}

# What the sanitizers say ends in the same output as everything else.
sanitizers() {
	! grep -qE 'ERROR: (Address|Leak)Sanitizer|runtime error:' "$work/out" || fail "a sanitizer found something"
}

# has TEXT / has_not TEXT: a fixed text in what the last run printed.
has() {
	grep -qF -- "$1" "$work/out" || fail "not printed: $1"
}

has_not() {
	! grep -qF -- "$1" "$work/out" || fail "printed, but should not be: $1"
}

# has_line REGEX / has_no_line REGEX: a line that an extended regular expression matches. A log shows a command before
# it shows what the command prints: '^(job +\| )?text' is the latter.
has_line() {
	grep -qE -- "$1" "$work/out" || fail "no line matches: $1"
}

has_no_line() {
	! grep -qE -- "$1" "$work/out" || fail "a line matches: $(grep -m 1 -E -- "$1" "$work/out")"
}

# is VALUE EXPECTED
is() {
	[[ $1 == "$2" ]] || fail "'$1' is not '$2'"
}

# job_is JOB STATUS: of a job at the end, from the summary.
job_is() {
	grep -qE "^  $1 +[^ ]+ +$2\b" "$work/out" || fail "$1 is not $2"
}

# self_signed DIR: a key and a certificate that is valid for no name, as in many private installations.
self_signed() {
	mkdir -p "$1"
	openssl req -x509 -newkey rsa:2048 -nodes -subj /O=Example -days 2 \
		-keyout "$1/key.pem" -out "$1/cert.pem" 2>/dev/null
}

# launch ARGUMENT...: cilocal in the background with the input of this function; its process is $pid, its output
# goes to $work/out.
launch() {
	: >"$work/out"
	# An interactive shell gives each job a group of its own; here it keeps SIGINT from being ignored, which a shell
	# without job control does to what it starts in the background.
	set -m
	"$cilocal" "$@" >"$work/out" 2>&1 &
	pid=$!
	set +m
	# Until it is the program: a signal for the shell that is to become it would be lost.
	local i
	for ((i = 0; i < 200; i++)); do
		[[ /proc/$pid/exe -ef /proc/$$/exe ]] || break
		sleep 0.005
	done
}

# start ARGUMENT...: the same, without input.
start() {
	launch "$@" </dev/null
}

# until_true SECONDS COMMAND...: waits for it; fails when it does not come.
until_true() {
	local seconds=$1 i
	shift
	for ((i = 0; i < seconds * 20; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.05
	done
	fail "still not true after $seconds s: $*"
}

# printed TEXT: waits until the one started has printed it.
printed() {
	until_true 60 grep -qF -- "$1" "$work/out"
}

# ends CODE... [within SECONDS]: the one started ends with one of these codes.
ends() {
	local got=0 seconds=30 i
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
	pid=''
	[[ " ${codes[*]} " == *" $got "* ]] || fail "exit code $got, not ${codes[*]}"
	sanitizers
}

# dies: the one started is killed outright.
dies() {
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || :
	pid=''
}

# piped CODE COMMANDS ARGUMENT...: `shell` with these commands on its standard input, which must end with CODE.
piped() {
	local want=$1 commands=$2 got=0
	shift 2
	"$cilocal" shell "$@" >"$work/stdout" 2>"$work/stderr" <<<"$commands" || got=$?
	cat "$work/stdout" "$work/stderr" >"$work/out"
	((got == want)) || fail "cilocal shell $*: exit code $got, not $want"
	sanitizers
}
