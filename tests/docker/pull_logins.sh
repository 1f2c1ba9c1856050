#!/usr/bin/env bash
# Whose credentials a pull goes with, at a registry that asks for some: all the sources in the Runner's order, forms of
# keys, credential helpers and stores, images of services; what is said where a source is broken, and where the registry
# refuses. The registry lets in only the one who is to come.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p "$work/auth" "$work/bin"
# only USER: nobody else gets in from now on; the password is pw-USER. The registry reads a file that has changed anew.
only() {
	# shellcheck disable=SC2016 # Perl's
	perl -e 'print "$ARGV[0]:", crypt("pw-$ARGV[0]", q($2y$04$abcdefghijklmnopqrstuu)), "\n"' "$1" >"$work/auth/htpasswd"
}
only home
registry=$(api POST /containers/create -f -H 'Content-Type: application/json' -d "$(jq -n --arg d "$work/auth" '{
	Image: "registry:2", ExposedPorts: {"5000/tcp": {}},
	Env: ["REGISTRY_AUTH=htpasswd", "REGISTRY_AUTH_HTPASSWD_REALM=test", "REGISTRY_AUTH_HTPASSWD_PATH=/auth/htpasswd"],
	HostConfig: {Binds: ["\($d):/auth:ro"], PortBindings: {"5000/tcp": [{HostIp: "127.0.0.1", HostPort: ""}]}}}')" | jq -r .Id)
at_end "api DELETE '/containers/$registry?force=1&v=1' -o /dev/null"
api POST "/containers/$registry/start" -f
at=$(api GET "/containers/$registry/json" | jq -r '.NetworkSettings.Ports["5000/tcp"][0] | .HostIp + ":" + .HostPort')
until_true 20 curl -fsS -u home:pw-home "http://$at/v2/"

for name in img group/sub/img; do
	push_as busybox:latest "$at/$name:1" home pw-home
	at_end "api DELETE '/images/$at/$name:1?force=1' -o /dev/null"
done
push_as redis:7 "$at/redis:1" home pw-home
at_end "api DELETE '/images/$at/redis:1?force=1' -o /dev/null"
at_end "api DELETE '/images/localhost:${at#*:}/img:1?force=1' -o /dev/null"

# entry KEY USER [PASSWORD]: a config.json with one entry.
entry() {
	jq -cn --arg k "$1" --arg v "$(printf '%s:%s' "$2" "${3:-pw-$2}" | base64)" '{auths: {($k): {auth: $v}}}'
}

# helper NAME COMMANDS: docker-credential-NAME in PATH.
helper() {
	printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/docker-credential-$1"
	chmod +x "$work/bin/docker-credential-$1"
}
export PATH=$work/bin:$PATH

# --- the order: what there is goes, from the first source to the last

# shellcheck disable=SC2119 # the default branch
project <<END
job: {image: "$at/img:1", script: [echo it-ran]}
service:
  image: busybox
  services: [{name: "$at/redis:1", alias: db}]
  script: ['echo PING | nc -w 5 db 6379']
deep: {image: "$at/group/sub/img:1", script: [echo deep-ran]}
local: {image: "localhost:${at#*:}/img:1", script: [echo local-ran]}
END
mkdir -p "$HOME/.docker" "$work/folder"
entry "$at" home >"$HOME/.docker/config.json"
entry "$at" folder >"$work/folder/config.json"
cat >.cilocal.toml <<END
[[runners]]
  environment = ['DOCKER_AUTH_CONFIG=$(entry "$at" runner)']
END
payload=(--var CI_REGISTRY="$at" --var CI_REGISTRY_USER=payload --var CI_REGISTRY_PASSWORD=pw-payload)

only variable
run 0 run job --pull always "${payload[@]}" --var DOCKER_AUTH_CONFIG="$(entry "$at" variable)"
# shellcheck disable=SC2016 # as it is printed
has 'Authenticating with credentials from $DOCKER_AUTH_CONFIG'
has it-ran
only runner
run 0 run job --pull always "${payload[@]}"
# shellcheck disable=SC2016 # as it is printed
has 'Authenticating with credentials from $DOCKER_AUTH_CONFIG'
rm .cilocal.toml
only folder
DOCKER_CONFIG=$work/folder run 0 run job --pull always "${payload[@]}"
has "Authenticating with credentials from $work/folder/config.json"
only home
run 0 run job --pull always "${payload[@]}"
run 0 run service "${payload[@]}"
has '+PONG'
rm "$HOME/.docker/config.json"
only payload
run 0 run job --pull always "${payload[@]}"
has 'Authenticating with credentials from job payload (GitLab Registry)'

