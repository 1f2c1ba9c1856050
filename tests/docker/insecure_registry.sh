#!/usr/bin/env bash
# The how-to's three ways to make the daemon accept such a registry: a mounted daemon.json, a service of the
# runner's configuration, and a command in the pipeline.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/docker/lib_x509.sh
. "$here/lib_x509.sh"

remember

# In the pipeline.
pipeline '- {name: "docker:20.10.16-dind", command: ["--tls=false", "--insecure-registry", "registry.gitlab.example.com"]}'
config ''
run 0 run login
has 'Login Succeeded'
nothing_left

# A mounted file.
echo '{"insecure-registries": ["registry.gitlab.example.com"]}' >"$work/daemon.json"
pipeline '- {name: "docker:20.10.16-dind", command: ["--tls=false"]}'
config ", \"$work/daemon.json:/etc/docker/daemon.json:ro\""
run 0 run login
has 'Login Succeeded'
nothing_left

# A service of the runner: the pipeline itself names no daemon.
pipeline
config '' '[[runners.docker.services]]
name = "docker:20.10.16-dind"
command = ["--tls=false", "--insecure-registry", "registry.gitlab.example.com"]'
run 0 run login
has 'Login Succeeded'
nothing_left
