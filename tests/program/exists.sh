#!/usr/bin/env bash
# rules:exists, rules:changes and cache:key:files speak of the tree that jobs get: the work tree as git
# tracks it, or HEAD alone with --committed.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'YAML'
gone: {script: test -e gone, rules: [exists: [gone]]}
added: {script: test -e added, rules: [exists: [added]]}
kept: {script: test -e kept, rules: [exists: [kept]]}
changes_gone: {script: test ! -e gone, rules: [changes: [gone]]}
changes_kept: {script: grep two kept, rules: [changes: [kept]]}
changes_added: {script: test -e added, rules: [changes: [added]]}
changes_third: {script: test -e third, rules: [changes: [third]]}
keyed: {script: "true", cache: {key: {files: [kept]}, paths: [nothing]}}
YAML
echo one >gone
echo one >kept
git add -A
git commit -q -m "Second"
echo one >third
git add third
git commit -q -m "Third"
git update-ref refs/remotes/origin/main HEAD~1
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

changed() {
	sed -n 's/.*\(changes_[a-z]*\).*/\1/p' "$work/stdout" | sort | paste -sd ' '
}
run 0 run --dry-run
is "$(changed)" "changes_added changes_gone changes_kept changes_third"
run 0 run --committed --dry-run
is "$(changed)" changes_third

# The key is made of the commit that changed the file last, or of the content that is not committed.
key() {
	sed -n 's/.*Checking cache for \(0_kept-[0-9a-f]*\).*/\1/p' "$work/out"
}
run 0 run keyed
dirty=$(key)
run 0 run --committed keyed
committed=$(key)
is "${#dirty} ${#committed}" "47 47"
[[ $dirty != "$committed" ]] || fail "--committed takes the key of the work tree's file"
git commit -q -m "Fourth" kept
run 0 run keyed
[[ $(key) != "$committed" ]] || fail "the key is the old one after a commit"
git reset -q --hard HEAD~1
run 0 run keyed
is "$(key)" "$committed"

rm gone
echo two >kept
echo one >added
git add added
run 0 run
run 0 run --committed
