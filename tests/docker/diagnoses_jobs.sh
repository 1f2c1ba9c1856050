#!/usr/bin/env bash
# More failures that the tool knows, provoked for real: of images, programs, files, services and git. A job for each,
# side by side in one pipeline.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/docker/lib_hints.sh
. "$here/lib_hints.sh"

derive cilocal-test-hint:tool docker:20.10.16 'ENTRYPOINT ["docker"]'
derive cilocal-test-hint:bare busybox 'ENTRYPOINT ["/bin/sh"]'
mkdir "$work/none"
echo data >"$work/none/file"
tar -cC "$work/none" . | api POST '/images/create?fromSrc=-&repo=cilocal-test-hint&tag=none' -f -o /dev/null --data-binary @- -H 'Content-Type: application/x-tar'
at_end 'api DELETE /images/cilocal-test-hint:none -o /dev/null'
# What root alone may write to says the same as a socket of this kind.
(umask 077 && : >"$work/docker.sock")
echo '{"insecure-registries": ["registry.example.com"]}' >"$work/daemon.json"

project main <<'END'
default: {image: busybox}
tool: {image: "cilocal-test-hint:tool", script: [echo]} #tool
bare: {image: {name: "busybox", entrypoint: ["/bin/sh"]}, script: [echo]} #bare
no-shell: {image: "cilocal-test-hint:none", script: [echo]} #no-shell
no-entry: {image: {name: busybox, entrypoint: ["/no/such"]}, script: [echo]} #no-entry
out-of-memory: {script: [tail /dev/zero]}
alien:
  image: debian:bookworm #alien
  script: ["printf '\\177ELF\\002\\001\\001\\0\\0\\0\\0\\0\\0\\0\\0\\0\\002\\0\\267\\0' >alien", "chmod +x alien", ./alien]
windows-start:
  image: debian:bookworm
  script:
    - printf '#!/bin/bash\r\necho hello\r\n' >t.sh
    - chmod +x t.sh
    - ./t.sh #windows-start
windows-inside: {image: "debian:bookworm", script: ["printf 'echo hello\\n\\r\\nexit 3\\n' >t.sh", bash t.sh]}
no-git: {script: [git status]} #no-git
socket: {image: {name: "docker:20.10.16", docker: {user: "1234"}}, script: [docker -H unix:///docker.sock version]}
not-mine:
  image: {name: busybox, docker: {user: "1234"}}
  script:
    - cat /etc/hostname
    - touch /etc/mine #not-mine
slow: {timeout: 1s, script: [sleep 60]} #slow
outside:
  script: [touch /tmp/out, "false"]
  artifacts:
    when: always
    paths: [/tmp/out]
deaf:
  services: [{name: busybox, alias: deaf, command: [sleep, "100"], variables: {HEALTHCHECK_TCP_PORT: "9"}}] #deaf
  script: [wget -qO- http://deaf:9/]
postgres:
  services: ["postgres:15"] #postgres
  script: ["false"]
both-places:
  image: docker:20.10.16
  services:
    - name: docker:20.10.16-dind #both-places
      command: ["--tls=false", "--insecure-registry", "registry.example.com"]
  script: ["false"]
never: {image: {name: "cilocal-test-nowhere:1", pull_policy: never}, script: [echo]} #never
END
cat >.cilocal.toml <<END
[[runners]]
executor = "docker"
[runners.docker]
privileged = true
memory = "64m"
service_memory = "512m"
wait_for_services_timeout = 3
volumes = ["$work/docker.sock:/docker.sock", "$work/daemon.json:/etc/docker/daemon.json:ro"]
END
remember
run 4 run -j 4
hinted 'the image starts a tool, not a shell' '#tool' tool
hinted 'entrypoint is a shell without -c' '#bare' bare
hinted 'the image has no shell' '#no-shell' no-shell
hinted "can't start its entrypoint" '#no-entry' no-entry
hinted 'a process was killed: the memory limit' '.cilocal.toml:5: memory' out-of-memory
hinted 'a program for another processor' '#alien' alien
hinted "'./t.sh' can't be started" '#windows-start' windows-start
hinted "'git' is not there" .gitlab-ci.yml:1: no-git
hinted "the user may not use the engine's socket" '.cilocal.toml:3: add here: group_add' socket
hinted "may not read or write '/etc/mine'" '#not-mine' not-mine
hinted 'ended by its time limit' '#slow' slow
hinted 'can only hold what is below' .gitlab-ci.yml: outside
hinted 'a service did not open its port in time' '#deaf' deaf
hinted 'variables that the database wants' '#postgres' postgres
hinted 'the same setting is given to dockerd' '#both-places' both-places
hinted 'the image is not there: never pulled' '.cilocal.toml:3: add here: pull_policy' never
grep -q '^windows-inside *| hint: a script has Windows line ends' "$work/out" || fail "no hint for windows-inside"
nothing_left

# A path that is mounted twice; a file to be mounted that is not there.
mkdir "$work/one"
cat >.gitlab-ci.yml <<'END'
job: {image: busybox, script: [echo]}
END
printf '%s\n' '[[runners]]' 'executor = "docker"' '[runners.docker]' "volumes = ['/one', '$work/one:/one']" >.cilocal.toml
run 1 run
hinted 'the same path is mounted twice' '.cilocal.toml:4: each path once'

# git in a shell: another's files (only root can give them away), a lock, a branch that is not there.
cat >.gitlab-ci.yml <<'END'
lock: {script: [touch .git/index.lock, git add .]}
branch: {script: [git checkout no-such-branch]}
owner: {script: [chown -R 65534 ., git status]}
END
rm .cilocal.toml
run 1 run lock branch
grep -q '^lock *| hint: a git that was killed left a lock' "$work/out" || fail "no hint for lock"
hinted 'the clone does not hold that commit' .gitlab-ci.yml:2: branch
if ((EUID == 0)); then
	run 1 run owner
	hinted 'the files belong to another user' .gitlab-ci.yml:3:
fi
