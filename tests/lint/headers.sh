#!/usr/bin/env bash
# Every header compiles alone after base.h, with the flags of its room's library users.
set -euo pipefail
cd "$(dirname "$0")/../.."
cflags=$(pkg-config --cflags libuv libcurl jansson yaml-0.1 libarchive libpcre2-8 libcrypto)
bad=0
while IFS= read -r header; do
	[[ $header == src/base/banned.h ]] && continue
	include=${header#src/}
	if ! printf '#include "base/base.h"\n#include "%s"\n#include "%s"\n' "$include" "$include" |
		${CC:-cc} -std=gnu11 -D_GNU_SOURCE -fsyntax-only -Wall -Werror -Isrc -I. $cflags -x c -; then
		echo "$header: does not compile alone" >&2
		bad=1
	fi
done < <(git ls-files 'src/**/*.h' 'emulator/**/*.h')
exit $bad
