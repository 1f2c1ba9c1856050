#!/usr/bin/env bash
# Completion, typed into real shells on a real terminal: commands, options and their values, names of jobs with
# whatever is in them, earlier runs.
# shellcheck source=tests/program/lib_terminal.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib_terminal.sh"
export LC_ALL=C.UTF-8
for shell in zsh fish; do
	command -v "$shell" >/dev/null || skip "there is no $shell"
done

project main <<'END'
build:linux: {script: ["true"]}
"build:mac os": {script: ["true"]}
"部署": {script: ["true"]}
it: {script: ["true"], parallel: {matrix: [{OS: [a, b]}]}}
END
git branch feature/one
run 0 run build:linux
id=$("$cilocal" runs --names)
mkdir "$work/bin"
ln -s "$cilocal" "$work/bin/cilocal"
export PATH=$work/bin:$PATH
for shell in bash zsh fish; do
	run 0 completion "$shell"
	mkdir -p "$work/$shell"
	cp "$work/stdout" "$work/$shell/_cilocal"
done

# in_shell COMMAND...: a terminal with a shell that has read its completion and shows the prompt "$ ".
in_shell() {
	tmux kill-server 2>/dev/null || true
	# One that ends may still answer at its address.
	TMUX_TMPDIR=$(mktemp -d "$work/tmux.XXX")
	tmux -f /dev/null new-session -d -x 100 -y 30 -c "$PWD" "$@"
	shows '[$]'
}

# becomes KEYS LINE: with these typed on a clean line, and a tabulator, the line becomes that.
becomes() {
	keys C-u
	keys C-l
	keys -l "$1"
	keys Tab
	shows "^\\$ $2 *\$"
}

# offers KEYS WORD...: with these typed, and two tabulators, each of the words is on the screen.
offers() {
	local word
	keys C-u
	keys C-l
	keys -l "$1"
	keys Tab
	keys Tab
	for word in "${@:2}"; do
		shows "\\(^\\| \\)$word\\( \\|\$\\)"
	done
}

common() {
	becomes 'cilocal expl' 'cilocal explain'
	becomes 'cilocal run --time' 'cilocal run --time.*'
	offers 'cilocal run --event ' push merge_request_event schedule
	becomes 'cilocal list --event mer' 'cilocal list --event merge_request_event'
	becomes 'cilocal graph --format mer' 'cilocal graph --format mermaid'
	becomes 'cilocal runs --format tr' 'cilocal runs --format trace'
	becomes 'cilocal list --branch feat' 'cilocal list --branch feature/one'
	becomes "cilocal logs --run ${id:0:6}" "cilocal logs --run $id"
	becomes 'cilocal runs sh' 'cilocal runs show'
	becomes "cilocal runs show ${id:0:6}" "cilocal runs show $id"
	becomes 'cilocal run 部' 'cilocal run 部署'
	becomes 'cilocal help regi' 'cilocal help registry'
	becomes 'cilocal registry stat' 'cilocal registry status'
}

printf '%s\n' 'PS1="$ "' "bind 'set bell-style none'" ". '$work/bash/_cilocal'" >"$work/bashrc"
in_shell "bash --noprofile --rcfile $work/bashrc"
common
becomes 'cilocal run build:l' 'cilocal run build:linux'
becomes 'cilocal run build:m' 'cilocal run build:mac\\ os'
becomes 'cilocal run "it: [a' 'cilocal run "it: \[a\]"'
becomes "cilocal -C $PWD vars 部" "cilocal -C $PWD vars 部署"

mkdir -p "$work/zdot"
printf '%s\n' 'PS1="$ "' "fpath=($work/zsh \$fpath)" 'autoload -Uz compinit' 'compinit -u -D' \
	'unsetopt beep' 'bindkey -e' >"$work/zdot/.zshrc"
ZDOTDIR=$work/zdot in_shell zsh -d -i
common
becomes 'cilocal run build:l' 'cilocal run build:linux'
becomes 'cilocal run build:m' 'cilocal run build:mac\\ os'
becomes 'cilocal run it:\ \[a' 'cilocal run it:\\ \\\[a\\\]'
becomes "cilocal -C $PWD vars 部" "cilocal -C $PWD vars 部署"

mkdir -p "$XDG_CONFIG_HOME/fish/completions"
cp "$work/fish/_cilocal" "$XDG_CONFIG_HOME/fish/completions/cilocal.fish"
printf '%s\n' 'function fish_prompt; printf "\$ "; end' 'set -g fish_greeting' \
	'set -g fish_autosuggestion_enabled 0' >"$XDG_CONFIG_HOME/fish/config.fish"
in_shell fish --interactive
common
becomes 'cilocal run build:l' 'cilocal run build:linux'
becomes 'cilocal run build:m' 'cilocal run build:mac\\ os'
becomes 'cilocal run it:\ \[a' 'cilocal run it:\\ \\\[a\\\]'
becomes "cilocal -C $PWD vars 部" "cilocal -C $PWD vars 部署"
