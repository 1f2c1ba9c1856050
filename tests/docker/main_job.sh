#!/usr/bin/env bash
# The pipeline of the how-to as it stands there: Docker-in-Docker, login, build from the project's own
# registry, push. The registry then holds what the log says, and nothing else is left.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# shellcheck disable=SC2119 # the default branch
project <"$root/samples/build-image/.gitlab-ci.yml"
cp "$root/samples/build-image/.cilocal.toml" .
printf 'FROM registry.gitlab.example.com/group/project/base:1\nCOPY greeting /greeting\n' >Dockerfile
echo hello >greeting
git add -A && git commit -q -m "Dockerfile"

with_registry
push_as busybox:latest "$address/group/project/base:1" "$user" "$password"
remember

run 0 run build-image --branch tag
has 'Login Succeeded'
has 'Successfully built'
has_not "$password"
logged=$(sed -n 's/.*tag: digest: \(sha256:[0-9a-f]\{64\}\) .*/\1/p' "$work/out" | tail -n 1)
held=$(registry_digest group/project tag)
[[ -n $held && $held == "$logged" ]] || fail "the log says ${logged:-nothing}, the registry holds ${held:-nothing}"
nothing_left
