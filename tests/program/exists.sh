#!/usr/bin/env bash
# rules:exists speaks of the tree that jobs get: the work tree as git tracks it, or HEAD alone
# with --committed.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'YAML'
gone: {script: test -e gone, rules: [exists: [gone]]}
added: {script: test -e added, rules: [exists: [added]]}
kept: {script: test -e kept, rules: [exists: [kept]]}
YAML
echo one >gone
echo one >kept
git add -A
git commit -q -m "Second"
rm gone
echo two >kept
echo one >added

run 0 run --dry-run
grep -qw kept "$work/stdout" || fail "a file that is there does not exist"
! grep -qw gone "$work/stdout" || fail "a file exists that is deleted in the work tree"
! grep -qw added "$work/stdout" || fail "a file exists that git does not track"

git add added
run 0 run --dry-run
grep -qw added "$work/stdout" || fail "a file that git tracks does not exist"

run 0 run --committed --dry-run
grep -qw gone "$work/stdout" || fail "a file of HEAD does not exist with --committed"
! grep -qw added "$work/stdout" || fail "a file exists with --committed that HEAD lacks"

run 0 run
run 0 run --committed
