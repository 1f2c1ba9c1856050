#!/usr/bin/env bash
# logs, artifacts and runs: jobs by name, base name and glob; the newest run that had the job; limits.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'YML'
one: {script: ["echo this is one", "mkdir out", "echo kept >out/f"], artifacts: {paths: [out]}}
lint/js: {script: ["echo this is lint"]}
many: {script: ["echo this is $CI_NODE_INDEX"], parallel: 2}
YML
run 0 runs
has 'there is no earlier run'
run 2 logs
run 0 run
run 0 run one
run 0 runs --json
is "$(jq '.runs | length' "$work/stdout")" 2
first=$(jq -r '.runs[1].id' "$work/stdout")
run 0 runs --limit 1 --json
is "$(jq '.runs | length' "$work/stdout")" 1
run 2 runs --limit 0

run 0 logs
has 'this is one'
has_not 'this is 1'
run 0 logs one --tail 1
is "$(cat "$work/stdout")" 'Job succeeded'
# The last run had one job only: others come from the run before, and it says so.
run 0 logs many --tail 1
has "the last run had no job 'many': this is run $first"
has '==> many 1/2 (success) <=='
has '==> many 2/2 (success) <=='
run 0 logs 'lint*'
has 'this is lint'
run 0 logs 'ma*' --run "$first"
has 'this is 2'
has_not 'the last run'
run 2 logs mani
has_not 'this is run'
run 2 logs one --run nothing
run 0 artifacts 'o*' --to out
is "$(cat out/out/f)" kept
# The same names for jobs of the definition.
run 0 expand 'lint*'
has 'this is lint'
run 2 explain 'nope*'
has "no job fits the pattern 'nope*'"
