#!/bin/sh
# Entrypoint of the `registry` image: a configuration file or a subcommand is enough.
# Written for the tests after the documented behaviour of the image of that name.
set -e

case "${1:-}" in
*.yaml | *.yml) set -- registry serve "$@" ;;
serve | garbage-collect | help | -*) set -- registry "$@" ;;
esac

exec "$@"
