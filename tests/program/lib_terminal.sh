# shellcheck shell=bash
# For tests on a real terminal (tmux): sourced instead of lib.sh, which it sources. A shell runs in the terminal,
# with the same environment as the test.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v tmux >/dev/null || skip "there is no tmux"
export TMUX_TMPDIR=$work
unset TMUX
at_end tmux kill-server '2>/dev/null'

# terminal COLUMNS LINES: a new one, in the project.
terminal() {
	tmux kill-server 2>/dev/null || true
	echo 'PS1="$ "' >"$work/bashrc"
	tmux -f /dev/null new-session -d -x "$1" -y "$2" -c "$PWD" "bash --rcfile $work/bashrc"
	tmux set-option -g history-limit 50000
	shows '[$]'
}

terminal_size() {
	tmux resize-window -x "$1" -y "$2"
}

keys() {
	tmux send-keys "$@"
}

# screen: all of it, with what has scrolled away.
screen() {
	tmux capture-pane -p -S -
}

# shows PATTERN: waits until a line of the screen matches.
shows() {
	local i
	for ((i = 0; i < 400; i++)); do
		tmux capture-pane -p >"$work/out"
		! grep -q -- "$1" "$work/out" || return 0
		sleep 0.05
	done
	fail "never on the screen: $1"
}

shows_not() {
	tmux capture-pane -p >"$work/out"
	! grep -q -- "$1" "$work/out" || fail "on the screen: $1"
}
