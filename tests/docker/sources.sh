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

# A second attempt at the sources, however the first one brought them: what is left of it goes, all is there again.
project main <<'YAML'
job:
  image: busybox
  variables: {GET_SOURCES_ATTEMPTS: 2}
  script: [ls -A | xargs echo has, cat kept, ls dir | wc -l | xargs echo files]
YAML
cat >.cilocal.toml <<'END'
[[runners]]
  executor = "docker"
  post_get_sources_script = "test -e ../first || { echo >../first; echo bad >kept; rm -r dir; mkdir -p left; false; }"
  [runners.docker]
    volumes = ["/cache"]
END
printf '.cilocal*\n' >.git/info/exclude
echo kept >kept; mkdir dir
for n in 3 600; do
	for ((i = 0; i < n; i++)); do echo "$i" >"dir/f$i"; done
	git add -A
	run 0 run -v
	((n < 400)) || ! grep -q 'the sources are uploaded' "$work/out" || skip "this engine mounts no sources"
	((n < 400)) || has 'the sources are mounted, not copied'
	has 'Deleting tracked and untracked files...'
	has_line 'has .git .gitlab-ci.yml dir kept$'
	has_line '^kept$'
	has_line "^files $n$"
	nothing_left
done
# What the configuration mounts there is not the job's to delete.
mkdir "$work/mounted" && echo mine >"$work/mounted/f"
sed -i "s|\"/cache\"|\"$work/mounted:/builds/group/project/in\"|" .cilocal.toml
run 0 run
has 'The runner configuration mounts something in the project directory: nothing is deleted'
is "$(<"$work/mounted/f")" mine
