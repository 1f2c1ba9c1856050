#!/usr/bin/env bash
# resource_group: one job at a time, in one run and between two of them.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<END
.deploy:
  resource_group: production
  script:
    - mkdir $work/busy
    - sleep 0.4
    - rmdir $work/busy
one: {extends: .deploy}
two: {extends: .deploy}
three: {extends: .deploy}
END
run 0 run -j 3
start run -j 3
run 0 run -j 3
ends 0
[[ ! -e $work/busy ]] || fail "a job was cut short"
