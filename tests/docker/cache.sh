#!/usr/bin/env bash
# Caches: keys, fallbacks, policies, when, order with artifacts, only what changed is written again.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'E'
job:
  image: busybox
  script: ["cat vendor/lib || echo miss", "mkdir -p vendor", "test -e vendor/lib || echo hit >vendor/lib"]
  cache: {key: deps, paths: [vendor/]}
E
remember
run 0 run job
has 'Checking cache for deps-protected...'
has 'Cache file does not exist'
has 'Failed to extract cache'
has 'miss'
has 'Creating cache deps-protected...'
has 'vendor/: found 2 matching artifact files and directories'
has 'Created cache'
[[ -s .cilocal/cache/deps-protected/cache.tar ]] || fail "there is no archive"
sleep 1.1
run 0 run job
has 'Successfully extracted cache'
has 'hit'
# Files of the second in which the archive was written may be newer: not so now.
run 0 run job
has 'Archive is up to date!'
nothing_left
[[ -z $(git status --porcelain) ]] || fail "the work tree was written to"

# A branch that is not protected has caches of its own, but for those that say unprotect.
git checkout -q -b topic
run 0 run job
has 'Checking cache for deps-non_protected...'
has 'miss'
sed -i 's/key: deps,/key: {files_commits: [.gitlab-ci.yml], prefix: lib}, unprotect: true, fallback_keys: [deps],/' .gitlab-ci.yml
git commit -qam 'Another key'
run 0 run job
has 'Checking cache for lib-'
has 'Checking cache for deps-non_protected...'
has 'hit'
git checkout -q -B main
run 0 run job
has_not 'Checking cache for deps-'
has 'hit'

project main <<'E'
stages: [a, b, c]
fill: {stage: a, image: busybox, script: ["echo old >f"], cache: {key: old, paths: [f]}, artifacts: {paths: [g]}}
both:
  stage: b
  image: busybox
  script: ["cat f", "echo new >f", "echo two >t"]
  cache:
    - {key: "new-$CI_JOB_NAME", fallback_keys: [none, old], paths: [f]}
    - {key: second, policy: push, paths: [t]}
pull: {stage: c, image: busybox, script: ["cat f t", "echo no >f"], cache: [{key: new-both, policy: pull, paths: [f]}, {key: second, policy: $P, paths: [t]}], variables: {P: pull}}
failing: {stage: c, image: busybox, allow_failure: true, script: ["echo x >x", "exit 1"], cache: [{key: f1, paths: [x]}, {key: f2, when: on_failure, paths: [x]}, {key: f3, when: always, paths: [x]}]}
E
run 0 run
has 'Checking cache for new-both-protected...'
has 'Checking cache for none-protected...'
has 'Not downloading cache second-protected due to policy'
has 'Not uploading cache second-protected due to policy'
has 'Saving cache for failed job'
[[ $(tar xOf .cilocal/cache/new-both-protected/cache.tar f) == new ]] || fail "pull wrote"
[[ $(tar xOf .cilocal/cache/old-protected/cache.tar f) == old ]] || fail "a fallback key was written"
[[ ! -e .cilocal/cache/f1-protected && -e .cilocal/cache/f2-protected && -e .cilocal/cache/f3-protected ]] ||
	fail "when of caches"
nothing_left

# Artifacts come after caches.
project main <<'E'
stages: [a, b]
make: {stage: a, image: busybox, script: ["echo artifact >f"], artifacts: {paths: [f]}}
warm: {stage: a, image: busybox, script: ["echo cached >f"], cache: {key: k, paths: [f]}}
use: {stage: b, image: busybox, script: ["cat f"], cache: {key: k, paths: [f], policy: pull}, needs: [make, warm]}
E
run 0 run
[[ $(grep -c 'artifact$' "$work/out") == 1 ]] || fail "the artifact is not over the cache"
has_line 'use +\| artifact'

# A broken archive warns and changes nothing of the job's end; a key that is none is left out.
project main <<'E'
job: {image: busybox, script: ["echo x >x"], cache: [{key: "$NAME", paths: [x]}, {key: k, paths: [x]}], variables: {NAME: "%2e%2e"}}
E
mkdir -p .cilocal/cache/k-protected
echo rubbish >.cilocal/cache/k-protected/cache.tar
run 0 run job
has 'Failed to extract cache'
has 'Job succeeded'
nothing_left
