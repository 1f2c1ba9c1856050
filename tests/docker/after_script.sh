#!/usr/bin/env bash
# after_script has a shell of its own, runs after a failure too, and does not change the job's end.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
fails:
  image: busybox
  before_script: ["FROM_BEFORE=yes", "export EXPORTED=yes"]
  script:
    - echo "script $FROM_BEFORE"
    - cd /tmp
    - exit 5
  after_script:
    - echo "after [$FROM_BEFORE] [$EXPORTED] in $PWD status $CI_JOB_STATUS"
    - exit 9
passes:
  image: busybox
  script: ["echo main"]
  after_script: ["echo status $CI_JOB_STATUS", "false"]
END
remember

run 1 run fails
has 'script yes'
has 'after [] [] in /builds/group/project status failed'
has 'exit code 5'
run 0 run passes
has 'status success'
nothing_left
