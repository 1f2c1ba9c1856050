#!/usr/bin/env bash
# Scripts of the shell executor see what a login shell sees, although the profile is read once a run.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'YAML'
one:
  script:
    - echo "seen [$FROM_PROFILE] mask $(umask)"
    - if type greet >/dev/null 2>&1; then greet; else echo "no function"; fi
    - if shopt -q nullglob; then echo nullglob is set; fi
  after_script: ['echo "after [$FROM_PROFILE]"']
two:
  script: ['echo "seen [$FROM_PROFILE]"']
YAML

# What is exported, and the mask: one login shell for three scripts.
cat >"$HOME/.bash_profile" <<PROFILE
echo read >>"$work/count"
export FROM_PROFILE='a b
c'
umask 0027
PROFILE
run 0 run
has 'seen [a b'
has 'mask 0027'
has_line '^(one +\| )?no function'
has 'after [a b'
is "$(wc -l <"$work/count")" 1

# The logout file runs where a login shell's exit would run it, and can fail the job there.
echo 'echo "logged out"' >"$HOME/.bash_logout"
run 0 run two
has 'logged out'
echo 'false' >"$HOME/.bash_logout"
run 1 run two
rm "$HOME/.bash_logout"

# What the environment can't carry: each script has its login shell.
: >"$work/count"
cat >"$HOME/.bash_profile" <<PROFILE
echo read >>"$work/count"
greet() { echo "hello from a function"; }
shopt -s nullglob
PROFILE
run 0 run
has_line '^(one +\| )?hello from a function'
has_line '^(one +\| )?nullglob is set'
is "$(wc -l <"$work/count")" 4

# What a profile prints is in each log, as with the Runner.
echo 'echo "welcome to this host"' >"$HOME/.bash_profile"
run 0 run
is "$(grep -c 'welcome to this host' "$work/out")" 3

# ~/.profile serves where there is no ~/.bash_profile.
rm "$HOME/.bash_profile"
echo 'export FROM_PROFILE=dot-profile' >"$HOME/.profile"
run 0 run two
has 'seen [dot-profile]'

# One that ends the shell fails the job before anything of it runs, after_script too; what it said is in the log.
cat >"$HOME/.bash_profile" <<'PROFILE'
echo "no network here" >&2
exit 3
PROFILE
run 1 run one
has 'no network here'
has 'Job failed: prepare environment: exit status 3. Check https://docs.gitlab.com/runner/shells/#shell-profile-loading'
has_not 'Getting source'
has_not 'after ['

# One that ends it well looks like success, there as here: that nothing ran is said.
echo 'exit 0' >"$HOME/.bash_profile"
run 0 run two
has 'WARNING: none of the script ran: the login shell ended before it, in one of its profiles'
has_not 'seen ['

# One that hangs is waited for, and named; what stops the job stops the waiting, and no script is run by it.
echo 'sleep 3600' >"$HOME/.bash_profile"
start run one
printed 'the login shell does not come up: one of its profiles'
kill -INT "$pid"
ends 130
has 'canceled'
has_not 'after ['
run 1 run --timeout 1s one
has 'execution took longer than 1s'
rm "$HOME/.bash_profile"
run 0 run two
has_not 'none of the script ran'

# The same of sh, which `shell = "sh"` asks for.
printf '[[runners]]\nshell = "sh"\n' >.cilocal.toml
echo 'echo "from dot profile"; exit 4' >"$HOME/.profile"
run 1 run one
has 'from dot profile'
has 'Job failed: prepare environment: exit status 4. Check'
has_not 'after ['
echo 'sleep 3600' >"$HOME/.profile"
start run one
printed 'the login shell does not come up: one of its profiles'
kill -INT "$pid"
ends 130
has_not 'after ['
rm "$HOME/.profile"
run 0 run two
has 'seen []'
