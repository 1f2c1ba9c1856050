#!/usr/bin/env bash
# Two runners, each with an engine of its own: jobs go where their tags send them, artifacts go between them, and
# what a killed run left goes from both.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Podman; another Docker Engine where the distribution has no new one.
if own_podman busybox:latest; then
	other_host=$podman_host mark='-e /run/.containerenv'
else
	own_engine
	other_host=$engine_host mark='-e /.dockerenv'
fi
docker_host=$DOCKER_HOST

left() { # left HOST: how many containers and volumes of jobs are there
	local filters='filters=%7B%22label%22%3A%5B%22cilocal.run%22%5D%7D'
	{
		DOCKER_HOST=$1 api GET "/containers/json?all=1&$filters" | jq -r '.[].Id'
		DOCKER_HOST=$1 api GET "/volumes?$filters" | jq -r '(.Volumes // [])[].Name'
	} | wc -l
}

project <<END
image: busybox:latest
stages: [a, b, c]
first:
  stage: a
  tags: [docker]
  script: [test -e /.dockerenv, test ! -e /run/.containerenv, echo from-docker >file]
  artifacts: {paths: [file]}
second:
  stage: b
  tags: [other]
  script: [test $mark, cat file]
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
tags = ["other"]
[runners.docker]
host = "$other_host"
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
two: {tags: [other], script: [echo two-begun, sleep 60]}
quick: {script: [echo quick]}
END
start run -j 2
printed 'one-begun'
printed 'two-begun'
dies
(($(left "$docker_host") && $(left "$other_host"))) || fail "nothing was left: the test tests nothing"
sed -i 's/sleep 60/sleep 0/' .gitlab-ci.yml
run 0 run
has 'removed what a run that died had left'
(($(left "$docker_host") == 0 && $(left "$other_host") == 0)) || fail "something is left"

# An engine that is not there is named with its runner, before anything starts.
sed -i "s#$other_host#unix://$work/nobody.sock#" .cilocal.toml
run 4 run
has "the engine of 'there'"
has "$work/nobody.sock"
has_not 'one-begun'
# Where no job wants it, it is not asked.
run 0 run one
