#!/usr/bin/env bash
# Gates: a file has at most 800 lines, a function at most 150 (60 is where one looks again).
set -euo pipefail
cd "$(dirname "$0")/../.."
bad=0
while IFS= read -r file; do
	lines=$(wc -l <"$file")
	if ((lines > 800)); then
		echo "$file: $lines lines (at most 800)" >&2
		bad=1
	fi
	awk -v file="$file" '
		/^\{/ { start = NR }
		/^\}/ { if (start && NR - start > 150) { printf "%s:%d: function of %d lines (at most 150)\n", file, start, NR - start; bad = 1 } start = 0 }
		END { exit bad }' "$file" >&2 || bad=1
done < <(git ls-files '*.c' '*.h' '*.cpp')
exit $bad
