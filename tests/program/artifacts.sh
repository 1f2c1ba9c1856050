#!/usr/bin/env bash
# Artifacts and dotenv variables go from job to job, also from an earlier run; caches from run to run.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
stages: [build, test, late]
build:
  stage: build
  script:
    - mkdir -p out/deep
    - echo built >out/deep/file
    - echo no >out/skip.tmp
    - echo "VERSION=1.2.3" >build.env
  artifacts:
    paths: [out/]
    exclude: ["out/*.tmp"]
    reports: {dotenv: build.env}
other:
  stage: build
  script: ["mkdir -p out", "echo other >out/other"]
  artifacts: {paths: [out/]}
both:
  stage: test
  script: ["cat out/deep/file out/other", "test ! -e out/skip.tmp", 'echo "version $VERSION"']
one:
  stage: test
  needs: [build]
  script: ["cat out/deep/file", "test ! -e out/other", 'echo "one $VERSION"']
none:
  stage: late
  dependencies: []
  script: ["test ! -e out", 'echo "none [$VERSION]"']
plain:
  stage: late
  needs: [{job: build, artifacts: false}]
  script: ["test ! -e out", 'echo "plain [$VERSION]"']
END
run 0 run
has "version 1.2.3"
has "one 1.2.3"
has "none []"
has "plain []"
is "$(git status --porcelain)" ""
[[ ! -e out ]] || fail "the work tree was written to"

# Alone, a job gets what an earlier run kept.
run 0 run one
has "its artifacts come from run"
has "one 1.2.3"
"$cilocal" clean --runs >/dev/null
run 1 run one
has "no earlier run kept its artifacts"
run 0 run --needs one

project <<'END'
stages: [a, b]
failing: {stage: a, script: ["echo partial >file", "exit 1"], artifacts: {paths: [file], when: on_failure}}
quiet: {stage: a, script: ["echo x >quiet", "exit 1"], allow_failure: true, artifacts: {paths: [quiet]}}
after: {stage: b, when: always, script: ["cat file", "test ! -e quiet"]}
END
run 1 run --json
is "$(events 'select(.event == "job_finished" and .job == "after") | .status')" success

project <<'END'
bad: {script: ["printf 'a b c\n' >x.env"], artifacts: {reports: {dotenv: x.env}}}
END
run 1 run
has "Invalid Format"

project <<'END'
warm:
  script: ["if [ -e vendor/lib ]; then echo hit; else echo miss; fi", "mkdir -p vendor", "echo lib >vendor/lib"]
  cache: {key: deps, paths: [vendor/]}
END
run 0 run
has "miss"
run 0 run
has "hit"
run 0 clean --caches
run 0 run
has "miss"
