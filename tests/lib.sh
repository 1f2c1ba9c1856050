# shellcheck shell=bash disable=SC2154,SC2164
# What the tests with and without an engine share; their own lib.sh sources it. They set $work before the
# first use, and what the program printed last is in $work/out.

fail() {
	printf 'FAILED: %s\n' "$*" >&2
	if [[ -s $work/out ]]; then
		printf -- '--- what cilocal printed last:\n' >&2
		tail -n 80 "$work/out" >&2
	fi
	exit 1
}

# project [BRANCH]: a new git repository of group/project in $work/project, with standard input as its
# .gitlab-ci.yml, and the shell in it. Files that a test adds later are work tree changes.
project() {
	rm -rf "$work/project"
	mkdir -p "$work/project"
	cd "$work/project"
	cat >.gitlab-ci.yml
	git init -q -b "${1:-main}"
	git remote add origin git@gitlab.example.com:group/project.git
	git config user.name Test
	git config user.email test@example.com
	git add -A
	git commit -q -m "A commit"
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

# piped CODE COMMANDS ARGUMENT...: `shell` with these commands on its standard input, which must end with CODE.
piped() {
	local want=$1 commands=$2 got=0
	shift 2
	"$cilocal" shell "$@" >"$work/stdout" 2>"$work/stderr" <<<"$commands" || got=$?
	cat "$work/stdout" "$work/stderr" >"$work/out"
	((got == want)) || fail "cilocal shell $*: exit code $got, not $want"
	sanitizers
}
