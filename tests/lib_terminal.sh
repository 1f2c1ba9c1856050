# shellcheck shell=bash
# A real terminal for the tests of both kinds, by tmux; sourced after their lib.sh.
command -v tmux >/dev/null || skip "there is no tmux"

pane() {
	tmux -S "$work/tmux" "$@"
}
at_end pane kill-server '2>/dev/null'

# terminal ARGUMENT...: cilocal with these in a new terminal of 100 columns. When it has ended, its exit code is
# shown, and whether the terminal has its mode back.
terminal() {
	{
		printf '%q ' "$cilocal" "$@"
		# shellcheck disable=SC2016
		printf '\necho "[code $?, $(stty -a | grep -oE -- "-?icanon")]"\nsleep 600\n'
	} >"$work/in-terminal"
	pane kill-server 2>/dev/null || :
	pane -f /dev/null new-session -d -x 100 -y 40 "bash $work/in-terminal"
	pane set-option -g history-limit 5000
}

keys() {
	pane send-keys "$@"
}

screen() {
	pane capture-pane -p -J -S - | sed '/^ *$/d' >"$work/out"
}

# shows TEXT [SECONDS]: waits until it stands on the terminal.
shows() {
	local i
	for ((i = 0; i < ${2:-40} * 10; i++)); do
		screen
		! grep -qF -- "$1" "$work/out" || return 0
		sleep 0.1
	done
	fail "never on the terminal: $1"
}

# terminal_ends CODE: it has ended with this code, and the terminal is as before.
terminal_ends() {
	shows "[code"
	has "[code $1, icanon]"
	sanitizers
	pane kill-server
}
