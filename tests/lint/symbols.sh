#!/usr/bin/env bash
# symbols.sh BUILD_DIR: no two rooms define the same global name. Static libraries would not complain:
# the linker silently takes whichever comes first.
set -euo pipefail
found=$(find "$1" -name 'libroom_*.a' -print0 |
	while IFS= read -r -d '' lib; do
		nm --defined-only "$lib" 2>/dev/null | awk -v lib="${lib##*/}" '$2 ~ /^[TDBRC]$/ { print $3, lib }'
	done | sort -u | awk '$1 == name { print $1 ": " lib " and " $2 } { name = $1; lib = $2 }')
[[ -z $found ]] || { printf 'global names that two rooms define:\n%s\n' "$found" >&2; exit 1; }
