#!/bin/sh
# Entrypoint of the `redis` image: options alone mean the server; it does not stay root.
# Written for the tests after the documented behaviour of the image of that name.
set -e

if [ "${1#-}" != "${1:-}" ] || [ "${1%.conf}" != "${1:-}" ]; then
	set -- redis-server "$@"
fi

if [ "${1:-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
	chown redis:redis . 2>/dev/null || :
	exec setpriv --reuid redis --regid redis --clear-groups -- "$@"
fi

exec "$@"
