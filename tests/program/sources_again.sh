#!/usr/bin/env bash
# A later job of a run gets the tree of an earlier one, put right: it cannot tell it from a new one.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'YAML'
mess:
  script:
    - stat -c 'inode %i' kept
    - printf x | dd of=same bs=1 conv=notrunc 2>/dev/null
    - touch -r kept same
    - rm gone && rm -r away && mv from to && ln -f linked other && echo more >>linked
    - rm -r folder && echo file >folder && rm file && mkdir -p file/deep && ln -sfn /etc link
    - chmod 500 shut && chmod 600 mode && mkdir -p new/deep && echo x >new/deep/file && echo y >ignored
    - rm -r swapped && ln -s "$CI_PROJECT_DIR/from2" swapped && git config x.y z && git tag made && echo o >.git/hook
    - git -c user.name=X -c user.email=x@example.com commit -q --allow-empty -m made
    - touch ../beside ../../above && chmod 700 .. && echo x >"$CI_PROJECT_DIR.tmp/left"
look:
  needs: [mess]
  script:
    - ls -A .. ../.. "$CI_PROJECT_DIR.tmp" | sed -nE '/beside|above|left/p' | wc -l | xargs echo strangers
    - stat -c 'folder of mode %a' .. "$CI_PROJECT_DIR.tmp" | uniq | grep -v 700
    - echo x >"$CI_PROJECT_DIR.tmp/left" && stat -c 'house %i' ..
    - stat -c 'inode %i' kept
    - git status --porcelain --ignored | wc -l | xargs echo changes
    - git log --oneline | wc -l | xargs echo commits
    - git tag | wc -l | xargs echo tags
    - git config x.y || echo no setting
    - find . -path ./.git -prune -o -printf '%y %m %p %l\n' | sort | md5sum
    - find .git -name hook | wc -l | xargs echo hooks
    - cat same gone away/a from/f linked folder/f file swapped/s from2/s | md5sum
look again:
  needs: [look]
  script:
    - ls -A .. ../.. "$CI_PROJECT_DIR.tmp" | sed -nE '/beside|above|left/p' | wc -l | xargs echo strangers
    - stat -c 'house %i' ..
    - stat -c 'inode %i' kept
alone:
  script:
    - find . -path ./.git -prune -o -printf '%y %m %p %l\n' | sort | md5sum
    - cat same gone away/a from/f linked folder/f file swapped/s from2/s | md5sum
YAML
for dir in away from folder shut swapped from2; do mkdir "$dir"; done
for file in kept same gone away/a from/f linked folder/f file shut/x mode swapped/s from2/s; do echo "in $file" >"$file"; done
ln -s kept link && echo ignored >.gitignore
git add -A && git commit -q -m "Files"
git ls-files -z | xargs -0 touch -h -d '1 hour ago' # times of just now would prove nothing
git update-index -q --refresh
touch -d '1 hour ago' .git/index

run 0 run -j 1 mess look 'look again'
is "$(grep -oE 'inode [0-9]+' "$work/out" | sort -u | wc -l)" 1 # the tree is the same one
is "$(grep -oE 'house [0-9]+' "$work/out" | sort -u | wc -l)" 1 # and where nobody left a thing, so are the folders above
is "$(grep -c "strangers 0" "$work/out")" 2
is "$(grep -cE "folder of mode [0-9]" "$work/out")" 1
has 'changes 0'
has 'commits 2'
has 'tags 0'
has 'no setting'
has 'hooks 0'
sums=$(grep -oE '[0-9a-f]{32}  -' "$work/out")
run 0 run alone
is "$(grep -oE '[0-9a-f]{32}  -' "$work/out")" "$sums"
is "$(find .cilocal/runs \( -name builds -o -name 'trees-*' \) | wc -l)" 0
git status --porcelain | cmp -s - /dev/null || fail "the work tree changed"
