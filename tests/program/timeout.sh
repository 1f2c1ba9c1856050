#!/usr/bin/env bash
# A job's time is up: everything of it stops, after_script too; RUNNER_SCRIPT_TIMEOUT leaves time for that.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
slow:
  script: [echo begun, sleep 60]
  after_script: [echo after]
  timeout: 1s
limited:
  variables: {RUNNER_SCRIPT_TIMEOUT: 1s}
  script: [echo begun, sleep 60]
  after_script: ['echo "after $CI_JOB_STATUS"']
END
run 1 run --json slow
is "$(events 'select(.event == "job_finished") | .failure_reason')" job_execution_timeout
is "$(events 'select(.event == "job_finished") | .exit_code')" null
has "execution took longer than"
has_not '"text":"after"'

run 1 run --json limited
is "$(events 'select(.event == "job_finished") | .failure_reason')" job_execution_timeout
has "after timedout"

project <<'END'
slow: {script: [sleep 60]}
END
run 1 run --timeout 1s
has "execution took longer than 1s"

# What is said of a time limit is of the one that was hit; after_script's is none of the job's.
project <<'END'
cut:
  variables: {RUNNER_SCRIPT_TIMEOUT: 1s}
  script: [sleep 60]
after:
  variables: {RUNNER_AFTER_SCRIPT_TIMEOUT: 1s}
  script: [exit 3]
  after_script: [sleep 60]
END
run 1 run cut
has "script timeout: context deadline exceeded"
has ".gitlab-ci.yml:2: more time"
run 1 run after
has "WARNING: after_script failed, but job will continue unaffected: context deadline exceeded"
has_not "hint:"

# What a failure means is said after its log, unless nobody wants to know.
project <<'END'
job: {timeout: 1 second, script: [sleep 30]}
END
run 1 run
has 'hint: the job was ended by its time limit'
run 1 run --no-hints
has_not 'hint: '
