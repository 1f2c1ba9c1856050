#!/usr/bin/env bash
# An engine behind ssh://: the whole of a job, with nothing that only a local engine has (sources and artifacts go
# over the connection). In place of ssh a script runs the command here.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# shellcheck source=tests/docker/lib_ssh.sh
. "$here/lib_ssh.sh"

project <<'END'
image: busybox
one:
  stage: build
  script: [cat file, mkdir out, 'seq 1 200000 >out/long', ls -la .git/HEAD]
  artifacts: {paths: [out]}
two:
  stage: test
  services: [{name: redis:7, alias: db}]
  cache: {key: k, paths: [c]}
  script: [wc -l out/long, mkdir c, 'echo PING | nc -w 5 db 6379']
END
echo "from the work tree" >file
git add file
remember
export DOCKER_HOST=ssh://me@far:2222
run 0 run
has 'from the work tree'
has '200000 out/long'
has '+PONG'
grep -qxF -- '-l me -p 2222 -o ConnectTimeout=30 -T -- far docker system dial-stdio' "$SSH_LOG" || fail "not ssh's arguments"
run 0 doctor
has 'at ssh://me@far:2222 (DOCKER_HOST)'

# Ctrl-C: everything goes over the connection that is still there.
echo 'long: {image: busybox, script: [echo begun, sleep 60]}' >.gitlab-ci.yml
start run
printed begun
kill -INT "$pid"
ends 130 within 20
DOCKER_HOST=unix://$ENGINE
nothing_left
[[ -z $(ls "$TMPDIR") ]] || fail "left in TMPDIR: $(ls "$TMPDIR")"
no_ssh() {
	! pgrep -f "$work/bin/ssh"
}
until_true 5 no_ssh

# ssh's own words.
export DOCKER_HOST=ssh://nowhere
run 4 run
has 'cannot reach the engine at ssh://nowhere (DOCKER_HOST): ssh: Could not resolve hostname nowhere'
