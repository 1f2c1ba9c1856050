#!/usr/bin/env bash
# Killed outright, a run leaves containers behind; the next one finds and removes them, also what appears late and
# volumes whose labels the engine has lost, and leaves alone what belongs to a run that is alive.
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
dies
[[ $(everything | sort | comm -13 "$work/before" - | grep -c '^container') -ge 2 ]] || fail "there is nothing to clean: the test is wrong"
run 0 run short
nothing_left

# What the dead run had asked for may be made only when the next one has looked already; and a volume that is made
# while the engine ends comes back without its labels.
killed() {
	start run long
	printed started
	dies
	set -- .cilocal/runs/*
	id=${*: -1}
	id=${id##*/}
	jq -n --arg name "cilocal-$id-9-late-builds" --arg run "$id" --arg lock "$PWD/.cilocal/runs/$id/lock" \
		--arg host "$(hostname)" '{Name: $name, Labels: ($ARGS.named | with_entries(.key |= "cilocal." + .) +
		{"cilocal.managed": "true"})}' >"$work/volume"
}
volume() { # volume FILTER: is made by the engine now
	jq "$1" "$work/volume" | api POST /volumes/create -f -o /dev/null -H 'Content-Type: application/json' -d @-
}
killed
(
	sleep 1
	volume .
) &
late=$!
run 0 run short
wait "$late" || fail "the late volume could not be made: the test is wrong"
nothing_left

killed
volume 'del(.Labels)'
run 0 run short
nothing_left
killed
volume 'del(.Labels)'
run 0 clean
nothing_left
# Of a run that nobody here knows: whose it is cannot be told.
volume '{Name: "cilocal-20200101-000000-abcd-9-late-builds"}'
at_end "api DELETE /volumes/cilocal-20200101-000000-abcd-9-late-builds -o /dev/null"
run 0 run short
api GET /volumes/cilocal-20200101-000000-abcd-9-late-builds -f -o /dev/null || fail "a volume of nobody was removed"
# `clean` goes by its age.
run 0 clean --engine
has_line 'volume +cilocal-20200101-000000-abcd-9-late-builds'
nothing_left

start run long
printed started
"$cilocal" run short >"$work/second" 2>&1 </dev/null || fail "a second run beside the first"
kill -0 "$pid" || fail "the second run ended the first"
[[ $(everything | sort | comm -13 "$work/before" - | grep -c '^container') -ge 2 ]] || fail "the second run took the containers of the first"
kill -TERM "$pid"
ends 143 within 30
nothing_left
