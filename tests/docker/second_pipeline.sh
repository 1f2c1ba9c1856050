#!/usr/bin/env bash
# The how-to's second pipeline as it stands there: the job's image comes from the project's registry, under
# the registry's own name, which nothing on this machine resolves.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <"$root/samples/use-image/.gitlab-ci.yml"
cp "$root"/samples/use-image/{go.mod,counter.go,counter_test.go,.cilocal.toml} .
git add -A && git commit -q -m "A module"

with_registry
api DELETE /images/registry.gitlab.example.com/group/project:tag -o /dev/null
push_as golang:1.19 "$address/group/project:tag" "$user" "$password"
at_end 'api DELETE /images/registry.gitlab.example.com/group/project:tag -o /dev/null'
remember

run 0 run
has_line 'ok[[:space:]]+gitlab.example.com/group/project'
has_not "$password"
nothing_left

# What the race detector finds fails the job.
sed -i '/lock/d' counter.go
sed -i '/^import "sync"/d' counter.go
run 1 run format
has 'DATA RACE'
nothing_left
