#!/usr/bin/env bash
# The sample docker-build-three-ways: each way builds an image that runs, and what its README says to take away
# is what the job needs.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $DOCKER_HOST == unix://* ]] || skip "the engine has no socket here: $DOCKER_HOST"
"$root/tests/engine/images" busybox:musl docker:20.10.16 docker:20.10.16-dind quay.io/buildah/stable:latest

images() {
	api GET /images/json | jq -r '.[] | .RepoTags[]?' | grep -cE '^(localhost/)?greeting' || :
}

project main <"$root/samples/docker-build-three-ways/.gitlab-ci.yml"
cp -R "$root/samples/docker-build-three-ways/." .
sed -i "s|/var/run/docker.sock:|${DOCKER_HOST#unix://}:|" .cilocal.toml
git add -A
git commit -q -m "The sample"
remember

run 0 run
for way in in-docker through-the-socket without-a-daemon; do
	has "hello from an image that was built $way"
done
nothing_left
[[ $(images) == 0 ]] || fail "images are left on the engine"
"$cilocal" artifacts without-a-daemon --to "$work/kept" >/dev/null 2>&1
tar xOf "$work/kept/greeting.tar" manifest.json | jq -e '.[0].RepoTags[0] | startswith("localhost/greeting:")' >/dev/null ||
	fail "the archive holds no image greeting"

# Each needs its line of the configuration, and buildah not the others'.
cp .cilocal.toml whole.toml
sed -i 's/^    privileged = true//; s/^    volumes = .*//' .cilocal.toml
run 0 run without-a-daemon --needs
run 1 run in-docker
has 'privileged = true'
run 1 run through-the-socket
has 'Cannot connect to the Docker daemon'
nothing_left
