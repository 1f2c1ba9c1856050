#!/usr/bin/env bash
# A pipeline of ten jobs with services, struck at a random moment by SIGINT, SIGTERM, SIGKILL or a restart of
# the engine: it ends within 15 seconds, and after the next start nothing of it is left.
# CILOCAL_TEST_COUNT: how often (12 by default); CILOCAL_TEST_RESTARTS: every which one is a restart (12);
# CILOCAL_TEST_SPAN: within so many seconds of the start (3); CILOCAL_TEST_SEED: for the same moments again.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# An engine of its own, since it is restarted.
own_engine
export DOCKER_HOST=$engine_host

{
	cat <<'YAML'
stages: [build, test, last]
default:
  image: busybox
  services: [{name: busybox, alias: beside, command: ["sleep", "100"]}]
short: {stage: .pre, script: ["echo short"], services: []}
YAML
	for n in 1 2 3 4; do
		printf 'build%d: {stage: build, script: ["echo started", "sleep 1"], artifacts: {paths: [out]}}\n' "$n"
		printf 'test%d: {stage: test, script: ["sleep 1"], needs: [build%d], after_script: ["sleep 1"]}\n' "$n" "$n"
	done
	printf 'last%d: {stage: last, script: ["sleep 1"]}\n' 1 2
} >"$work/yml"
project main <"$work/yml"
remember
# A run that ended in an orderly way leaves nothing at once; the others, nothing after the next start.
count=${CILOCAL_TEST_COUNT:-12}
restarts=${CILOCAL_TEST_RESTARTS:-12}
RANDOM=${CILOCAL_TEST_SEED:-$$}
names=(SIGINT SIGTERM SIGKILL restart)
struck=(0 0 0 0)
slowest=(0 0 0 0)
early=0
for ((n = 0; n < count; n++)); do
	kind=$((n % 3))
	(((n + 1) % restarts)) || kind=3
	after=$(awk -v r="$RANDOM" -v span="${CILOCAL_TEST_SPAN:-3}" 'BEGIN { printf "%.3f", r / 32767 * span }')
	start run -j 4
	sleep "$after"
	struck[kind]=$((struck[kind] + 1))
	began=$EPOCHREALTIME
	case $kind in
	0) kill -INT "$pid" 2>/dev/null && codes=(130) ;;
	1) kill -TERM "$pid" 2>/dev/null && codes=(143) ;;
	2) kill -KILL "$pid" 2>/dev/null && codes=(137) ;;
	3)
		"$root/tests/engine/engine" restart "$engine" >/dev/null || fail "the engine did not come back"
		codes=(0 1 4)
		# From when it is back: it has its own ten seconds for containers that do not end.
		began=$EPOCHREALTIME
		;;
	esac || {
		codes=(0)
		early=$((early + 1))
	}
	ends "${codes[@]}" within 15
	took=$(((${EPOCHREALTIME/./} - ${began/./}) / 1000))
	((took <= slowest[kind])) || slowest[kind]=$took
	if ((kind >= 2)); then
		cp "$work/out" "$work/struck"
		run 0 run short
	fi
	nothing_left
done
printf '%d interruptions, %d after the end\n' "$count" "$early"
for kind in 0 1 2 3; do
	printf '%-8s %3d, the slowest end after %d ms\n' "${names[kind]}" "${struck[kind]}" "${slowest[kind]}"
done
