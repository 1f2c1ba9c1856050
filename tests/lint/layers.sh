#!/usr/bin/env bash
# Includes may only point to the room itself or to rooms below it (DESIGN: layers, one direction), and
# only some rooms may see a library. On Debian every header sits in the default include path, so the
# link line alone would not stop a stray include.
set -euo pipefail
cd "$(dirname "$0")/../.."

# room: rooms it may include besides itself
declare -A may=(
	[base]=""
	[source]="base"
	[yaml]="base source"
	[vars]="base source yaml"
	[expr]="base"
	[config]="base source yaml vars expr"
	[pipeline]="base source yaml vars expr config"
	[core]="base"
	[docker]="base core"
	[git]="base core vars"
	[store]="base core"
	[log]="base"
	[runner]="base source yaml vars expr config pipeline core docker git store log"
	[gitlab]="base source yaml vars expr config pipeline core docker git store log runner"
	[cli]="base source yaml vars expr config pipeline core docker git store log runner gitlab"
)
# library header pattern: rooms that may include it
declare -A lib=(
	['uv\.h']="core docker git store runner gitlab cli"
	['curl/']="core"
	['jansson\.h']="docker store gitlab cli runner"
	['yaml\.h']="yaml"
	['archive(_entry)?\.h']="store"
	['pcre2\.h']="expr"
	['toml\+\+/']="cli"
	['openssl/']="vars config docker gitlab core pipeline git store"
	['(sys/socket|netdb|arpa/inet)\.h']="core docker runner gitlab cli git"
)
bad=0
complain() {
	printf '%s\n' "$1" >&2
	bad=1
}
while IFS= read -r file; do
	room=$(basename "$(dirname "$file")")
	[[ -v may[$room] ]] || { complain "$file: room '$room' is not in the table of tests/lint/layers.sh"; continue; }
	while IFS=: read -r line text; do
		target=$(sed -E 's/.*["<]([^">]+)[">].*/\1/' <<<"$text")
		if [[ $text == *'"'* ]]; then
			target=${target#emulator/}
			other=${target%%/*}
			[[ $target == */* ]] || { complain "$file:$line: include \"$target\" without its room"; continue; }
			if [[ $other != "$room" && " ${may[$room]} " != *" $other "* ]]; then
				complain "$file:$line: room '$room' may not include '$target'"
			fi
		else
			for pattern in "${!lib[@]}"; do
				if [[ $target =~ ^${pattern} && " ${lib[$pattern]} " != *" $room "* ]]; then
					complain "$file:$line: room '$room' may not include <$target>"
				fi
			done
		fi
	done < <(grep -nE '^[[:space:]]*#[[:space:]]*include' "$file" || true)
	if [[ $file == *.c ]] && ! grep -m1 -E '^#include' "$file" | grep -q '"base/base.h"'; then
		complain "$file: the first include is not \"base/base.h\""
	fi
done < <(git ls-files 'src/**/*.[ch]' 'emulator/**/*.[ch]')
exit $bad
