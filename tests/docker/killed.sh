#!/usr/bin/env bash
# Killed outright, a run leaves containers behind; the next one finds and removes them, and leaves alone what
# belongs to a run that is alive.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
long:
  image: busybox
  services: [{name: busybox, alias: beside, command: ["sleep", "100"]}]
  script: ["echo started", "sleep 100"]
short: {image: busybox, script: ["echo short"]}
END
remember

start run long
printed started
kill -KILL "$pid"
wait "$pid" 2>/dev/null || :
[[ $(everything | sort | comm -13 "$work/before" - | grep -c '^container') -ge 2 ]] || fail "there is nothing to clean: the test is wrong"
run 0 run short
nothing_left

start run long
printed started
cp "$work/out" "$work/first"
first=$pid
"$cilocal" run short >"$work/out" 2>&1 </dev/null || fail "a second run beside the first"
kill -0 "$first" || fail "the second run ended the first"
[[ $(everything | sort | comm -13 "$work/before" - | grep -c '^container') -ge 2 ]] || fail "the second run took the containers of the first"
pid=$first
kill -TERM "$pid"
ends 143 within 30
nothing_left
