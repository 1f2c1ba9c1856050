#!/usr/bin/env bash
# A daemon on another machine, reached through TCP with --tlsverify, in each of the ways in which docker and a
# config.toml name one: the environment, contexts, [runners.docker]. It is a real one, in a container.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir "$work/certs"
api GET /images/busybox:latest/get -f -o "$work/busybox.tar"
id=$(api POST /containers/create -f -H 'Content-Type: application/json' -d '{
	"Image": "docker:20.10.16-dind", "Env": ["DOCKER_TLS_CERTDIR=/certs"],
	"HostConfig": {"Privileged": true, "Binds": ["'"$work/certs"':/certs"]}}' | jq -r .Id)
at_end "DOCKER_HOST=$DOCKER_HOST api DELETE '/containers/$id?force=1&v=1' -o /dev/null"
api POST "/containers/$id/start" -f
ip=$(api GET "/containers/$id/json" | jq -r .NetworkSettings.IPAddress)
[[ $ip == null || ! $ip ]] && ip=$(api GET "/containers/$id/json" | jq -r '.NetworkSettings.Networks.bridge.IPAddress')
far=tcp://$ip:2376 certs=$work/certs/client

# far PATH [OPTION...]: the far engine's API, for what the test itself needs of it.
far() {
	local path=$1
	shift
	curl -sS --cacert "$certs/ca.pem" --cert "$certs/cert.pem" --key "$certs/key.pem" "https://$ip:2376$path" "$@"
}
until_true 30 far /_ping -f
far /images/load -f -o /dev/null --data-binary "@$work/busybox.tar" -H 'Content-Type: application/x-tar'
engine_id=$(far /info | jq -r .ID)
[[ $engine_id && $engine_id != "$(api GET /info | jq -r .ID)" ]] || fail "the far engine is the near one"

project main <<'END'
image: busybox
make: {stage: build, script: [cat file, 'echo made >out'], artifacts: {paths: [out]}}
use: {stage: test, services: [{name: busybox, alias: near, command: [httpd, -f, -p, "80"], variables: {HEALTHCHECK_TCP_PORT: "80"}}], script: [cat out, nslookup near]}
END
echo "from the work tree" >file
git add file
near=$DOCKER_HOST
unset DOCKER_HOST

# The environment, as for docker.
export DOCKER_HOST=$far DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=$certs
run 0 run
has 'from the work tree'
has 'made'
run 0 doctor
has "at $far (DOCKER_HOST): "
[[ $(far '/containers/json?all=1' | jq length) == 0 ]] || fail "something is left on the far engine"
# Without what it takes.
DOCKER_CERT_PATH=$work/none run 4 run
has "cannot connect to the Docker engine at $far (DOCKER_HOST): "
has 'there is no ca.pem to know it by'
mkdir "$work/only-ca" && cp "$certs/ca.pem" "$work/only-ca"
DOCKER_CERT_PATH=$work/only-ca run 4 run
has 'cert.pem and key.pem are missing'
unset DOCKER_TLS_VERIFY DOCKER_CERT_PATH
run 4 run
has "the engine at $far (DOCKER_HOST) wants TLS"
unset DOCKER_HOST

# A context, as `docker context create far --docker host=...,ca=...,cert=...,key=...` writes one.
hash=$(printf far | sha256sum | cut -d' ' -f1)
mkdir -p "$HOME/.docker/contexts/meta/$hash" "$HOME/.docker/contexts/tls/$hash"
echo '{"Name":"far","Metadata":{},"Endpoints":{"docker":{"Host":"'"$far"'","SkipTLSVerify":false}}}' \
	>"$HOME/.docker/contexts/meta/$hash/meta.json"
cp -r "$certs" "$HOME/.docker/contexts/tls/$hash/docker"
DOCKER_CONTEXT=far run 0 run make
DOCKER_CONTEXT=far run 0 doctor
has "at $far (docker context 'far'): "
DOCKER_CONTEXT=away run 2 run make
has "there is no docker context 'away'"
# `docker context use far`.
echo '{"currentContext":"far"}' >"$HOME/.docker/config.json"
run 0 doctor
has "at $far (docker context 'far'): "
# DOCKER_HOST wins over a context, and the context "default" is none.
DOCKER_HOST=$near run 0 doctor
has "at $near (DOCKER_HOST): "
rm -r "$HOME/.docker"

# config.toml.
cat >.cilocal.toml <<END
[[runners]]
executor = "docker"
[runners.docker]
host = "$far"
tls_verify = true
tls_cert_path = "$certs"
END
run 0 run
has 'made'
run 0 doctor
has "at $far (configured host): "
[[ $(far '/containers/json?all=1' | jq length) == 0 ]] || fail "something is left on the far engine"
# A certificate of somebody else's authority.
self_signed "$work/other"
mkdir "$work/wrong" && cp "$certs"/*.pem "$work/wrong" && cp "$work/other/cert.pem" "$work/wrong/ca.pem"
sed -i "s#$certs#$work/wrong#" .cilocal.toml
run 4 run
has 'is not the authority of that engine'
