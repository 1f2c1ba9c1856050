#!/usr/bin/env bash
# The how-to's first failure: the service listens with TLS on 2376, the client asks on 2375. The log shows
# docker's own words, and after it cause and cure with the place to change.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main < <(grep -v 'DOCKER_TLS_CERTDIR' "$root/samples/build-image/.gitlab-ci.yml")
cp "$root/samples/build-image/.cilocal.toml" .
sed -i '/^registry/d' .cilocal.toml
remember

run 1 run build-image
has 'Cannot connect to the Docker daemon at tcp://docker:2375. Is the docker daemon running?'
has 'hint: '
has 'cure: '
has 'DOCKER_TLS_CERTDIR'
has_line '\.gitlab-ci\.yml:[0-9]+: '
nothing_left
