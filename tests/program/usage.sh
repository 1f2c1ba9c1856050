#!/usr/bin/env bash
# Wrong use, of each command: exit code 2, what is wrong, the nearest thing that there is, one line of usage.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
compile: {script: ["true"]}
END
run 0 run compile

# wrong MESSAGE ARGUMENT...: an error of use that says so, with the usage of the command.
wrong() {
	local message=$1
	shift
	run 2 "$@"
	is "$(head -n 1 "$work/stderr")" "cilocal: error: $message"
	is "$(cat "$work/stdout")" ""
}

# As the help lists them.
commands=$("$cilocal" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
(($(wc -w <<<"$commands") > 15)) || fail "these are not the commands: $commands"
for command in $commands; do
	wrong "unknown option '--qiet' for '$command'; did you mean '--quiet'?" "$command" --qiet
	has "Usage: cilocal $command [OPTIONS]"
	has "See 'cilocal help $command'."
	wrong "'never?' is no value of '--color'; did you mean 'never'? (one of auto, always, never)" \
		"$command" '--color=never?'
	wrong "option '--file' wants an argument (FILE)" "$command" -f
	run 0 help "$command"
	has "Usage: cilocal $command [OPTIONS]"
	run 0 "$command" --help
	has "Usage: cilocal $command [OPTIONS]"
	run 0 help --man "$command"
	has ".SH SYNOPSIS"
done

wrong "unknown command 'rnu'; did you mean 'run'?" rnu
has "Usage: cilocal [OPTIONS] COMMAND [ARGUMENTS]"
# A job in place of a command.
wrong "unknown command 'compile'; a job is run by 'cilocal run JOB'" compile
wrong "unknown command 'lnit'; did you mean 'lint'?" help lnit
wrong "unknown option '--tail' for 'list'; 'logs' takes it" list --tail 3
wrong "unknown option '-json'; did you mean '--json'?" run -json
wrong "option '--json' takes no argument" list --json=yes
wrong "'--jobs' wants a whole number, not 'many'" run -j many
wrong "'--var' wants NAME=VALUE, not 'X'" run --var X
wrong "'list' takes no argument ('compile')" list compile
wrong "'vars' wants JOB" vars
wrong "'vars' takes no further argument ('two')" vars one two
wrong "'registry' has no 'strat'; did you mean 'start'?" registry strat
for command in run shell; do
	wrong "there is no job 'compiel' in the pipeline; did you mean 'compile'?" "$command" compiel
done
for command in explain vars expand images; do
	wrong "there is no job 'compiel'; did you mean 'compile'?" "$command" compiel
done
id=$("$cilocal" runs --names)
for command in logs artifacts; do
	wrong "run $id has no job 'compiel'; did you mean 'compile'?" "$command" compiel
done
wrong "there is no stage 'tset' in the pipeline; did you mean 'test'?" run --stage tset
wrong "cannot read configuration 'nowhere': No such file or directory" doctor --config nowhere

# Each page is named by the first, and the pages have what the shells complete.
run 0 help --man
for command in $commands; do
	has "cilocal\\-$command (1)"
done
