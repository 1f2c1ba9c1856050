#!/usr/bin/env bash
# Stand-ins for images of Docker Hub inside Docker-in-Docker: what the jobs' commands and their Dockerfiles name is
# pulled, run and built with there too. Names of other registries are told of, and so is a daemon that can't be told.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
.daemon:
  image: docker:20.10.16
  services: [{name: "docker:20.10.16-dind", command: ["--tls=false"]}]
  variables: {DOCKER_HOST: "tcp://docker:2375", DOCKER_TLS_CERTDIR: ""}
build:
  extends: .daemon
  variables: {TOOL: team/tool-busybox}
  script:
    - docker pull $TOOL
    - docker run --rm $TOOL echo tool-ran
    - docker run --rm docker.io/library/shell:9 echo shell-ran
    - docker rmi -f shell:9 $TOOL
    - docker build -t one .
    - DOCKER_BUILDKIT=1 docker build -t two -f images/Other .
    - docker run --rm one
    - docker run --rm two
other-registry:
  extends: .daemon
  script: [echo docker pull corp.example/base:1]
no-daemon: {image: busybox, script: [echo docker pull shell:9]}
END
mkdir images
printf 'FROM shell:9\nCMD ["echo", "built-one"]\n' >Dockerfile
printf 'FROM shell:9\nCMD ["echo", "built-two"]\n' >images/Other
printf '[[runners]]\n  [runners.docker]\n    privileged = true\n' >.cilocal.toml
git add -A && git commit -q -m "Images"
rules=(--image shell:9=busybox:musl --image docker.io/library/shell:9=busybox:musl --image 'team/tool-*=*'
	--image corp.example/base:1=busybox)
remember

run 0 run "${rules[@]}"
has "note: Docker-in-Docker gets 'team/tool-busybox' (.gitlab-ci.yml:9) as 'busybox'"
has "note: Docker-in-Docker gets 'docker.io/library/shell:9' (.gitlab-ci.yml:11) as 'busybox:musl'"
for words in tool-ran shell-ran built-one built-two; do
	has_line "^( *build +\| )?$words\$"
done
has "warning: job 'no-daemon' builds with or pulls 'shell:9'"
has "warning: job 'other-registry' builds with or pulls 'corp.example/base:1'"
has_not "warning: job 'build'"
nothing_left

# A daemon whose options are its own, and an image that is not to be had.
sed -i 's/command: \["--tls=false"\]/command: [sh, -c, "dockerd-entrypoint.sh --tls=false"]/' .gitlab-ci.yml
run 1 run build --image shell:9=busybox --image team/tool-busybox=there.example/is/none:1
has "service 'docker:20.10.16-dind' gets no stand-ins for images: its command is a program of its own"
has "Docker-in-Docker does not get 'team/tool-busybox' (.gitlab-ci.yml:9) as 'there.example/is/none:1': "
nothing_left

# Who is stopped while it runs leaves nothing, and what a killed one left is taken away by the next.
# shellcheck disable=SC2016 # sed's
sed -i 's/command: \[sh, -c, .*\]}\]/command: ["--tls=false"]}]/; s/docker pull \$TOOL/sleep 60; &/' .gitlab-ci.yml
start run build "${rules[@]}"
printed '$ sleep 60'
kill -INT "$pid"
ends 130
nothing_left
start run build "${rules[@]}"
printed '$ sleep 60'
kill -KILL "$pid"
wait "$pid" 2>/dev/null || :
run 0 run no-daemon
nothing_left
