#!/usr/bin/env bash
# `cilocal doctor` on a real engine: what it finds there, the local registry as seen from a container, nothing left.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
job:
  image: docker:20.10.16
  services: [{name: "docker:20.10.16-dind", command: ["--tls=false", "--insecure-registry", "registry.gitlab.example.com"]}]
  script: [echo]
END
remember
run 0 doctor
has 'engine      ok       Docker '
has "at $DOCKER_HOST (DOCKER_HOST): linux/"
has 'privileges  ok       privileged containers work'
has 'clock       ok       this machine and the engine agree'
has 'the local registry is not running'
has 'this machine finds no address of registry.gitlab.example.com'
run 0 doctor --json
jq -e '.engines[0] | .kind == "Docker" and (.api | length) > 3 and .remote == false and .storage_driver != null' \
	<(sed -n '/^{/p' "$work/out") >/dev/null || fail "engines of the JSON"
# A name that this machine has in its own /etc/hosts: nobody else knows it.
if getent hosts "$(hostname)" >/dev/null; then
	run 4 doctor --registry-host "$(hostname):9"
	has "registry    warning  this machine does not reach $(hostname):9"
	has "registry    warning  a container finds no address of $(hostname); this machine does"
	has "-> extra_hosts = [\"$(hostname):"
	has "registry    failure  a Docker-in-Docker service does not reach $(hostname):9: "
fi
nothing_left

at_end "'$cilocal' registry stop --purge >/dev/null 2>&1"
run 0 registry start
run 0 doctor
has 'the local registry stands in for registry.gitlab.example.com, and answers on 127.0.0.1:'
has 'registry    ok       a container reaches registry.gitlab.example.com'
has 'registry    ok       a Docker-in-Docker service (docker:20.10.16-dind) reaches registry.gitlab.example.com'
# The pipeline's own daemon does not know that the registry has no TLS.
sed -i 's/, "--insecure-registry", "registry.gitlab.example.com"//' .gitlab-ci.yml
run 4 doctor
has 'registry    failure  a Docker-in-Docker service does not reach registry.gitlab.example.com: '
has '-> command: ["--insecure-registry", "registry.gitlab.example.com"] for the Docker-in-Docker service'

# A registry that does not answer as one is said to be broken, and how to mend it.
mine=$(everything | sort | comm -13 "$work/before" - | sed -nE 's/^container \/(cilocal-registry-[^ ]+) .*/\1/p')
api POST "/containers/$mine/pause" -f -o /dev/null
run 4 doctor
has 'registry    failure  the local registry does not answer on 127.0.0.1:'
has "'cilocal registry stop' and 'cilocal registry start' make it anew"
api POST "/containers/$mine/unpause" -f -o /dev/null
run 0 registry stop --purge
nothing_left
