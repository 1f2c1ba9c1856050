#!/usr/bin/env bash
# --image FROM=TO and [cilocal.images]: exact names and patterns, for jobs and services, beside the local registry.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
exact: {image: corp.example/tools/shell:3, script: [echo exact-ran]}
pattern: {image: corp.example/mirror/busybox:latest, script: [echo pattern-ran]}
service:
  image: busybox
  services: [{name: corp.example/mirror/redis:7, alias: db}]
  script: ['echo PING | nc -w 5 db 6379']
END
run 0 run --pull if-not-present --image corp.example/tools/shell:3=busybox --image 'corp.example/mirror/*=*'
has 'exact-ran'
has 'pattern-ran'
has '+PONG'

# A pattern is no prefix: what does not fit is left alone.
run 4 run pattern --image 'corp.example/*/redis:7=redis:7'
has 'corp.example/mirror/busybox:latest'

# The same out of a configuration file; the command line wins.
cat >.cilocal.toml <<'END'
[cilocal.images]
"corp.example/tools/shell:3" = "there.example/is/no/such:image"
"corp.example/mirror/*" = "*"
END
run 0 run pattern service
has 'pattern-ran'
has '+PONG'
run 4 run exact
has 'there.example/is/no/such:image'
run 0 run exact --image corp.example/tools/shell:3=busybox
has 'exact-ran'

# With the local registry too.
at_end "'$cilocal' registry stop --purge >/dev/null 2>&1"
run 0 run --registry pattern
has 'pattern-ran'
