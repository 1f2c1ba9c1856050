#!/usr/bin/env bash
# A need that the rules leave out for this event: the definition is valid, this pipeline is not.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
a:
  script: ["true"]
  rules: [{if: $CI_COMMIT_TAG}]
b:
  script: ["true"]
  needs: [a]
END
run 0 lint
has 'valid, but for this event GitLab creates no pipeline'
has "warning: job 'b' needs job 'a', which is not in this pipeline"
run 3 list
has "error: job 'b' needs job 'a', which is not in this pipeline"
run 3 run
run 0 lint --tag v1
has 'valid, 2 jobs'
# A fault of the definition stays one.
sed -i 's/needs: \[a\]/needs: [nobody]/' .gitlab-ci.yml
run 3 lint
has "[undefined-need]"

# Who forgets a job's stage is told where the job is.
project <<'END'
stages: [build, test]
build: {script: ["true"]}
END
run 0 lint
has "warning: no job is in stage 'build'"
has "job 'build' has no 'stage': it is in 'test'"
