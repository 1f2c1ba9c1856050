#!/usr/bin/env bash
# Files of Git LFS: jobs get the content that the work tree or the clone has, never a pointer in its place.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
git lfs version >/dev/null 2>&1 || {
	echo "skipped: git-lfs is not installed" >&2
	exit 77
}

project <<'YAML'
look:
  script:
    - wc -c <big.bin | xargs echo size
    - head -c 7 <big.bin | xargs echo begins
    - git show HEAD:big.bin | head -n 1
    - ./tool.bin
    - git status --short | wc -l | xargs echo changes
YAML
git lfs install --local --skip-smudge >/dev/null
git lfs track '*.bin' >/dev/null
{ printf 'content'; head -c 100000 /dev/zero; } >big.bin
printf '#!/bin/sh\necho the tool runs\n' >tool.bin && chmod +x tool.bin
touch -d '1 hour ago' ./*.bin # else git cannot tell by the times that they are unchanged
git add -A && git commit -q -m "With LFS"
[[ $(git show HEAD:big.bin | head -n 1) == 'version https://git-lfs.'* ]] || fail "the test has no pointer"

run 0 run look
has 'size 100007'
has 'begins content'
has 'version https://git-lfs.'
has 'the tool runs'
has 'changes 0'

# Exactly HEAD, whatever the work tree has; then with an object that is nowhere.
echo other >big.bin
run 0 run --committed look
has 'size 100007'
has 'the tool runs'
rm -r .git/lfs
run 1 run --committed look
has 'begins version'
