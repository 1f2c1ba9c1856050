#!/usr/bin/env bash
# The local registry on an engine behind ssh://: its port is on the other machine, so it is brought up, asked and used
# through the engine alone.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/docker/lib_ssh.sh
. "$here/lib_ssh.sh"

project main <<'END'
job: {image: $CI_REGISTRY_IMAGE/tool:1, script: [echo in the tool]}
END
remember
export DOCKER_HOST=ssh://me@far:2222
at_end "'$cilocal' registry stop --purge >/dev/null 2>&1"
run 0 registry start --tls
has 'at the engine 127.0.0.1:'
run 0 registry push busybox group/project/tool:1
run 0 registry list
has_line '^group/project/tool:1  sha256:[0-9a-f]{64}  [0-9.]+ MiB$'
run 4 registry pull group/project/tol:1
has "did you mean 'group/project/tool:1'?"
run 0 run
has 'in the tool'
run 0 registry remove group/project/tool --json
jq -e '.repositories == 1' "$work/out" >/dev/null || fail "it was not removed"
run 0 registry list
has 'the local registry holds no image'
run 0 registry stop --purge
DOCKER_HOST=unix://$ENGINE
nothing_left
