#!/usr/bin/env bash
# A log longer than the limit: what is shown ends where GitLab's would, the whole of it is on the disk.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'EOF'
long:
  script:
    - seq 100000 130000
    - echo the end >&2
    - exit 3
EOF
printf '[[runners]]\n  output_limit = 16\n' >.cilocal.toml
run 1 run
has "Job's log exceeded limit of 16384 bytes."
has 'Job execution will continue but no more output will be shown: all of it is in '
has 'ERROR: Job failed: exit'
has '    | the end'
is "$(grep -c '^100001$' "$work/stdout")" 1
is "$(grep -c '^110001$' "$work/stdout")" 0
log=$(sed -n 's/.*all of it is in \(.*\)\.$/\1/p' "$work/stdout")
is "$(grep -c '^1[0-9]\{5\}$' "$log")" 30001

# Programs that read events get everything.
run 1 run --json
is "$(grep -c '"text":"1[0-9]\{5\}"' "$work/stdout")" 30001

# 4 MiB without a word in the configuration.
rm .cilocal.toml
sed -i 's/seq 100000 130000/seq 1000000 1700000/' .gitlab-ci.yml
run 1 run
has "Job's log exceeded limit of 4194304 bytes."
