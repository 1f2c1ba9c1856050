#!/usr/bin/env bash
# lock and run --locked with images: by the digest of their registry, by id where none gave them; a tag that moves is
# told by outdated and not followed; an image whose name is only known when the job starts is refused.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$root/tests/engine/images" busybox:latest >/dev/null
derive team/other:1 busybox:latest 'ENV WHO=other'

tag_as() { # tag_as FROM NAME
	api POST "/images/$1/tag?repo=$(encode "${2%:*}")&tag=$(encode "${2##*:}")" -f -o /dev/null
}
at_end 'api DELETE /images/team/tool:1 -o /dev/null'
with_registry
image=$address/group/app:1
repository=${image%:1}
mkdir -p "$HOME/.docker"
jq -n --arg a "$address" --arg t "$(printf '%s:%s' "$user" "$password" | base64 -w 0)" \
	'{auths: {($a): {auth: $t}}}' >"$HOME/.docker/config.json"
push_as busybox:latest "$image" "$user" "$password"
tag_as busybox:latest team/tool:1

project main <<END
tool: {image: "team/tool:1", script: ["echo \"tool of \${WHO:-first}\""]}
app: {image: "$image", services: [{name: "team/tool:1", alias: helper}], script: ["echo the app ran"]}
late: {image: "\$LATE", script: ["echo late"], rules: [{if: \$WITH_LATE}]}
END
git add -A
remember
run 0 lock
has '2 images'
pushed=$(registry_digest group/app 1)
grep -qxF "exact = \"$repository@$pushed\"" .cilocal.lock || fail "the digest of the registry is not locked"
# In a containerd image store the id is a digest, and each name has it.
[[ $(grep -c '^exact = "\(team/tool@\)\?sha256:[0-9a-f]\{64\}"$' .cilocal.lock) == 1 ]] || fail "the id is not locked"
run 0 outdated
run 0 run --locked app
has "taken as $repository@$pushed"
has 'the app ran'
run 0 run --locked
has 'tool | tool of first'

# Both tags move on.
push_as team/other:1 "$image" "$user" "$password"
tag_as team/other:1 team/tool:1
run 1 outdated
has "image     $image"
has "    locked  $repository@$pushed"
run 0 run --locked app
has "taken as $repository@$pushed"
run 0 run --locked
has 'tool | tool of first'
run 0 run tool
has 'tool of other'
run 0 lock
run 0 outdated
run 0 run --locked tool
has 'tool of other'

# Not in the lock: at its place; one that only the running job knows, when it starts.
sed -i 's/^late:/more: {image: "busybox:latest", script: [x]}\nlate:/' .gitlab-ci.yml
run 3 run --locked tool
has ".gitlab-ci.yml:3:"
has "image 'busybox:latest' is not in .cilocal.lock"
cat >.gitlab-ci.yml <<END
first: {image: "team/tool:1", script: ["echo LATE=busybox:latest >env"], artifacts: {reports: {dotenv: env}}}
late: {image: "\$LATE", needs: [first], script: ["echo late"]}
END
run 0 run
run 1 run --locked
has 'image "busybox:latest" is not in the lock file'
nothing_left

# An image that is nowhere.
echo 'a: {image: "'"$address"'/group/none:1", script: [x]}' >.gitlab-ci.yml
cp .cilocal.lock "$work/before.lock"
run 4 lock
has ".gitlab-ci.yml:1: image '$address/group/none:1' is neither on the engine nor to be had from its registry: "
cmp .cilocal.lock "$work/before.lock" || fail "a lock was written"
