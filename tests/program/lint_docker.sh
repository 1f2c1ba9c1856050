#!/usr/bin/env bash
# What lint says of Docker-in-Docker before anything runs: variables, services, the runner's configuration, scripts.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
.dind: {image: "docker:20.10.16", services: ["docker:20.10.16-dind"], script: [docker info]}
plain:
  extends: .dind
  variables: {DOCKER_HOST: "tcp://docker:2375"}
tls: {extends: .dind}
other-name:
  extends: .dind
  services: [{name: "mirror.example.com/library/docker:dind", command: [dockerd, --mtu=1360]}]
  variables: {DOCKER_TLS_CERTDIR: ""}
login:
  extends: .dind
  variables: {DOCKER_HOST: "tcp://docker:2375", DOCKER_TLS_CERTDIR: ""}
  script: [docker login -u "$CI_REGISTRY_USER" -p "$CI_REGISTRY_PASSWORD" "$CI_REGISTRY"]
fine:
  extends: .dind
  variables: {DOCKER_HOST: "tcp://docker:2375", DOCKER_TLS_CERTDIR: ""}
END
run 0 lint
has '.gitlab-ci.yml:4:15: warning: DOCKER_HOST is port 2375, but the Docker-in-Docker service runs with TLS'
has 'no volume /certs/client brings its certificates to the job'
has "the job looks for its engine under the name docker, which the service 'mirror.example.com/library/docker:dind'"
has 'a command that begins with dockerd listens on no port'
has '.gitlab-ci.yml:13:12: note: a password on a command line is shown to everyone'
has '4 warnings'
has_not 'privileged'
run 0 lint --json
[[ $("$cilocal" lint --json | jq -c '.warnings | map(.job) | unique') == '["other-name","plain","tls"]' ]] ||
	fail "lint --json has other warnings"

# What only the configuration can spoil.
echo '{"mtu": 1360, "insecure-registries": ["registry.example.com"]}' >daemon.json
cat >.cilocal.toml <<'END'
[[runners]]
  [runners.docker]
    volumes = ["./daemon.json:/etc/docker/daemon.json:ro", "/certs/client", "/var/run/docker.sock:/var/run/docker.sock"]
END
run 0 lint
has 'the Docker-in-Docker service needs a privileged container, which .cilocal.toml:2 does not allow'
has 'the socket that the runner'
has "'--mtu=1360' is an option of the service and in the mounted ./daemon.json too: dockerd refuses to start"
has_not 'no volume /certs/client'

# A variable of GitLab's pages does not get to the service; a daemon may be the runner's.
project <<'END'
job: {image: "docker:20.10.16", script: [docker info], variables: {DOCKER_HOST: "tcp://docker:2375"}}
other: {image: busybox, script: [make]}
END
cat >.cilocal.toml <<'END'
[[runners]]
  [runners.docker]
    privileged = true
    [[runners.docker.services]]
      name = "docker:20.10.16-dind"
END
printf 'global: {DOCKER_TLS_CERTDIR: ""}\n' >.cilocal-variables.yml
run 0 lint
has 'DOCKER_HOST is port 2375, but the Docker-in-Docker service (.cilocal.toml:4) runs with TLS: it does not get DOCKER_TLS_CERTDIR'
has '1 warning'
rm .cilocal-variables.yml
sed -i '1a\  environment = ["DOCKER_TLS_CERTDIR="]' .cilocal.toml
run 0 lint
has 'valid, 2 jobs'
has_not warning
