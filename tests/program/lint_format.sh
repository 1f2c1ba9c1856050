#!/usr/bin/env bash
# lint --format: lines for editors, JSON, SARIF; the hook for pre-commit.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

hook=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/.pre-commit-hooks.yaml

project <<'YML'
include: ci/deep/part.yml
.unused: {script: x}
build: {scirpt: x}
YML
mkdir -p ci/deep
cat >ci/deep/part.yml <<'YML'
größe 名前: {stage: nowhere, script: x}
YML
git add -A

# One line for each, on standard output, the files as seen from here.
run 3 lint --format gcc
grep -qE "^\.gitlab-ci\.yml:3:9: error: unknown keyword 'scirpt' in job 'build'.* \[unknown-keyword\]$" "$work/stdout" ||
	fail 'no line for the keyword'
grep -qE '^ci/deep/part\.yml:1:19: error: ' "$work/stdout" || fail 'no line for the include, or no column in characters'
is "$(grep -cvE '^[^:]+:[0-9]+:[0-9]+: (error|warning|note): ' "$work/stdout")" 0
is "$(wc -c <"$work/stderr")" 0
cd ci
run 3 lint --format gcc
grep -q '^\.\./\.gitlab-ci\.yml:3:9: error: ' "$work/stdout" || fail 'not as seen from the folder'
grep -q '^deep/part\.yml:1:19: error: ' "$work/stdout" || fail 'not as seen from the folder'
cd deep
run 3 -C ../.. lint --format gcc
grep -q '^\.gitlab-ci\.yml:3:9: error: ' "$work/stdout" || fail 'not as seen from -C'
cd ../..

# JSON is --json.
run 3 lint --format json
cp "$work/stdout" "$work/json"
run 3 lint --json
cmp -s "$work/stdout" "$work/json" || fail '--format json is not --json'
run 2 lint --json --format gcc
run 2 lint --format xml
has 'text'

# SARIF: what its schema requires, and what readers look for.
run 3 lint --format sarif
sarif() {
	jq -c "$1" "$work/stdout"
}
is "$(sarif '[.version, (.["$schema"] | test("sarif-2.1.0")), (.runs | length), .runs[0].tool.driver.name, .runs[0].columnKind]')" \
	'["2.1.0",true,1,"cilocal","unicodeCodePoints"]'
is "$(sarif '[.runs[0].results[] | (.message.text | length > 0) and (.level | IN("error", "warning"))] | all')" true
is "$(sarif '.runs[0] as $r | [$r.results[] | $r.tool.driver.rules[.ruleIndex].id == .ruleId] | all')" true
is "$(sarif '.runs[0].tool.driver.rules | map(.id) | length == (unique | length)')" true
is "$(sarif '[.runs[0].results[].locations[0].physicalLocation | .region.startLine >= 1 and (.artifactLocation.uri | startswith("/") | not)] | all')" true
is "$(sarif '.runs[0].results[] | select(.ruleId == "unknown-keyword") | [.level, .locations[0].logicalLocations[0].name, .locations[0].physicalLocation]')" \
	'["error","build",{"artifactLocation":{"uri":".gitlab-ci.yml","uriBaseId":"%SRCROOT%"},"region":{"startLine":3,"startColumn":9,"endLine":3,"endColumn":15}}]'
is "$(sarif '.runs[0].results[] | select(.ruleId == "unknown-stage") | .locations[0].physicalLocation.artifactLocation.uri')" '"ci/deep/part.yml"'

# Warnings have their level, and a name that no URI can hold is escaped.
project <<'YML'
include: ["ci/a b%c.yml"]
build: {script: x}
YML
mkdir ci
echo 'late: {script: x, rules: [{when: always}, {if: $A}]}' >'ci/a b%c.yml'
run 0 lint --format sarif
is "$(sarif '.runs[0].results[0] | [.level, .locations[0].physicalLocation.artifactLocation.uri]')" '["warning","ci/a%20b%25c.yml"]'
run 0 lint --format gcc
has ': warning: '
run 0 -q lint --format gcc
is "$(wc -c <"$work/out")" 0
rm -r ci
echo 'build: {script: x}' >.gitlab-ci.yml
run 0 lint --format sarif
is "$(sarif '.runs[0].results')" '[]'

# Secrets.
cat >.cilocal-variables.yml <<'YML'
project:
  "gitlab.example.com/group/project":
    SECRET: {value: "s3cr3t-value", masked: true}
YML
echo 'build: {script: x, stage: s3cr3t-value}' >.gitlab-ci.yml
for format in gcc json sarif; do
	run 3 lint --format $format
	has_not s3cr3t
done

# The hook: its entry as pre-commit would run it, in the root, without names of files.
grep -qx -- '- id: cilocal-lint' "$hook" || fail 'no hook of that name'
grep -qx '  language: system' "$hook" || fail 'not a program of the machine'
entry=$(sed -n 's/^  entry: cilocal //p' "$hook")
read -ra words <<<"$entry"
run 3 "${words[@]}"
has ': error: '
echo 'build: {script: x}' >.gitlab-ci.yml
run 0 "${words[@]}"
is "$(wc -c <"$work/out")" 0
