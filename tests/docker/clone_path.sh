#!/usr/bin/env bash
# GIT_CLONE_PATH with docker: all of a job is in that folder, whichever way its files go (the job's volume from this
# machine, the engine, a mount), and what services and a Docker-in-Docker service see of it.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

config() {
	printf '[[runners]]\nexecutor = "docker"\n%s\n[runners.docker]\nprivileged = true\n%s\n' "$1" "${2:-}" >.cilocal.toml
}

project main <<'END'
stages: [a, b]
default: {image: busybox}
.all:
  variables: {GIT_CLONE_PATH: $CI_BUILDS_DIR/go/src/x}
make:
  extends: .all
  stage: a
  cache: {key: k, paths: [kept]}
  script:
    - echo "at $PWD $CI_PROJECT_DIR $CI_BUILDS_DIR $RUNNER_TEMP_PROJECT_DIR $CERT $(cat "$CERT")"
    - test -e .gitlab-ci.yml -a -e dir/f1; ls /builds | xargs echo builds
    - echo got >made; mkdir -p kept; echo kept >>kept/f; wc -l <kept/f | xargs echo times
  after_script: ['echo "after $PWD $(cat made)"']
  artifacts: {paths: [made], untracked: true}
serves:
  extends: .all
  stage: b
  services: [{name: busybox, alias: web, entrypoint: [sh, -c], command: ['while :; do nc -l -p 80 -e cat /builds/go/src/x/made; done']}]
  script: ['echo "sees $(nc web 80 </dev/null)"']
top:
  stage: b
  variables: {GIT_CLONE_PATH: $CI_BUILDS_DIR}
  script: ['echo "top $PWD $(cat made)"', 'test -e .gitlab-ci.yml -a -e dir/f1', 'ls -d /builds.tmp', 'echo t >t; mkdir u; echo u >u/v']
  artifacts: {paths: [t, u]}
top-serves:
  extends: top
  services: [{name: busybox, alias: web, entrypoint: [sleep], command: ["100"]}]
out: {stage: b, variables: {GIT_CLONE_PATH: /etc/x}, script: ["true"]}
dind:
  stage: b
  image: docker:20.10.16
  variables: {GIT_CLONE_PATH: $CI_BUILDS_DIR/elsewhere, DOCKER_HOST: "tcp://docker:2375", DOCKER_TLS_CERTDIR: ""}
  services: [docker:20.10.16-dind]
  script:
    - docker load -q -i busybox.tar
    - docker run --rm -v "$CI_PROJECT_DIR:/work" -w /work busybox cat made
END
mkdir dir && echo 1 >dir/f1 && git add -A && git commit -qm Files
printf 'CERT: {type: file, value: of-a-file}\n' >.cilocal-variables.yml
printf '.cilocal*\n' >.git/info/exclude

# all_of_it TIMES HOW: the cache has been kept so often, and make's sources come so.
all_of_it() {
	run 0 run -v make serves top top-serves
	has "times $1"
	has "make: the sources are $2"
	has_line 'top: the sources are (copied|uploaded): they are the folder of the builds itself'
	has 'at /builds/go/src/x /builds/go/src/x /builds /builds/go/src/x.tmp /builds/go/src/x.tmp/CERT of-a-file'
	has_line '\| builds go$'
	has 'after /builds/go/src/x got'
	has 'Running in /builds/go/src/x...'
	has 'sees got'
	[[ $(grep -c 'top /builds got' "$work/out") == 2 ]] || fail "the folder of the builds itself"
	run 0 artifacts top --json
	is "$(jq -r '.jobs[0].artifacts[0].files | map(.path) | join(" ")' "$work/out")" 't u/ u/v'
	nothing_left
}

remember
config ''
all_of_it 1 ''
# By the engine, since a volume of the configuration is in there.
config '' 'volumes = ["/builds/other"]'
run 0 run -v make serves top top-serves
has 'times 2'
has 'at /builds/go/src/x '
has 'sees got'
has_not 'is a folder of this machine'
nothing_left
# Mounted, from that many files on.
config ''
for ((i = 0; i < 500; i++)); do echo "$i" >"dir/f$i"; done
git add -A
all_of_it 3 'mounted, not copied'

# A shell in it, and what a Docker-in-Docker service mounts of it.
run 0 shell make -- pwd
has '/builds/go/src/x'
api GET /images/busybox:latest/get -f -o busybox.tar
git add -A
run 0 run make dind
has_line '^dind +\| got$'

# What is not allowed: before anything is made, in the Runner's words, at its place.
run 1 run out
has 'Job failed: the GIT_CLONE_PATH="/etc/x" has to be within "/builds"'
has '.gitlab-ci.yml:28'
has_not 'Using Docker executor'
config $'[runners.custom_build_dir]\nenabled = false'
run 1 run make
has 'Job failed: setting GIT_CLONE_PATH is not allowed, enable `custom_build_dir` feature'
nothing_left
