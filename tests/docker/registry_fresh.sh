#!/usr/bin/env bash
# An image that a job takes from the local registry is the one that was pushed last, also when the engine has
# an older one of that name; the definition's own pull policy still counts. Services come from there too.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'YAML'
job:
  image: $CI_REGISTRY_IMAGE/tool:1
  services: [{name: $CI_REGISTRY_IMAGE/tool:1, alias: beside, entrypoint: ["sleep", "60"]}]
  script: ['echo "tool is $TOOL"']
old:
  image: {name: $CI_REGISTRY_IMAGE/tool:1, pull_policy: if-not-present}
  script: ['echo "tool is $TOOL"']
YAML
with_registry
# publish VERSION: becomes tool:1 of the registry without the engine's tool:1 being touched.
publish() {
	local type url=http://$address/v2/group/project/tool/manifests
	derive "tool-$1:latest" busybox "ENV TOOL=$1"
	push_as "tool-$1:latest" "$address/group/project/tool:$1" "$user" "$password"
	curl -sS -f -u "$user:$password" -H "$as_pushed" "$url/$1" -o "$work/manifest"
	type=$(jq -r .mediaType "$work/manifest")
	curl -sS -f -u "$user:$password" -H "Content-Type: $type" -X PUT --data-binary @"$work/manifest" "$url/1"
}
for version in one two; do
	publish "$version"
	run 0 run --registry job
	has "tool is $version"
done
publish three
run 0 run --registry old
has "tool is two"

# The names that hold the registry's port go with it.
run 0 registry stop --purge
! api GET '/images/json' | jq -r '.[].RepoTags[]?' | grep -F "$address/" || fail "images of the registry's port are left"
