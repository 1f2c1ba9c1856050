#!/usr/bin/env bash
# The how-to's third failure: the registry's certificate is self-signed and valid for no name.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/docker/lib_x509.sh
. "$here/lib_x509.sh"

remember

pipeline '- {name: "docker:20.10.16-dind", command: ["--tls=false"]}'
config ''
run 1 run login
has 'x509: certificate is not valid for any names, but wanted to match registry.gitlab.example.com'
has 'hint: '
has 'cure: '
has 'insecure-registry'
# The service that lacks the option.
has_line '\.gitlab-ci\.yml:[0-9]+: '
nothing_left
