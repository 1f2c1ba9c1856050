#!/usr/bin/env bash
# The traps of GitLab's language that only show when jobs run; those of the definition alone are in tests/cases/traps.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# A dotenv report is not unquoted.
project <<'END'
stages: [a, b]
make: {stage: a, script: ["echo 'A=\"x\"' >v.env"], artifacts: {reports: {dotenv: v.env}}}
use: {stage: b, script: ['echo "<$A>"']}
END
run 0 run
has '<"x">'

# Blank lines, comments and export make the job fail when its report is read.
for line in '' '# a comment' 'export A=1'; do
	project <<END
make: {script: ["echo '$line' >v.env", "echo B=2 >>v.env"], artifacts: {reports: {dotenv: v.env}}}
END
	run 1 run
	job_is make failed
done

# An optional manual job as a need: what needs it is skipped. As an earlier stage it counts for nothing.
project <<'END'
stages: [a, b]
ask: {stage: a, when: manual, script: [echo asked]}
needing: {stage: b, needs: [ask], script: [echo needing]}
following: {stage: b, script: [echo following]}
END
run 0 run
job_is needing skipped
job_is following success

# when: always does not run after what was canceled: here the second stage, after an interruption in the first.
project <<'END'
stages: [a, b]
long: {stage: a, script: [echo begun, sleep 30]}
cleanup: {stage: b, when: always, script: [echo cleaned]}
END
start run
printed begun
kill -INT "$pid"
ends 130
has_not cleaned

# when: on_failure looks at all earlier stages; failures that are allowed do not count.
project <<'END'
stages: [a, b, c]
bad: {stage: a, script: [exit 1]}
between: {stage: b, when: always, script: [echo between]}
rescue: {stage: c, when: on_failure, script: [echo rescued]}
END
run 1 run
has rescued
project <<'END'
stages: [a, b]
bad: {stage: a, allow_failure: true, script: [exit 1]}
rescue: {stage: b, when: on_failure, script: [echo rescued]}
END
run 0 run
job_is rescue skipped
has_not rescued

# A skipped need skips; skipped jobs of earlier stages are neutral.
project <<'END'
stages: [a, b, c]
never: {stage: a, when: on_failure, script: [echo never]}
dag: {stage: b, needs: [never], script: [echo dag]}
staged: {stage: c, script: [echo staged]}
END
run 0 run
job_is never skipped
job_is dag skipped
job_is staged success

# A failing after_script changes nothing, and it does not see what the script exported.
project <<'END'
job: {script: [export SEEN=script, echo done], after_script: ['echo "<$SEEN>"', exit 1]}
END
run 0 run
job_is job success
has '<>'

# artifacts:when is about paths; reports are kept always.
project <<'END'
stages: [a, b]
make:
  stage: a
  script: [echo A=reported >v.env, echo x >kept.txt]
  artifacts: {when: on_failure, paths: [kept.txt], reports: {dotenv: v.env}}
use: {stage: b, script: ['echo "<$A>"', 'test ! -e kept.txt']}
END
run 0 run
has '<reported>'

# A trigger without strategy does not wait for the child's outcome; depend takes a failure over.
project <<'END'
stages: [a, b]
loose: {stage: a, trigger: {include: [child.yml]}}
after: {stage: b, script: [echo after]}
END
echo 'bad: {script: [exit 1]}' >child.yml
run 0 run
job_is loose success
job_is after success
has "the pipeline of job 'loose' failed; that does not count"
sed -i 's/include: \[child.yml\]/include: [child.yml], strategy: depend/' .gitlab-ci.yml
run 1 run
job_is loose failed
job_is after skipped

# Coverage is the last match, its last group and the first number in that.
project <<'END'
job:
  coverage: '/(lines): (\d+ of \d+|\d+\.\d+%)/'
  script: ['echo "lines: 11.5%"', 'echo "lines: 42 of 99"', echo end]
END
run 0 run
has '42%'

# A job waits for its resource group only after its needs: first does not hold up what it does not share.
project <<'END'
stages: [a, b]
slow: {stage: a, script: [sleep 1, echo slow-done]}
later: {stage: b, needs: [slow], resource_group: one, script: [echo later-ran]}
now: {stage: b, needs: [], resource_group: one, script: [echo now-ran]}
END
run 0 run -j 4
now=$(grep -n '| now-ran' "$work/out" | cut -d: -f1)
slow=$(grep -n '| slow-done' "$work/out" | cut -d: -f1)
((now < slow)) || fail "now waited for a job that did not hold its resource yet"
