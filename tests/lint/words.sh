#!/usr/bin/env bash
# Nothing unfinished and nothing of one machine in the tree; every room has a README; scripts parse.
set -euo pipefail
cd "$(dirname "$0")/../.."
bad=0
if git grep -nE '\b(TODO|FIXME|XXX)\b|not implemented' -- src emulator samples; then
	echo "unfinished work is named in the code" >&2
	bad=1
fi
for room in src/* emulator/*; do
	[[ -d $room ]] || continue
	[[ -f $room/README.md ]] || { echo "$room: no README.md" >&2; bad=1; }
done
while IFS= read -r script; do
	bash -n "$script" || bad=1
	[[ -x $script || $script == */lib*.sh ]] || { echo "$script: no run bit" >&2; bad=1; }
done < <(git ls-files '*.sh' tests/run samples/run .ci/run)
exit $bad
