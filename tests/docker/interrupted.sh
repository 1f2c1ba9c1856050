#!/usr/bin/env bash
# Interrupted at any moment, a run ends with the signal's code and leaves nothing. CILOCAL_TEST_COUNT: how often
# (a dozen by default).
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
job:
  image: busybox
  services:
    - name: busybox
      alias: beside
      command: ["sleep", "100"]
  script: ["echo started", "sleep 3", "echo ended"]
  after_script: ["sleep 1"]
END
remember
count=${CILOCAL_TEST_COUNT:-12}
RANDOM=${CILOCAL_TEST_SEED:-$$}

for ((n = 0; n < count; n++)); do
	# From the first instruction to a moment inside the script.
	after=$(awk -v r="$RANDOM" 'BEGIN { printf "%.3f", r / 32767 * r / 32767 * 3 }')
	if ((n % 2)); then signal=INT code=130; else signal=TERM code=143; fi
	start run job
	sleep "$after"
	kill -"$signal" "$pid"
	# Before its handlers are there, the signal itself ends the program: the shell shows the same code.
	ends "$code" within 30
	nothing_left
done

# Also twice in a row, as people do.
start run job
printed started
kill -INT "$pid"
sleep 0.2
kill -INT "$pid" 2>/dev/null || :
ends 130 within 30
nothing_left
