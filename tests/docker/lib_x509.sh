# shellcheck shell=bash
# For tests with a registry whose certificate is self-signed and valid for no name; sourced after lib.sh.
# It makes the certificate, and gives the two functions below.

self_signed "$work/tls"

# pipeline [COMMAND]: a registry with that certificate beside the daemon, as another service.
pipeline() {
	project main <<-END
		login:
		  image: docker:20.10.16
		  services:
		    - name: registry:2
		      alias: registry.gitlab.example.com
		      variables:
		        REGISTRY_HTTP_ADDR: ":443"
		        # The image exposes 5000, where nothing listens now.
		        HEALTHCHECK_TCP_PORT: "443"
		        REGISTRY_HTTP_TLS_CERTIFICATE: /tls/cert.pem
		        REGISTRY_HTTP_TLS_KEY: /tls/key.pem
		    ${1:-}
		  variables:
		    DOCKER_HOST: tcp://docker:2375
		    DOCKER_TLS_CERTDIR: ""
		  script:
		    - for i in 1 2 3 4 5 6 7 8 9 10; do docker info >/dev/null 2>&1 && break; sleep 1; done
		    - docker login -u user -p password registry.gitlab.example.com
	END
}

# config VOLUMES [MORE]: the runner's configuration.
config() {
	cat >.cilocal.toml <<-END
		[[runners]]
		  executor = "docker"
		  [runners.docker]
		    privileged = true
		    volumes = ["$work/tls:/tls:ro"$1]
		${2:-}
	END
}
