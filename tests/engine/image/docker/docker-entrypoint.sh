#!/bin/sh
# Entrypoint of the `docker` image: finds the daemon, then becomes the command.
# Written for the tests after the documented behaviour of the image of that name.
set -eu

# `docker run docker images` means `docker images`; so does `docker run docker -H ... images`.
if [ "${1#-}" != "${1:-}" ]; then
	set -- docker "$@"
elif [ $# -gt 0 ] && ! command -v "$1" >/dev/null 2>&1 && docker help "$1" >/dev/null 2>&1; then
	set -- docker "$@"
fi

client_certificates() {
	[ -n "${DOCKER_TLS_CERTDIR:-}" ] &&
		[ -s "$DOCKER_TLS_CERTDIR/client/ca.pem" ] &&
		[ -s "$DOCKER_TLS_CERTDIR/client/cert.pem" ] &&
		[ -s "$DOCKER_TLS_CERTDIR/client/key.pem" ]
}

if [ -z "${DOCKER_HOST:-}" ] && [ -S /var/run/docker.sock ]; then
	export DOCKER_HOST=unix:///var/run/docker.sock
fi

if [ -z "${DOCKER_HOST:-}" ]; then
	if client_certificates || [ -n "${DOCKER_TLS_VERIFY:-}" ]; then
		export DOCKER_HOST=tcp://docker:2376
	else
		export DOCKER_HOST=tcp://docker:2375
	fi
fi

case $DOCKER_HOST in
tcp:*)
	if [ -z "${DOCKER_TLS_VERIFY:-}" ] && [ -z "${DOCKER_CERT_PATH:-}" ] && client_certificates; then
		export DOCKER_TLS_VERIFY=1
		export DOCKER_CERT_PATH="$DOCKER_TLS_CERTDIR/client"
	fi
	;;
esac

if [ "${1:-}" = dockerd ]; then
	cat >&2 <<-'END'

		This image holds the client only; the daemon is in the image of the same version
		whose tag ends in -dind.

	END
fi

exec "$@"