# --- keys: the longest counts, whatever its source; a URL stands for its host; another host is another host

entry "$at/group/sub" home >"$HOME/.docker/config.json"
only home
run 0 run deep --pull always --var DOCKER_AUTH_CONFIG="$(entry "$at" variable)"
run 0 run deep --pull always --var DOCKER_AUTH_CONFIG="$(entry "https://$at/v1/" variable wrong)"
only variable
run 0 run job --pull always --var DOCKER_AUTH_CONFIG="$(entry "http://$at/v1/" variable)"
jq -n --arg v "$(entry "$at" variable)" '{global: {DOCKER_AUTH_CONFIG: {type: "file", values: {"*": $v}}}}' >.cilocal-variables.yml
run 0 run job --pull always
rm .cilocal-variables.yml
run 4 run local --pull always --var DOCKER_AUTH_CONFIG="$(entry "$at" variable)"
has "no entry for localhost:${at#*:}/img"

# --- helpers: credHelpers before credsStore before auths

# shellcheck disable=SC2016 # the helper's
helper fine 'read -r server; [ "$1" = get ] && [ "$server" = '"'$at'"' ] && echo "{\"Username\":\"helper\",\"Secret\":\"pw-helper\"}"'
# shellcheck disable=SC2016 # the helper's
helper all 'if [ "$1" = list ]; then echo "{\"http://'"$at"'/v1/\":\"store\"}"; else echo "{\"Username\":\"store\",\"Secret\":\"pw-store\"}"; fi'
entry "$at" home | jq -c '. + {credsStore: "all"}' >"$HOME/.docker/config.json"
only store
run 0 run job --pull always
entry "$at" home | jq -c --arg r "$at" '. + {credsStore: "all", credHelpers: {($r): "fine"}}' >"$HOME/.docker/config.json"
only helper
run 0 run job --pull always

# One that fails, prints rubbish, or is not there: its source is left out, with a word, and the next one counts.
helper angry 'echo "the keychain is locked"; exit 1'
helper rubbish 'echo "{\"Username\": s3cr3t"'
for name in angry rubbish missing; do
	entry "$at" home | jq -c --arg r "$at" --arg n "$name" '. + {credHelpers: {($r): $n}}' >"$HOME/.docker/config.json"
	only payload
	run 0 run job --pull always "${payload[@]}"
	has "Failed to resolve credentials from $HOME/.docker/config.json: "
	has 'Credentials from this source will not be used.'
	has_not s3cr3t
done
run 0 run job --pull always "${payload[@]}" --var DOCKER_AUTH_CONFIG='{"auths": {"x": {"auth" "s3cr3t"}}}'
# shellcheck disable=SC2016 # as it is printed
has 'Failed to resolve credentials from $DOCKER_AUTH_CONFIG: the document is not JSON (line 1, column '
has_not 's3cr3t'

# --- refused

rm "$HOME/.docker/config.json"
cat >.cilocal.toml <<END
[[runners]]
  environment = ['DOCKER_AUTH_CONFIG=$(entry "$at" runner s3cr3t)']
END
run 4 run job --pull always
# shellcheck disable=SC2016 # as it is printed
has "the registry refused the login 'runner', which is the entry '$at' of \$DOCKER_AUTH_CONFIG (environment of .cilocal.toml:2)"
has 'hint: name and password were refused'
has_not s3cr3t
rm .cilocal.toml
entry "${at%:*}" home >"$HOME/.docker/config.json"
run 4 run job --pull always
has "no login was tried, since there is no entry for $at/img or what is above it in:"
# shellcheck disable=SC2016 # as it is printed
has '  $DOCKER_AUTH_CONFIG: not set'
has "  $HOME/.docker/config.json: ${at%:*}"
has "the entry '${at%:*}' of $HOME/.docker/config.json is for another port or path"
has_not 'job payload'
has 'hint: there was no login to that registry'

# Two policies that are refused: who was tried is said once.
cat >.cilocal.toml <<END
[[runners]]
  [runners.docker]
    pull_policy = ["always", "always"]
END
run 4 run job
has 'Attempt #2: Trying "always" pull policy'
[[ $(grep -c 'no login was tried, since there is no entry' "$work/out") == 1 ]] || fail "the lines of a refused pull are there twice"
