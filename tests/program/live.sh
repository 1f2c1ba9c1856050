#!/usr/bin/env bash
# What is seen on a real terminal while several jobs run: the block below the logs, which shows what runs and
# what is waited for, and which leaves nothing behind.
# shellcheck source=tests/program/lib_terminal.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib_terminal.sh"

project main <<'EOF'
stages: [one, two]
slow:
  stage: one
  script: ["for i in $(seq 200); do printf '\\rcopied %d%%' $i; sleep 0.1; done"]
quick:
  stage: one
  script: ["printf 'first\nsecond\n'", sleep 0.5]
held:
  stage: one
  resource_group: floor
  script: [sleep 30]
holds:
  stage: one
  resource_group: floor
  script: [sleep 30]
later:
  stage: two
  script: ["true"]
EOF

terminal 80 24
keys "$cilocal run -j 4" Enter
shows '2 running, 2 waiting, 1 done'
shows 'slow .* copied [0-9]*%'
shows "holds .* waits for resource group 'floor', held by held"
shows_not '^later'

# Lines are cut, rows too; nothing of what was there before stays.
terminal_size 50 6
shows 'and [123] more'
terminal_size 80 24
shows 'held by held'

# Who stops it gets a clean terminal, who goes on gets the block back.
keys C-z
shows Stopped
is "$(screen | grep -c running,)" 0
keys fg Enter
shows '2 running, 2 waiting, 1 done'

keys C-c
shows 'held  *one  *canceled'
shows '^[$]$'
screen >"$work/out"
has 'quick | second'
has_not 'copied 1%'
has_not ' running'
has_not 'waits for'
is "$(grep -c 'quick | first' "$work/out")" 1
is "$(grep -c 'slow  | copied' "$work/out")" 1

# Not for a terminal that can't, not where it is not wanted, not in a file.
for how in "TERM=dumb $cilocal run -j 4" "$cilocal run -j 4 --no-live" "$cilocal -q run -j 4" "$cilocal run -j 4 | cat"; do
	keys "clear; $how" Enter
	sleep 1.5
	shows_not ' running, '
	keys C-c
	shows '[$]$'
done
