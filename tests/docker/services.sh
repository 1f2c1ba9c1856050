#!/usr/bin/env bash
# Services are reachable under their names and aliases, see the variables of the pipeline, are healthy before
# the script starts, and what they say can be found when one dies.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
.web: &web
  name: busybox:latest
  command: ["sh", "-c", "mkdir /w && echo $GREETING >/w/index.html && sleep 1 && exec httpd -f -p 8000 -h /w"]
job:
  image: busybox
  services:
    - {<<: *web, alias: web}
    - {<<: *web, alias: "one,two", variables: {GREETING: other}}
  variables: {GREETING: hello, SHARED: yes}
  script:
    - sleep 2
    - wget -qO- http://web:8000/
    - wget -qO- http://one:8000/
    - wget -qO- http://two:8000/
    - wget -qO- http://busybox:8000/ >/dev/null
    - "! wget -qO- http://localhost:8000/"
registry:
  image: busybox
  services: ["registry:2"]
  script:
    # No waiting here: the health check did.
    - wget -qO- http://registry:5000/v2/ && echo "registry answers"
END
remember

run 0 run job
has 'hello'
has 'other'
nothing_left
run 0 run registry
has 'registry answers'
nothing_left

# A socket that is not root's: the addresses of its containers may be something else's on this machine.
socket=${DOCKER_HOST#unix://}
if ((EUID == 0)) && [[ $socket == /* && $(stat -c %u "$socket") == 0 ]]; then
	at_end "chown 0 '$socket'"
	chown 1 "$socket"
	CILOCAL_TRACE=docker run 0 run registry
	has "service addresses are not this machine's"
	has 'registry answers'
	nothing_left
fi
