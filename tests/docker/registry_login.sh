#!/usr/bin/env bash
# The three ways in which a job logs in to the project's registry, each by the docker program and a daemon, and a wrong
# password, which is refused with a hint.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
.dind:
  image: docker:20.10.16
  services: [{name: "docker:20.10.16-dind", command: ["--tls=false"]}]
  variables: {DOCKER_HOST: "tcp://docker:2375", DOCKER_TLS_CERTDIR: ""}
  before_script:
    - for i in 1 2 3 4 5 6 7 8 9 10; do docker info >/dev/null 2>&1 && break; sleep 1; done
ways:
  extends: .dind
  script:
    - echo "$CI_REGISTRY_PASSWORD" | docker login -u "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY"
    - docker logout "$CI_REGISTRY"
    - echo "$CI_JOB_TOKEN" | docker login -u gitlab-ci-token --password-stdin "$CI_REGISTRY"
    - docker logout "$CI_REGISTRY"
    - echo "$CI_DEPLOY_PASSWORD" | docker login -u "$CI_DEPLOY_USER" --password-stdin "$CI_REGISTRY"
    - printf 'FROM scratch\nCOPY .gitlab-ci.yml /\n' | docker build -q -t "$CI_REGISTRY_IMAGE/deployed" -f - .
    - docker push -q "$CI_REGISTRY_IMAGE/deployed"
    - echo "user $CI_DEPLOY_USER, password $CI_DEPLOY_PASSWORD"
wrong:
  extends: .dind
  script:
    - echo guess | docker login -u "$CI_DEPLOY_USER" --password-stdin "$CI_REGISTRY"
END
cat >.cilocal.toml <<'END'
[cilocal]
registry = true
registry-tls = true
privileged = true
END
remember
at_end "'$cilocal' registry stop --purge >/dev/null 2>&1"

run 0 run ways
(($(grep -c 'Login Succeeded' "$work/out") == 3)) || fail "not all logins succeeded"
has 'user gitlab+deploy-token-1, password [MASKED]'
run 0 registry list
has 'group/project/deployed:latest'
run 1 run wrong
has '401 Unauthorized'
has 'hint: name and password were refused'
# shellcheck disable=SC2016 # as it is printed
has '$CI_DEPLOY_USER with $CI_DEPLOY_PASSWORD'
run 0 registry stop --purge
nothing_left
