#!/usr/bin/env bash
# What stays of a run: its record, its logs; old ones go; clean removes them.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
good: {script: ["echo it is good"]}
bad: {script: ["echo it is bad", "exit 5"]}
END
run 1 run
run 0 runs
has "failed"
run 0 logs bad
has "it is bad"
has_not "it is good"
is "$(git status --porcelain)" ""
for ((i = 0; i < 22; i++)); do
	"$cilocal" run good >/dev/null 2>&1
done
(($(ls .cilocal/runs | wc -l) <= 21)) || fail "old runs are kept for ever"
run 0 clean --runs
is "$(ls .cilocal/runs | wc -l)" 0
