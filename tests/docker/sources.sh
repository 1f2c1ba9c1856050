#!/usr/bin/env bash
# A job sees what git tracks, uncommitted changes included, and nothing else; what it writes stays in it.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
look:
  image: debian:bookworm
  script:
    - echo "dir $CI_PROJECT_DIR $PWD"
    - cat tracked new
    - test ! -e ignored && test ! -e untracked && echo "nothing else is here"
    - git log --oneline | cat
    - git status --short | cat
    - rm tracked && echo changed >new && mkdir more
again:
  image: busybox
  script: ["cat tracked new", "test ! -e more"]
END
echo one >tracked
echo ignored >.gitignore
git add -A && git commit -q -m "Files"
echo two >>tracked
echo three >new && git add new
echo four >untracked
echo x >ignored
git status --porcelain >"$work/status"
remember

run 0 run look
has 'dir /builds/group/project /builds/group/project'
has 'two'
has 'three'
has 'nothing else is here'
has 'A commit'
run 0 run again
has 'two'
nothing_left
git status --porcelain | cmp -s - "$work/status" || fail "the work tree changed: $(git status --porcelain)"
