#!/usr/bin/env bash
# What becomes of a trigger job: strategies, manual jobs below, nesting, cancelling, other projects.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

status_of() {
	events "select(.event == \"job_finished\" and .job == \"$1\") | .status"
}

project <<'END'
stages: [go, last]
free: {stage: go, trigger: {include: bad.yml}}
last: {stage: last, script: echo last}
END
cat >bad.yml <<'END'
fails: {script: sleep 1; exit 3}
END

# Without a strategy the trigger job is green at once, and the run waits for the child all the same.
run 0 run --json
is "$(status_of free)" success
is "$(status_of fails)" failed
run 0 run
has "the pipeline of job 'free' failed; that does not count"

# depend and mirror take over a failure.
for strategy in depend mirror; do
	cat >.gitlab-ci.yml <<-END
		stages: [go, last]
		bound: {stage: go, trigger: {include: bad.yml, strategy: $strategy}}
		last: {stage: last, script: echo last}
	END
	run 1 run --json
	is "$(status_of bound)" failed
	is "$(status_of last)" skipped
done
run 1 run
has "the child pipeline failed"

# A child that its rules leave empty can't be created.
cat >bad.yml <<'END'
only-push: {script: x, rules: [{if: $CI_PIPELINE_SOURCE == "push"}]}
END
run 1 run
has "downstream pipeline can not be created"

# A manual job below blocks, unless it is played.
cat >bad.yml <<'END'
button: {script: echo pressed, rules: [{when: manual}]}
END
run 0 run
has "manual job 'bound > button' was not played"
has_not "pressed"
run 0 run --manual 'bound > button'
has "pressed"
has "last"

# Two levels of children, no more.
cat >.gitlab-ci.yml <<'END'
one: {trigger: {include: one.yml, strategy: depend}}
END
echo 'two: {trigger: {include: two.yml, strategy: depend}}' >one.yml
echo 'deep: {script: echo deep}' >two.yml
run 0 run
has "one > two > deep"
echo 'three: {trigger: {include: three.yml, strategy: depend}}' >two.yml
echo 'too: {script: x}' >three.yml
run 1 run --json
is "$(events 'select(.event == "job_finished" and .job == "three") | .failure_reason')" \
	"reached_max_descendant_pipelines_depth"

# What is forwarded: YAML variables unless switched off, --var only when asked for.
cat >.gitlab-ci.yml <<'END'
variables: {YAML: y}
plain: {trigger: {include: one.yml, strategy: depend}}
closed: {trigger: {include: one.yml, strategy: depend, forward: {yaml_variables: false}}}
all: {trigger: {include: one.yml, strategy: depend, forward: {pipeline_variables: true}}}
END
echo 'say: {script: "echo yaml=$YAML typed=$TYPED."}' >one.yml
run 0 run --var TYPED=t
has "plain > say  | yaml=y typed=."
has "closed > say | yaml= typed=."
has "all > say    | yaml=y typed=t."

# --fail-fast stops what fails with the child: everything, or the child alone.
cat >.gitlab-ci.yml <<'END'
up: {trigger: {include: one.yml, strategy: depend}}
slow: {script: sleep 2; echo slept}
END
echo 'bad: {script: sleep 0.3; exit 1}' >one.yml
run 1 run --fail-fast -j 2
has_not "| slept"
sed -i 's/, strategy: depend//' .gitlab-ci.yml
run 0 run --fail-fast -j 2
has "| slept"

# Ctrl-C reaches the jobs below.
cat >.gitlab-ci.yml <<'END'
up: {trigger: {include: one.yml, strategy: depend}}
END
echo 'slow: {script: [echo started, sleep 60], after_script: [echo cleaned up]}' >one.yml
start run
printed "slow | started"
kill -INT "$pid"
ends 130
has "cleaned up"

# Another project: without a clone skipped, with one run in its own tree.
cat >.gitlab-ci.yml <<'END'
other: {variables: {FROM: me}, trigger: {project: group/other, strategy: depend}}
END
run 0 run
has "job 'other' is skipped: project 'group/other' is not on this machine"
has "[cilocal.projects]"
mkdir "$work/other"
cd "$work/other"
cat >.gitlab-ci.yml <<'END'
theirs:
  script: [cat file, 'echo "$CI_PROJECT_PATH $CI_COMMIT_BRANCH $CI_PIPELINE_SOURCE $FROM"']
  rules: [{if: $CI_PIPELINE_SOURCE == "pipeline"}]
END
echo "of the other project" >file
repository trunk
cd "$work/project"
printf '[cilocal.projects]\n"group/other" = "%s"\n' "$work/other" >.cilocal.toml
run 0 run
has "of the other project"
has "group/other trunk pipeline me"
echo 'broken: {scirpt: x}' >>"$work/other/.gitlab-ci.yml"
run 1 run
has "group/other:.gitlab-ci.yml:4:10: error: unknown keyword 'scirpt'"
