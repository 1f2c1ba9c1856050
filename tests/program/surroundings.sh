#!/usr/bin/env bash
# What is not the pipeline's fault ends with 4 and says what to do.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
job: {image: busybox, script: ["true"]}
END
run 4 run
has "no-engine.sock"
[[ -z $(ls .cilocal/runs) ]] || fail "a run that never began left a folder"
run 4 registry status
has "no-engine.sock"

# Without an engine the shell is still there.
run 0 run --executor shell

mkdir "$work/bare"
cd "$work/bare"
echo 'job: {script: ["true"]}' >.gitlab-ci.yml
run 4 run
has "git"
