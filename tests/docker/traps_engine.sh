#!/usr/bin/env bash
# Traps of the reference that need two containers, or a look at what the engine was asked, each by its number.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

derive cilocal-test-trap:3 busybox 'ENV OWN=image'
project main <<'END'
stages: [test]
variables: {DOCKER_TLS_CERTDIR: "", FROM_YAML: yaml}
default: {image: busybox}
# Trap 8: standard input, no argument: $0 is the shell, and no process shows the script.
zero: {script: ['echo "trap 8 [$0] [$#]"', "if grep -q 'trap 8' /proc/1/cmdline; then echo trap 8 is an argument; fi"]}
zero-bash: {image: "debian:bookworm", script: ['echo "trap 8 [$0] [$#] [${BASH_SOURCE[0]}]"']}
# Trap 11: jobs at the same time have trees of their own.
left: {script: [sleep 1, "echo left >tracked; touch only-left", sleep 2, 'echo "trap 11 left: $(cat tracked) $(ls)"']}
right: {script: [sleep 1, "echo right >tracked; touch only-right; chown -R 1234 .", sleep 2, 'echo "trap 11 right: $(cat tracked) $(ls)"']}
# Trap 19: services get variables of the definition, empty ones too, and nothing that is secret or typed in.
beside:
  services:
    - name: cilocal-test-trap:3
      alias: beside
      command: ["sh", "-c", "mkdir /w; env >/w/env; grep CapEff /proc/self/status >>/w/env; exec httpd -f -p 8000 -h /w"]
  script:
    - sleep 1
    - wget -qO- http://beside:8000/env | sort | sed 's/^/got /'
# Trap 21: not healthy is a warning, after the time that the configuration gives.
deaf:
  services: [{name: busybox, alias: deaf, command: ["sh", "-c", "echo its own words; sleep 100"], variables: {HEALTHCHECK_TCP_PORT: "9"}}]
  script: [echo trap 21 went on]
# Trap 28: accepted here, refused by default runners.
policy: {image: {name: busybox, pull_policy: [if-not-present, never]}, script: ["true"]}
broken: {image: $CI_REGISTRY_IMAGE/broken:1, script: ["echo never"]}
# Trap 38: Windows line ends, in the definition (none of them reaches the shell) and in a script.
crlf: {script: ["sed 's/$/\\r/' s.sh >t.sh; chmod +x t.sh", "./t.sh"]}
# Trap 32: a secret in two writes, and in two streams at once.
masked: {script: ['printf "%.4s" "$SECRET_WORD"; sleep 1; printf "%s\n" "${SECRET_WORD#????}"; echo "$SECRET_WORD" >&2; echo "$SECRET_WORD$SECRET_WORD"']}
END
cat >.cilocal-variables.yml <<'YML'
project:
  gitlab.example.com/group/project:
    FROM_UI: not-for-services
    SECRET_WORD: {value: s3cr3t-w0rd-of-mine, masked: true}
YML
printf '#!/bin/sh\necho it ran\n' >s.sh
echo text >tracked
git add -A && git commit -q -m "A file"
remember

run 0 run -j 4 zero zero-bash left right
has_line '^zero +\| trap 8 \[(/usr)?/bin/sh\] \[0\]'
has_no_line '^zero +\| trap 8 is an argument'
has_line '^zero-bash +\| trap 8 \[/usr/bin/bash\] \[0\]'
has 'trap 11 left: left only-left'
has 'trap 11 right: right only-right'
[[ $(<tracked) == text && $(stat -c %u tracked) == "$(id -u)" ]] || fail "trap 11: the work tree was changed"

run 0 run beside --var TYPED_IN=by-hand
has 'got DOCKER_TLS_CERTDIR='
has 'got FROM_YAML=yaml'
has 'got OWN=image'
has 'got CapEff:	00000000a80425fb'
for name in FROM_UI SECRET_WORD TYPED_IN CI_JOB_TOKEN CI_REGISTRY_PASSWORD CI_REPOSITORY_URL; do
	has_not "got $name="
done
# Trap 23: services are as privileged as the configuration says.
run 0 run beside --privileged
has_not 'got CapEff:	00000000a80425fb'

printf '[[runners]]\n[runners.docker]\nwait_for_services_timeout = 1\n' >.cilocal.toml
run 0 run -j 3 deaf policy masked
has_line '^deaf +\| trap 21 went on'
has_line "^deaf .*probably didn't start properly"
has_line '^deaf .*its own words'
[[ $(grep -c '^masked .*MASKED' "$work/out") == 3 ]] || fail "trap 32: not masked everywhere"
has '[MASKED][MASKED]'
has_not s3cr3t
! grep -rqF s3cr3t-w0rd .cilocal/runs || fail "trap 32: the secret is in the run's folder"
has "note: job 'policy' has a 'pull_policy' that a runner takes only where allowed_pull_policies"
printf '[[runners]]\n[runners.docker]\nallowed_pull_policies = ["never"]\n' >.cilocal.toml
run 0 run policy
has_not "note: job 'policy'"
rm .cilocal.toml

sed 's/$/\r/' .gitlab-ci.yml >windows.yml
run 1 run -f windows.yml crlf
has 'exit code 127'
has "hint: './t.sh' can't be started"

# Trap 27: an engine that has begun to answer a pull with 200 says only in the stream that it failed.
with_registry
id=$(api POST /containers/create -f -H 'Content-Type: application/json' -d '{"Image":"busybox","Cmd":["touch","/layer"]}' | jq -r .Id)
api POST "/containers/$id/start" -f
api POST "/containers/$id/wait" -f -o /dev/null
api POST "/commit?container=$id&repo=cilocal-test-broken&tag=1" -f -o /dev/null -H 'Content-Type: application/json' -d '{}'
api DELETE "/containers/$id?force=1&v=1" -f
push_as cilocal-test-broken:1 "$address/group/project/broken:1" "$user" "$password"
api DELETE /images/cilocal-test-broken:1 -f -o /dev/null
layer=$(curl -sS -u "$user:$password" -H "$as_pushed" \
	"http://$address/v2/group/project/broken/manifests/1" | jq -r '.layers[-1].digest')
curl -sS -u "$user:$password" -X DELETE "http://$address/v2/group/project/broken/blobs/$layer" -o /dev/null
run 4 run --registry broken
# The second is a containerd image store's.
has_line 'specified policies \[always\]: Error response from daemon: (unknown blob|failed to copy: .* from remote: not found)$'
"$cilocal" registry stop --purge >/dev/null 2>&1
nothing_left
