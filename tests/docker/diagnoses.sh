#!/usr/bin/env bash
# Failures that the tool knows, provoked by the real programs: docker in a job, its daemon in a service, and registries
# of several kinds beside it. Each must be explained, and with the line to change.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/docker/lib_hints.sh
. "$here/lib_hints.sh"

# Certificates of registries: of an authority that nobody knows, for another name, run out.
certificate() { # certificate NAME SUBJECT_NAME [OPTION...]
	mkdir -p "$work/tls/$1"
	openssl req -newkey rsa:2048 -nodes -subj /O=Example -keyout "$work/tls/$1/key.pem" -out "$work/tls/csr" 2>/dev/null
	openssl x509 -req -in "$work/tls/csr" -signkey "$work/tls/$1/key.pem" -out "$work/tls/$1/cert.pem" "${@:3}" \
		-extfile <(echo "subjectAltName = DNS:$2") 2>/dev/null
}
certificate unknown unknown-ca -days 2
certificate other somebody-else -days 2
certificate expired run-out -days -1

project main <<'END'
all:
  image: docker:20.10.16
  services:
    - name: docker:20.10.16-dind #dind
      command: ["--tls=false", "--insecure-registry", "insecure:5000", "--insecure-registry", "locked:5000"]
    - {name: "registry:2", alias: "insecure,plain"}
    - name: registry:2
      alias: unknown-ca
      variables: {REGISTRY_HTTP_ADDR: ":443", HEALTHCHECK_TCP_PORT: "443", REGISTRY_HTTP_TLS_CERTIFICATE: /tls/unknown/cert.pem, REGISTRY_HTTP_TLS_KEY: /tls/unknown/key.pem}
    - name: registry:2
      alias: other-name
      variables: {REGISTRY_HTTP_ADDR: ":443", HEALTHCHECK_TCP_PORT: "443", REGISTRY_HTTP_TLS_CERTIFICATE: /tls/other/cert.pem, REGISTRY_HTTP_TLS_KEY: /tls/other/key.pem}
    - name: registry:2
      alias: run-out
      variables: {REGISTRY_HTTP_ADDR: ":443", HEALTHCHECK_TCP_PORT: "443", REGISTRY_HTTP_TLS_CERTIFICATE: /tls/expired/cert.pem, REGISTRY_HTTP_TLS_KEY: /tls/expired/key.pem}
    - name: registry:2
      alias: locked
      variables: {REGISTRY_AUTH: htpasswd, REGISTRY_AUTH_HTPASSWD_REALM: r, REGISTRY_AUTH_HTPASSWD_PATH: /tls/htpasswd}
  variables:
    DOCKER_HOST: tcp://docker:2375 #DOCKER_HOST
    DOCKER_TLS_CERTDIR: ""
    IMAGE_TAG: ":$CI_COMMIT_REF_SLUG" #IMAGE_TAG
  script:
    - set +e
    - for i in 1 2 3 4 5 6 7 8 9 10; do docker info >/dev/null 2>&1 && break; sleep 1; done
    # Who is asked, and how.
    - docker -H tcp://docker:2376 version
    - docker -H unix:///var/run/docker.sock version
    - docker -H tcp://nobody-here:2375 version
    - docker -H tcp://unknown-ca:443 version
    - DOCKER_API_VERSION=1.99 docker version
    - DOCKER_API_VERSION=1.10 docker version
    - DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=/nowhere docker version
    # Registries.
    - docker pull plain:5000/some/image
    - docker pull unknown-ca:443/some/image
    - docker pull other-name:443/some/image
    - docker pull run-out:443/some/image
    - docker pull insecure:5000/not/pushed #manifest
    - docker pull some-image-of-the-hub
    - docker login insecure:5000 </dev/null
    - docker login -u me -p wrong locked:5000 #login
    - mkdir /tmp/c && echo '{"credsStore":"desktop"}' >/tmp/c/config.json && DOCKER_CONFIG=/tmp/c docker login -u me -p wrong insecure:5000
    # Images and containers.
    - docker build -t "$IMAGE_TAG" .
    - docker image inspect not-built-here #inspect
    - mkdir /tmp/i /tmp/i/bin && cp /bin/busybox /tmp/i/bin/ && ln -s busybox /tmp/i/bin/sleep && tar -cC /tmp/i . | docker import - locked:5000/tiny
    - docker push locked:5000/tiny #push
    - docker run --rm -it locked:5000/tiny #tty
    - docker run -d --name web -p 8080:80 locked:5000/tiny sleep 100 #web
    - docker run -d -p 8080:80 locked:5000/tiny sleep 100 #port
    - docker run -d --name web locked:5000/tiny sleep 100 #name
    - docker run --rm --add-host gitlab:gitlab.example.com locked:5000/tiny sleep 0 #add-host
    - docker run --rm -u dave locked:5000/tiny sleep 0 #dave
    - docker run --rm locked:5000/tiny no-such-program
    - docker exec gone true #gone
    # Files and programs.
    - ./script.sh #x-bit
    - kubectl version
    - dd if=/dev/zero of=/small/file bs=1k count=100
    - touch /tls/x
    - wget -qO- http://docker:9/
    - "false"
END
printf 'echo hello\n' >script.sh
printf 'me:%s\n' '$2y$05$abcdefghijklmnopqrstuuK1JDvYk1mUuBbMQpBz4pZCTyUE1XW6K' >"$work/tls/htpasswd"
cat >.cilocal.toml <<END
[[runners]]
executor = "docker"
[runners.docker]
privileged = true
volumes = ["$work/tls:/tls:ro"]
tmpfs = {"/small" = "size=16k"}
END
git add -A && git commit -qm "A script"
remember
run 1 run
hinted 'expects TLS on port 2376' '#DOCKER_HOST'
hinted 'looked for a local socket' '#DOCKER_HOST'
hinted "no service answers to the name 'nobody-here'" .gitlab-ci.yml:4:
hinted 'a client without TLS talks to port 2376' '#DOCKER_HOST'
hinted 'is newer than the engine' .gitlab-ci.yml:2:
hinted 'is too old for the engine' .gitlab-ci.yml:2:
hinted "the client's certificates are not there" '.gitlab-ci.yml:'
hinted 'plain:5000 speaks plain HTTP' '#dind'
hinted 'an authority that whoever made the connection does not know' '#dind'
hinted 'the name in the address is not in the certificate' '.gitlab-ci.yml:'
hinted 'there is no image with that tag' '#manifest'
hinted "can't find Docker Hub" .gitlab-ci.yml:
hinted "the password for 'docker login' is empty" '.gitlab-ci.yml:'
hinted 'name and password were refused' '#login'
hinted 'a credential helper (credsStore) that is not there' .gitlab-ci.yml:
hinted 'the name of an image is malformed' '#IMAGE_TAG'
hinted 'the image is not there' '#inspect'
hinted 'there was no login to that registry' '#push'
hinted 'a job has no terminal' '#tty'
hinted 'a port of this machine is in use' '#port'
hinted 'a container with that name exists' '#name'
hinted 'the right side of an extra_hosts entry' '#add-host'
hinted "the image does not know the user 'dave'" '#dave'
hinted "can't start its entrypoint" .gitlab-ci.yml:
hinted "'./script.sh' can't be executed" '#x-bit'
hinted "'kubectl' is not there" .gitlab-ci.yml:2:
hinted 'mounted read-only' .cilocal.toml:5:
hinted 'nothing listens there' .gitlab-ci.yml:4:
hinted 'somebody removed the container' '#gone'
has 'hint: a certificate has run out'
has 'hint: a disk is full'
nothing_left
