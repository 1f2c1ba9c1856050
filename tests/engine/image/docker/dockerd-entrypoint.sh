#!/bin/sh
# Entrypoint of the `docker:dind` image: makes certificates where asked for, and starts dockerd.
# Written for the tests after the documented behaviour of the image of that name.
set -eu

days=825

# subject_names: every name and address under which this container may be called.
subject_names() {
	{
		ip -oneline address 2>/dev/null | awk '{ sub(/\/.*/, "", $4); if ($4 != "") print "IP:" $4 }'
		for name in "$(hostname 2>/dev/null)" "$(hostname -f 2>/dev/null)" "$(cat /etc/hostname 2>/dev/null)" docker localhost; do
			[ -z "$name" ] || echo "DNS:$name"
		done
		[ -z "${DOCKER_TLS_SAN:-}" ] || echo "$DOCKER_TLS_SAN" | tr ',' '\n'
	} | sort -u | tr '\n' ',' | sed 's/,$//'
}

# certificate DIR NAME USAGE NAMES: a key and a certificate signed by the authority in $1/ca.
certificate() {
	dir=$1 name=$2 usage=$3 names=$4
	mkdir -p "$dir/$name"
	[ -s "$dir/$name/key.pem" ] || openssl genrsa -out "$dir/$name/key.pem" 2048 2>/dev/null
	openssl req -new -key "$dir/$name/key.pem" -out "$dir/$name/csr.pem" -subj "/CN=docker:dind $name"
	{
		echo '[ x509_exts ]'
		echo "extendedKeyUsage = $usage"
		[ -z "$names" ] || echo "subjectAltName = $names"
	} >"$dir/$name/openssl.cnf"
	openssl x509 -req -in "$dir/$name/csr.pem" -CA "$dir/ca/cert.pem" -CAkey "$dir/ca/key.pem" -CAcreateserial \
		-out "$dir/$name/cert.pem" -days "$days" -extfile "$dir/$name/openssl.cnf" -extensions x509_exts
	cp "$dir/ca/cert.pem" "$dir/$name/ca.pem"
	openssl verify -CAfile "$dir/$name/ca.pem" "$dir/$name/cert.pem"
}

make_certificates() {
	dir=$1
	mkdir -p "$dir/ca"
	[ -s "$dir/ca/key.pem" ] || openssl genrsa -out "$dir/ca/key.pem" 2048 2>/dev/null
	openssl req -new -x509 -key "$dir/ca/key.pem" -out "$dir/ca/cert.pem" -subj '/CN=docker:dind CA' -days "$days"
	certificate "$dir" server serverAuth "$(subject_names)"
	certificate "$dir" client clientAuth ''
	# The client is another container, where the job may run as any user.
	chmod 0755 "$dir" "$dir/client" 2>/dev/null || :
	chmod 0644 "$dir"/client/*.pem
}

# Nothing, or options only: the default daemon with these options.
if [ $# -eq 0 ] || [ "${1#-}" != "$1" ]; then
	socket=unix:///var/run/docker.sock
	case ${DOCKER_HOST:-} in
	unix://*) socket=$DOCKER_HOST ;;
	esac
	if [ -n "${DOCKER_TLS_CERTDIR:-}" ]; then
		make_certificates "$DOCKER_TLS_CERTDIR"
		set -- dockerd --host="$socket" --host=tcp://0.0.0.0:2376 \
			--tlsverify \
			--tlscacert "$DOCKER_TLS_CERTDIR/server/ca.pem" \
			--tlscert "$DOCKER_TLS_CERTDIR/server/cert.pem" \
			--tlskey "$DOCKER_TLS_CERTDIR/server/key.pem" \
			"$@"
	else
		set -- dockerd --host="$socket" --host=tcp://0.0.0.0:2375 "$@"
	fi
fi

if [ "$1" = dockerd ]; then
	# A container that was stopped hard and is started again still has these.
	find /run /var/run -iname 'docker*.pid' -delete 2>/dev/null || :
	find /run /var/run -iname 'container*.pid' -delete 2>/dev/null || :
	if [ -z "${DOCKER_IPTABLES_LEGACY:-}" ]; then
		if ! iptables -nL >/dev/null 2>&1; then
			# The tables may be in a module that nothing has loaded so far.
			modprobe nf_tables || :
			iptables -nL >/dev/null 2>&1 || DOCKER_IPTABLES_LEGACY=1
		fi
	fi
	if [ -n "${DOCKER_IPTABLES_LEGACY:-}" ]; then
		modprobe ip_tables || :
		export PATH="/usr/local/sbin/.iptables-legacy:$PATH"
	fi
	set -- dind docker-init -- "$@"
else
	set -- docker-entrypoint.sh "$@"
fi

exec "$@"
