#!/usr/bin/env bash
# The local registry with TLS: jobs and their dind services trust it without an option of theirs, the host's engine
# pulls from it, our own client verifies it; it goes back to plain HTTP, and its files go with --purge.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
push:
  image: docker:20.10.16
  services:
    - {name: "docker:20.10.16-dind", command: ["--tls=false"]}
  variables:
    DOCKER_HOST: tcp://docker:2375
    DOCKER_TLS_CERTDIR: ""
  script:
    - for i in 1 2 3 4 5 6 7 8 9 10; do docker info >/dev/null 2>&1 && break; sleep 1; done
    - docker login -u "$CI_REGISTRY_USER" -p "$CI_REGISTRY_PASSWORD" "$CI_REGISTRY"
    - cmp "$CI_SERVER_TLS_CA_FILE" "/etc/docker/certs.d/$CI_REGISTRY/ca.crt"
    - printf 'FROM scratch\nCOPY .gitlab-ci.yml /\n' | docker build -t "$CI_REGISTRY_IMAGE:1" -f - .
    - docker push "$CI_REGISTRY_IMAGE:1"
over: {image: busybox, script: ['ls /etc/docker/certs.d/']}
END
cat >.cilocal.toml <<END
[cilocal]
registry-tls = true
privileged = true
END
mkdir -p "$work/certs.d"
cat >"$work/over.toml" <<END
[[runners]]
  executor = "docker"
  [runners.docker]
    volumes = ["$work/certs.d:/etc/docker/certs.d"]
END
remember

run 0 run --registry push
has 'Login Succeeded'
run 0 registry status --json --show-password
jq -e '.tls and (.url | startswith("https://127.0.0.1:"))' "$work/out" >/dev/null || fail "it does not run with TLS"
ca=$(jq -r .ca "$work/out") url=$(jq -r .url "$work/out")
login=$(jq -r '.user + ":" + .password' "$work/out")
at_end "'$cilocal' registry stop --purge >/dev/null 2>&1"
[[ $(stat -c %a "${ca%/*}"/* | sort -u) == 600 ]] || fail "others may read the keys"
curl -sS -f --cacert "$ca" -u "$login" "$url/v2/group/project/tags/list" | grep -qF '"1"' || fail "the image is not there"
! curl -sS -f -u "$login" "$url/v2/" 2>/dev/null || fail "a client without the authority trusts it"
run 0 registry list
has 'group/project:1'
run 0 registry list --json
jq -e '.tls and (.url | startswith("https://"))' "$work/out" >/dev/null || fail "the list does not say that it runs with TLS"
run 0 registry status
has_line "^  speaks +TLS, with a certificate until $(date -d +397days +%Y-%m-%d)$"

# A folder of the user's is not written into.
run 0 run --registry --config "$work/over.toml" over
has 'a volume lies over /etc/docker/certs.d/registry.gitlab.example.com'
[[ -z $(ls -A "$work/certs.d") ]] || fail "something was put into a folder of the user's"

# Another name needs another certificate, of the same authority, valid for both.
run 0 registry start --registry-host images.example.org:5050
run 0 registry status --json
url=$(jq -r .url "$work/out")
for name in images.example.org registry.gitlab.example.com; do
	curl -sS -o /dev/null --cacert "$ca" --connect-to "$name:5050:${url#https://}" "https://$name:5050/v2/" ||
		fail "the certificate is not valid for $name"
done

run 0 vars push
has CI_SERVER_TLS_CA_FILE

# Back to plain HTTP; the images stay.
run 0 registry start --no-tls
has 'plain HTTP'
run 0 registry list
has 'group/project:1'
run 0 registry stop --purge
[[ ! -e ${ca%/*} ]] || fail "the keys outlive --purge"
nothing_left
