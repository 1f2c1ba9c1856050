#!/usr/bin/env bash
# list: one pipeline as table, CSV and JSON; the JSON is written job by job; masked variables stay masked.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'CI'
stages: [build, test]
workflow: {name: "for $TOKEN"}
make: {stage: build, script: make, parallel: 2, image: {name: gcc, entrypoint: [""]}}
test:
  script: ["echo a", "echo b"]
  needs: [{job: make, artifacts: false}]
  services: [{name: "postgres:16", alias: db, variables: {A: "b"}}]
  tags: [plain, "with-$TOKEN"]
  environment: {name: "review/$TOKEN", url: "https://example.com"}
  allow_failure: {exit_codes: [1, 2]}
out: {script: "true", rules: [{if: $NEVER}]}
down: {trigger: {include: child.yml}}
CI
cat >child.yml <<'CI'
deep: {script: "true", tags: ["deep-$TOKEN"], environment: "deep/$TOKEN"}
CI
printf 'TOKEN: {value: not-for-eyes-1, masked: true}\n' >.cilocal-variables.yml
git add child.yml
git commit -q -m "Second"

# The tree of --children is written whole, the other one job by job: the same comes out.
for all in "" --all; do
	# shellcheck disable=SC2086
	run 0 list --json $all
	jq -S . "$work/stdout" >"$work/streamed"
	# shellcheck disable=SC2086
	run 0 list --json --children $all
	jq -S 'del(.jobs[].downstream)' "$work/stdout" >"$work/whole"
	cmp "$work/streamed" "$work/whole" || fail "list --json $all differs from the tree"
done
is "$(jq -r '[.jobs[].name] | join(" ")' "$work/streamed")" "make 1/2 make 2/2 test out down"

# Masked in each form.
for form in "" --csv --json --children "--children --csv" "--children --json"; do
	# shellcheck disable=SC2086
	run 0 list $form
	! grep -q not-for-eyes "$work/out" || fail "list $form shows a masked variable"
	grep -qF 'review/[MASKED]' "$work/out" || fail "list $form has no environment"
	[[ $form != *children* ]] || grep -qF 'deep/[MASKED]' "$work/out" || fail "list $form: no child"
done
run 0 list --json
is "$(jq -r '.workflow.name, .jobs[2].tags[1]' "$work/stdout" | paste -sd ' ')" "for [MASKED] with-[MASKED]"

# No job, one job, and as many as make several writes.
printf 'a: {script: x, rules: [{if: $NEVER}]}\n' >.gitlab-ci.yml
run 0 list --json
is "$(jq -c .jobs "$work/stdout")" "[]"
for ((i = 0; i < 1500; i++)); do
	printf 'job-%d: {script: x, variables: {A: b}, tags: [a-tag-that-takes-room, and-another-one-%d]}\n' $i $i
done >.gitlab-ci.yml
run 0 list --json
is "$(jq -r '.jobs | length, .[1499].tags[1]' "$work/stdout" | paste -sd ' ')" "1500 and-another-one-1499"
(($(stat -c %s "$work/stdout") > 300000)) || fail "the list is too short to be written in parts"

# A reader that has enough is no error to speak of; a full disk is.
"$cilocal" list --json 2>"$work/out" | head -c 10 >/dev/null || true
is "$(cat "$work/out")" ""
if [[ -w /dev/full ]]; then
	got=0
	"$cilocal" list --json >/dev/full 2>"$work/out" || got=$?
	is "$got" 4
	grep -q "No space left" "$work/out" || fail "a full disk is not named"
fi
