#!/usr/bin/env bash
# The how-to's second failure: the daemon in the service cannot resolve the registry's name.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
login:
  image: docker:20.10.16
  services:
    - name: docker:20.10.16-dind
      command: ["--tls=false", "--insecure-registry", "registry.gitlab.example.com"]
  variables:
    DOCKER_HOST: tcp://docker:2375
    DOCKER_TLS_CERTDIR: ""
  script:
    - for i in 1 2 3 4 5 6 7 8 9 10; do docker info >/dev/null 2>&1 && break; sleep 1; done
    - docker login -u user -p password registry.gitlab.example.com
END
cat >.cilocal.toml <<'END'
[[runners]]
  [runners.docker]
    privileged = true
    volumes = ["/cache"]
END
remember

# The answer is the machine's DNS server's, which may be slow: then it is asked again.
for _ in 1 2 3 4; do
	run 1 run login
	grep -q 'i/o timeout' "$work/out" || break
done
has_line 'lookup registry\.gitlab\.example\.com.*(no such host|server misbehaving)'
has 'hint: '
has 'cure: '
has 'extra_hosts'
# The section that the line belongs into.
has_line '\.cilocal\.toml:[0-9]+: '
nothing_left
