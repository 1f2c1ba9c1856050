#!/usr/bin/env bash
# $CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX/IMAGE: as the image of a job and a service it comes by its own name; with the
# local registry a daemon in a service gets it too, also by a name that the script puts together; what the engine does
# not have is said, and without it that nobody answers.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
image: $CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX/busybox:latest
plain:
  services:
    - {name: "${CI_DEPENDENCY_PROXY_DIRECT_GROUP_IMAGE_PREFIX}/redis:7", alias: db}
  script:
    - echo "server $CI_DEPENDENCY_PROXY_SERVER, user $CI_DEPENDENCY_PROXY_USER, prefix $CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX"
    - echo PING | nc -w 5 db 6379
dind:
  image: docker:20.10.16
  services: [{name: "docker:20.10.16-dind", command: ["--tls=false"]}]
  variables: {DOCKER_HOST: "tcp://docker:2375", DOCKER_TLS_CERTDIR: ""}
  script:
    - for i in 1 2 3 4 5 6 7 8 9 10; do docker info >/dev/null 2>&1 && break; sleep 1; done
    - echo "$CI_DEPENDENCY_PROXY_PASSWORD" | docker login -u "$CI_DEPENDENCY_PROXY_USER" --password-stdin "$CI_DEPENDENCY_PROXY_SERVER"
    - docker pull -q $CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX/busybox:musl
    - docker build -q --build-arg CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX .
open:
  extends: dind
  script:
    - for i in 1 2 3 4 5 6 7 8 9 10; do docker info >/dev/null 2>&1 && break; sleep 1; done
    - echo "$CI_DEPENDENCY_PROXY_PASSWORD" | docker login -u "$CI_DEPENDENCY_PROXY_USER" --password-stdin "$CI_DEPENDENCY_PROXY_SERVER"
    - IMAGE=redis
    - docker pull -q $CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX/$IMAGE:7
    - for i in busybox; do docker pull -q "$CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX/$i:musl"; done
    - |
      docker build -q -f Dockerfile.arg \
        --build-arg PROXY=$CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX --build-arg TAG=$(cat tag) .
    - export TAG=$(echo $ABSENT)
    - if [ "$TAG" ]; then ./pull.sh; fi
missing:
  script: ['true || docker pull $CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX/no-such-image:1']
END
# shellcheck disable=SC2016 # it is Docker that expands it
printf '%s\n' 'ARG CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX' 'FROM ${CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX}/alpine' >Dockerfile
# shellcheck disable=SC2016
printf '%s\n' 'ARG PROXY' 'ARG TAG=none' 'FROM ${PROXY}/alpine:${TAG}' >Dockerfile.arg
# shellcheck disable=SC2016
printf '%s\n' '#!/bin/sh' ': docker pull $CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX/grafana/$WHAT:$TAG' \
	'docker pull $CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX/busybox:$TAG' >pull.sh
chmod +x pull.sh
echo latest >tag
git add Dockerfile Dockerfile.arg tag pull.sh
remember

run 0 run plain
has 'server gitlab.example.com:443, user gitlab-ci-token, prefix gitlab.example.com:443/group/dependency_proxy/containers'
has '(taken as busybox:latest)'
has '+PONG'
# A stand-in for it counts.
run 0 run plain --image busybox:latest=alpine:latest
has '(taken as alpine:latest)'
run 0 images plain
has_line '^gitlab\.example\.com:443/group/dependency_proxy/containers/redis:7 .* [0-9.]+ MB'

# Nobody answers a daemon.
run 0 run missing
has "job 'missing' pulls 'gitlab.example.com:443/group/dependency_proxy/containers/no-such-image:1' (.gitlab-ci.yml:31)"
has 'With --registry the local registry stands in for it'

at_end "'$cilocal' registry stop --purge >/dev/null 2>&1"
run 0 run --registry --registry-tls --privileged dind plain
has 'Login Succeeded'
has 'prefix registry.gitlab.example.com/group/dependency_proxy/containers'
has "putting 'alpine' into the local registry"
run 0 registry list
has 'group/dependency_proxy/containers/alpine:latest'

# Names that are complete only when the script runs: all of the engine that they may be, once.
run 0 run --registry --registry-tls --privileged open
has "putting 'redis:7' into the local registry"
has "containers/grafana/\$WHAT:\${TAG}' (pull.sh:2) is for the dependency proxy, for which the local registry"
has "containers/busybox:\${TAG}' (pull.sh:3) is known only when job 'open' runs: putting 1 image of the engine"
run 0 registry list
has 'group/dependency_proxy/containers/busybox:musl'
has 'group/dependency_proxy/containers/redis:7'
has_not 'containers/postgres'
run 1 run --registry --registry-tls --privileged open --var ABSENT=absent
has_not 'known only when'
has_not 'putting'
has 'manifest'
has "the dependency proxy has no such image"
has "docker pull busybox:absent"

run 0 run --registry --registry-tls missing
has "'registry.gitlab.example.com/group/dependency_proxy/containers/no-such-image:1' (.gitlab-ci.yml:"
has 'cannot be had through the local registry'
run 0 registry stop --purge
nothing_left
