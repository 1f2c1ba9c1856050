#!/bin/sh
# Entrypoint of the `redis` image: options alone mean the server; it does not stay root.
# Written for the tests after the documented behaviour of the image of that name.
set -e

if [ "${1#-}" != "${1:-}" ] || [ "${1%.conf}" != "${1:-}" ]; then
	set -- redis-server "$@"
fi

if [ "${1:-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
	# By its path: the shell has a setpriv of its own, with other options.
	chown redis:redis . 2>/dev/null || :
	exec /usr/bin/setpriv --reuid redis --regid redis --clear-groups -- "$@"
fi

exec "$@"
