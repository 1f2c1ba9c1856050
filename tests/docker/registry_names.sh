#!/usr/bin/env bash
# An image of the local registry has its full name on the engine after a job used it, follows what is pushed
# later, and goes with the registry. An image of the user's that has that name already keeps it.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

name=registry.gitlab.example.com/group/project:tag
project main <<END
job: {image: "$name", script: ["echo ran"]}
END
echo '[cilocal]
registry = true' >.cilocal.toml

id_of() { # id_of NAME: of the image on the engine, or nothing
	api GET "/images/$1/json" | jq -r '.Id // empty'
}
busybox=$(id_of busybox:latest)
alpine=$(id_of alpine:latest)
[[ -n $busybox && -n $alpine && $busybox != "$alpine" ]] || fail "the test needs two images"
api DELETE "/images/$name" -o /dev/null
at_end "api DELETE /images/$name -o /dev/null"

with_registry
remember
push_as busybox:latest "$address/group/project:tag" "$user" "$password"
run 0 run job
has 'ran'
[[ $(id_of $name) == "$busybox" ]] || fail "$name is not on the engine"
push_as alpine:latest "$address/group/project:tag" "$user" "$password"
run 0 run job
[[ $(id_of $name) == "$alpine" ]] || fail "$name is not what was pushed last"
nothing_left
run 0 registry stop
[[ -z $(id_of $name) ]] || fail "$name outlives the registry"

api POST "/images/debian:bookworm/tag?repo=${name%:*}&tag=tag" -f -o /dev/null
mine=$(id_of debian:bookworm)
run 0 run job
has 'ran'
[[ $(id_of $name) == "$mine" ]] || fail "the user's own image lost its name"
run 0 registry stop
[[ $(id_of $name) == "$mine" ]] || fail "the user's own image went with the registry"
