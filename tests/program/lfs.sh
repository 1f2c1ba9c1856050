#!/usr/bin/env bash
# Files of Git LFS: jobs get the content that the work tree or the clone has, never a pointer in its place.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
git lfs version >/dev/null 2>&1 || skip "git-lfs is not installed"

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
# A work tree that holds the pointers, as a clone with GIT_LFS_SKIP_SMUDGE does: jobs have the content that the
# clone has, as after the Runner's `git lfs pull`; what it has not, is told.
for file in big.bin tool.bin; do git show "HEAD:$file" >"$file"; done
touch -d '1 hour ago' ./*.bin
git add -A
[[ -z $(git status --porcelain) ]] || fail "the test's work tree has changes"
run 0 run look
has 'size 100007'
has 'begins content'
has 'the tool runs'
has_not 'Git LFS:'
[[ $(head -n 1 big.bin) == 'version https://git-lfs.'* ]] || fail "the work tree was written to"
rm -r .git/lfs
run 1 run --committed look
has 'begins version'
run 1 run look
has 'begins version'
has "WARNING: Git LFS: the content of 2 files is not in this clone, so the job has the pointers (big.bin ...); \`git lfs pull\` gets"
