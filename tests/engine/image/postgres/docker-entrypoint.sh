#!/bin/bash
# Entrypoint of the `postgres` image: makes the database at the first start.
# Written for the tests after the documented behaviour of the image of that name.
set -euo pipefail

if [[ ${1:-} == -* ]]; then
	set -- postgres "$@"
fi
if [[ ${1:-} != postgres ]]; then
	exec "$@"
fi

# from_file NAME: NAME, or what the file NAME_FILE holds, but not both.
from_file() {
	local name=$1 file=${1}_FILE
	if [[ -n ${!name:-} && -n ${!file:-} ]]; then
		echo >&2 "error: both $name and $file are set (but are exclusive)"
		exit 1
	fi
	if [[ -n ${!file:-} ]]; then
		printf -v "$name" '%s' "$(<"${!file}")"
	fi
	unset "$file"
}

export PGDATA=${PGDATA:-/var/lib/postgresql/data}
from_file POSTGRES_PASSWORD
from_file POSTGRES_USER
from_file POSTGRES_DB
from_file POSTGRES_INITDB_ARGS
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}

as_postgres() {
	if [[ $(id -u) == 0 ]]; then
		setpriv --reuid postgres --regid postgres --clear-groups -- "$@"
	else
		"$@"
	fi
}

if [[ $(id -u) == 0 ]]; then
	mkdir -p "$PGDATA" /var/run/postgresql
	chown -R postgres:postgres "$PGDATA" /var/run/postgresql
	chmod 0700 "$PGDATA"
fi

if [[ ! -s $PGDATA/PG_VERSION ]]; then
	if [[ -z ${POSTGRES_PASSWORD:-} && $method != trust ]]; then
		cat >&2 <<-'END'
			Error: Database is uninitialized and superuser password is not specified.
			       You must specify POSTGRES_PASSWORD to a non-empty value for the
			       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".

			       You may also use "POSTGRES_HOST_AUTH_METHOD=trust" to allow all
			       connections without a password. This is *not* recommended.
		END
		exit 1
	fi
	secret=$(mktemp)
	printf '%s\n' "${POSTGRES_PASSWORD:-}" >"$secret"
	[[ $(id -u) != 0 ]] || chown postgres "$secret"
	arguments=(--username="$user" --pwfile="$secret")
	[[ -n ${POSTGRES_PASSWORD:-} ]] || arguments=(--username="$user")
	# shellcheck disable=SC2206 # a list of arguments, as documented
	arguments+=(${POSTGRES_INITDB_ARGS:-})
	as_postgres initdb -D "$PGDATA" "${arguments[@]}"
	rm -f "$secret"
	printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"

	# A server that nobody outside can reach yet: what waits for the port waits for the real one.
	as_postgres pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
	export PGPASSWORD=${POSTGRES_PASSWORD:-}
	if [[ $database != postgres ]]; then
		psql -v ON_ERROR_STOP=1 --username "$user" --no-password --dbname postgres -c "CREATE DATABASE \"$database\""
	fi
	for file in /docker-entrypoint-initdb.d/*; do
		case $file in
		*.sh) if [[ -x $file ]]; then "$file"; else . "$file"; fi ;;
		*.sql) psql -v ON_ERROR_STOP=1 --username "$user" --no-password --dbname "$database" -f "$file" ;;
		esac
	done
	unset PGPASSWORD
	as_postgres pg_ctl -D "$PGDATA" -m fast -w stop
	echo
	echo 'PostgreSQL init process complete; ready for start up.'
	echo
fi

if [[ $(id -u) == 0 ]]; then
	exec setpriv --reuid postgres --regid postgres --clear-groups -- "$@"
fi
exec "$@"
