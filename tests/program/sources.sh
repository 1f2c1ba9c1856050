#!/usr/bin/env bash
# What a job gets of the sources: strategies, hooks, depth, submodules, exactly HEAD, and the note about files
# that git does not track.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=protocol.file.allow GIT_CONFIG_VALUE_0=always

# A submodule that holds another one.
for repo in inner outer; do
	git init -q -b main "$work/$repo"
	git -C "$work/$repo" config user.name Test
	git -C "$work/$repo" config user.email test@example.com
	echo "$repo" >"$work/$repo/file"
	[[ $repo == inner ]] || git -C "$work/$repo" submodule add -q "$work/inner" deep
	git -C "$work/$repo" add -A
	git -C "$work/$repo" commit -q -m "$repo"
done

project <<'YAML'
hook:
  hooks: {pre_get_sources_script: ['ls | wc -l | xargs echo files', 'echo "hook for $CI_JOB_NAME"', 'echo kept >from-hook']}
  script: [cat from-hook tracked]
bad-hook:
  hooks: {pre_get_sources_script: ['exit 7']}
  script: [echo never]
depth:
  variables: {GIT_DEPTH: "2"}
  script: [git log --oneline | wc -l | xargs echo commits]
whole:
  variables: {GIT_DEPTH: "0"}
  script: [git log --oneline | wc -l | xargs echo commits]
no-checkout:
  variables: {GIT_CHECKOUT: "false"}
  script: [test ! -e tracked, git show HEAD:tracked]
strange:
  variables: {GIT_STRATEGY: pull}
  script: [cat tracked]
without:
  script: [ls -A sub | wc -l | xargs echo entries]
normal:
  variables: {GIT_SUBMODULE_STRATEGY: normal}
  script: [cat sub/file, git -C sub log --format=%s, ls -A sub/deep | wc -l | xargs echo entries, git status --short]
recursive:
  variables: {GIT_SUBMODULE_STRATEGY: recursive}
  script: [cat sub/deep/file, git -C sub/deep log --format=%s]
paths:
  variables: {GIT_SUBMODULE_STRATEGY: normal, GIT_SUBMODULE_PATHS: ":(exclude)sub"}
  script: [ls -A sub | wc -l | xargs echo entries]
unknown:
  variables: {GIT_SUBMODULE_STRATEGY: some}
  script: [echo never]
YAML
echo one >tracked
git submodule add -q "$work/outer" sub
git submodule -q update --init --recursive
git add -A
git commit -q -m "Second"
git commit -q --allow-empty -m "Third"

run 0 run hook
has 'files 0'
has 'hook for hook'
has kept
has_line '^one$'
run 1 run bad-hook
has 'Job failed: exit status 7'
has_not 'never'
run 0 run depth
has 'History cut to git depth 2...'
has 'commits 2'
run 0 run whole
has 'commits 3'
run 0 run no-checkout
has 'Skipping Git checkout'
run 0 run strange
has "GIT_STRATEGY: expected either 'clone', 'fetch', 'none' or 'empty' got \"pull\", using default value 'fetch'"

run 0 run without
has 'entries 0'
has 'Skipping Git submodules setup'
echo changed >sub/file
run 0 run normal
has 'Updating/initializing submodules...'
has changed
has outer
has 'entries 0'
run 0 run recursive
has 'Updating/initializing submodules recursively...'
has inner
run 0 run paths
has 'entries 0'
run 1 run unknown
has 'unknown GIT_SUBMODULE_STRATEGY'

# Exactly HEAD, for submodules too; nothing of it stays.
echo two >tracked
run 0 run --committed hook
has 'Taking the commit, without'
run 0 run --committed hook recursive normal
has '| one'
has '| outer'
has_no_line '(^|\| )changed$'
has_no_line '(^|\| )two$'
is "$(find .cilocal/runs -name committed | wc -l)" 0
run 0 run hook
has two

# What is not checked out is said.
git submodule -q deinit -f sub
run 1 run normal
has "submodule 'sub' is not checked out here"

# One note a run, with three names.
touch a b c d
run 0 run hook whole
is "$(grep -c 'git does not track them: a, b, c and 1 more (`git add` takes them in)' "$work/out")" 1
