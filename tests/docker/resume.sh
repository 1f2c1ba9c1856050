#!/usr/bin/env bash
# --resume, --from and --until with containers: what passed is not run again, its artifacts go on.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
stages: [build, test]
make:
  stage: build
  image: busybox
  script: ["echo made $CI_JOB_STARTED_AT > made.txt"]
  artifacts: {paths: [made.txt]}
check: {stage: test, image: busybox, script: [cat made.txt, test -e works]}
END
remember
run 1 run
made=$(sed -n 's/^check | made //p' "$work/out")
[[ -n $made ]] || fail "no artifact came"
touch works
git add works
run 0 run --resume
has "1 of 2 jobs stay passed"
has "check | made $made"
has_not "make  | Using Docker executor"
run 0 run --from check
has "made $made"
sleep 1
run 0 run --until make
run 0 run --from check --until check
has "job 'make' is not run: its artifacts come from run"
has_not "made $made"
nothing_left
