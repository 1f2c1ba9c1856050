#!/usr/bin/env bash
# Two runners, each with an engine of its own: jobs go where their tags send them, artifacts go between them, and
# what a killed run left goes from both.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

podman=$work/p
at_end "'$root/tests/engine/podman' stop '$podman'"
"$root/tests/engine/podman" start "$podman" busybox:latest >"$work/podman.log" 2>&1 || {
	cat "$work/podman.log" >&2
	skip "Podman cannot be started on this machine; what it said is above"
}
docker_host=$DOCKER_HOST podman_host=unix://$podman/podman.sock

left() { # left HOST: containers and volumes of jobs there
	DOCKER_HOST=$1 api GET "/containers/json?all=1&filters=%7B%22label%22%3A%5B%22cilocal.run%22%5D%7D" |
		grep -o '"Id"' | wc -l
}

project <<'END'
image: busybox:latest
stages: [a, b, c]
first:
  stage: a
  tags: [docker]
  script: [test -e /.dockerenv, test ! -e /run/.containerenv, echo from-docker >file]
  artifacts: {paths: [file]}
second:
  stage: b
  tags: [podman]
  script: [test -e /run/.containerenv, cat file]
third: {stage: c, script: [echo begun on the shell]}
END
cat >.cilocal.toml <<END
[[runners]]
name = "here"
executor = "docker"
tags = ["docker"]
[runners.docker]
host = "$docker_host"
[[runners]]
name = "there"
executor = "docker"
tags = ["podman"]
[runners.docker]
host = "$podman_host"
[[runners]]
executor = "shell"
run_untagged = true
END
unset DOCKER_HOST
run 0 run
has 'second | from-docker'
has 'begun on the shell'

# Killed while a job runs on each.
cat >.gitlab-ci.yml <<'END'
image: busybox:latest
one: {tags: [docker], script: [echo one-begun, sleep 60]}
two: {tags: [podman], script: [echo two-begun, sleep 60]}
quick: {script: [echo quick]}
END
start run -j 2
printed 'one-begun'
printed 'two-begun'
kill -KILL "$pid"
wait "$pid" 2>/dev/null || :
pid=
(($(left "$docker_host") && $(left "$podman_host"))) || fail "nothing was left: the test tests nothing"
sed -i 's/sleep 60/sleep 0/' .gitlab-ci.yml
run 0 run
has 'removed what a run that died had left'
(($(left "$docker_host") == 0 && $(left "$podman_host") == 0)) || fail "something is left"

# An engine that is not there is named with its runner, before anything starts.
sed -i "s#$podman_host#unix://$work/nobody.sock#" .cilocal.toml
run 4 run
has "the engine of 'there'"
has "$work/nobody.sock"
has_not 'one-begun'
# Where no job wants it, it is not asked.
run 0 run one
