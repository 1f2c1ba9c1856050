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

# Scripts before the sources run in the job's container; depth and checkout are the job's own.
project main <<'YAML'
hook:
  image: debian:bookworm
  hooks: {pre_get_sources_script: ['ls | wc -l | xargs echo files', 'echo kept >from-hook']}
  variables: {GIT_DEPTH: "1"}
  script: [cat from-hook tracked, git log --oneline | wc -l | xargs echo commits]
bare:
  image: debian:bookworm
  variables: {GIT_CHECKOUT: "false"}
  script: [test ! -e tracked, git show HEAD:tracked]
YAML
echo one >tracked
git add -A && git commit -q -m "Files"
echo two >tracked
run 0 run hook
has 'files 0'
has 'kept'
has 'two'
has 'commits 1'
run 0 run --committed hook
has 'kept'
has_line '^one$'
run 0 run bare
has 'Skipping Git checkout'
nothing_left
