#!/usr/bin/env bash
# Nothing is privileged unless the configuration or the command line says so. A daemon in a service that
# could not start without is stopped before it starts, with the cure.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
build:
  image: docker:20.10.16
  services: ["docker:20.10.16-dind"]
  variables:
    DOCKER_HOST: tcp://docker:2375
    DOCKER_TLS_CERTDIR: ""
  script:
    - docker info
look:
  image: busybox
  script:
    # The last capability set of this process; a privileged one has more than the usual fourteen.
    - grep CapEff /proc/self/status
END
remember

refused=0
"$cilocal" run build >"$work/out" 2>&1 </dev/null || refused=$?
((refused == 1 || refused == 2 || refused == 4)) || fail "exit code $refused for a daemon without privileges"
has 'privileged = true'
has_not 'Cannot connect to the Docker daemon'
nothing_left

run 0 run look
has 'CapEff:	00000000a80425fb'
run 0 run look --privileged
has_not 'CapEff:	00000000a80425fb'
nothing_left
