#!/usr/bin/env bash
# Each row of the Runner's table of stages, on both executors: which stages a job has, in which order, what is left
# out when, and what one sees of the one before. A stage that has nothing to do leaves no trace in the log.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
stages: [make, test]
default: {image: busybox}
.all: &all
  stage: test
  needs: [make]
  after_script: ["echo after $CI_JOB_STATUS"]
  cache: {key: k, paths: [kept], when: always}
  artifacts: {paths: [made], when: always}
make:
  stage: make
  script: ["echo artifact >got", "mkdir -p kept", "echo cache >kept/x"]
  artifacts: {paths: [got]}
  cache: {key: k, paths: [kept]}
plain: {stage: test, needs: [], script: ["true"]}
idle: {stage: test, needs: [], script: ["true"], after_script: [], cache: [], artifacts: {paths: [none], when: on_failure}}
passes:
  <<: *all
  before_script: ["cat got kept/x"]
  script: ["echo x >made; echo y >../beside", "cd /; LOST=1; set -x", "echo KEPT=1 >>$GITLAB_ENV"]
  after_script: ['echo "after $CI_JOB_STATUS [$KEPT] [$LOST] [$(cat ../beside)] [$PWD] [$-]"']
fails: {<<: *all, script: ["exit 3"]}
kept-by-success: {<<: *all, script: ["exit 3"], cache: {key: k, paths: [kept]}, artifacts: {paths: [made]}}
kept-by-failure: {<<: *all, script: ["true"], cache: {key: k, paths: [kept], when: on_failure}, artifacts: {paths: [made], when: on_failure}}
late: {<<: *all, script: ["sleep 60"], timeout: 8s}
cut: {<<: *all, script: ["sleep 60"], variables: {RUNNER_SCRIPT_TIMEOUT: 1s}}
no-sources: {<<: *all, hooks: {pre_get_sources_script: ["exit 4"]}, script: ["true"]}
no-upload: {<<: *all, script: ["echo A B >e"], artifacts: {when: always, paths: [e], reports: {dotenv: e}}}
fails-twice: {<<: *all, script: ["echo A B >e; exit 5"], artifacts: {reports: {dotenv: e}}}
counts: {<<: *all, script: ["true"], after_script: ["exit 6"], variables: {AFTER_SCRIPT_IGNORE_ERRORS: "false"}}
counts-not: {<<: *all, script: ["exit 7"], after_script: ["exit 6"], variables: {AFTER_SCRIPT_IGNORE_ERRORS: "false"}}
secret: {<<: *all, script: ["true"], secrets: {S: {vault: none/at/all@kv}}}
none: {stage: test, needs: [], script: ["true"], variables: {GIT_STRATEGY: none}}
no-image: {<<: *all, image: "no-such-image.invalid/x:1", script: ["true"]}
released: {<<: *all, script: ["echo notes >n"], after_script: ["echo after $CI_JOB_STATUS"], release: {tag_name: "v$CI_PIPELINE_ID", description: n}}
refused: {<<: *all, script: ["true"], release: {tag_name: "a b", description: x}}
not-released: {<<: *all, script: ["exit 3"], release: {tag_name: v1, description: x}}
flaky:
  <<: *all
  # What the first attempt did is gone before the second one; its mark is elsewhere.
  hooks: {pre_get_sources_script: ["ls -A | wc -l | xargs echo files", "echo >.hidden; mkdir left", "echo >>../tries", "wc -l <../tries | xargs test 2 -eq"]}
  script: ["ls -A"]
  variables: {GET_SOURCES_ATTEMPTS: 3}
hopeless: {<<: *all, hooks: {pre_get_sources_script: ["exit 4"]}, script: ["true"], variables: {GET_SOURCES_ATTEMPTS: 3}}
odd: {stage: test, needs: [], script: ["true"], variables: {GET_SOURCES_ATTEMPTS: 30, X: y}}
odder: {stage: test, needs: [], script: ["true"], variables: {GET_SOURCES_ATTEMPTS: often}}
waits-again: {<<: *all, hooks: {pre_get_sources_script: ["exit 4"]}, script: ["true"], variables: {GET_SOURCES_ATTEMPTS: 10}}
waits: {<<: *all, script: ["echo begun", "sleep 60"]}
waits-early: {<<: *all, hooks: {pre_get_sources_script: ["echo begun", "sleep 60"]}, script: ["true"]}
processes:
  stage: test
  needs: []
  # By what it does: another process of the next container may have its number.
  script: ["(while :; do echo >beat; sleep 0.1; done) &", "sleep 0.5; test -e beat && echo it runs"]
  after_script: ['rm -f beat; sleep 0.5; test -e beat || echo it is gone']
END
remember

# jobs EXIT-CODE JOB...: a run of these jobs.
jobs() {
	run "$1" run --executor "$executor" --json -j 4 "${@:2}"
	grep '^{' "$work/out" >"$work/events"
}

# stages JOB REASON JOB-CODE STAGES: what the job had in the last run, in this order, and its end.
stages() {
	local got end
	got=$(jq -r --arg j "$1" 'select(.job == $j and .event == "section" and .state == "start") | .name' "$work/events" | paste -sd ' ')
	end=$(jq -r --arg j "$1" 'select(.job == $j and .event == "job_finished") | [.failure_reason, .exit_code] | join(" ")' "$work/events")
	[[ $got == "${*:4}" ]] || fail "$executor, $1: the stages are '$got', not '${*:4}'"
	[[ $end == "${2#-} ${3#-}" ]] ||
		fail "$executor, $1: ended with '$end', not '$2 $3'"
}

# said JOB STREAM: what stands there in the job's log.
said() {
	jq -r --arg j "$1" --arg s "$2" 'select(.job == $j and .stream == $s) | .text' "$work/events" >"$work/said"
}

# title JOB TEXT: a line of the Runner's own.
title() {
	said "$1" runner
	grep -qxF -- "$2" "$work/said" || fail "$executor, $1: no line '$2'"
}

both_begun() {
	[[ $(grep -c '"text":"begun' "$work/out") == 2 ]]
}

for executor in docker shell; do
	ready='prepare_executor prepare_script get_sources'
	files="$ready restore_cache download_artifacts"
	over='cleanup_file_variables'
	failed='archive_cache_on_failure upload_artifacts_on_failure'

	jobs 0 make
	stages make - 0 "$ready restore_cache step_script archive_cache upload_artifacts_on_success $over"
	jobs 0 plain idle passes kept-by-failure none
	stages plain - 0 "$ready step_script $over"
	stages idle - 0 "$ready step_script $over"
	stages passes - 0 "$files step_script after_script archive_cache upload_artifacts_on_success $over"
	title passes "Preparing the \"$executor\" executor"
	title passes 'Preparing environment'
	title passes 'Getting source from Git repository'
	title passes 'Restoring cache'
	title passes 'Downloading artifacts'
	title passes 'Executing "step_script" stage of the job script'
	title passes 'Running after_script'
	title passes 'Saving cache for successful job'
	title passes 'Uploading artifacts for successful job'
	title passes 'Cleaning up project directory and file based variables'
	said passes stdout
	[[ $(grep -cxE 'artifact|cache' "$work/said") == 2 ]] || fail "$executor: files of stages before"
	grep -qE '^after success \[1\] \[\] \[y\] \[/.*/group/project\] \[[^x]*\]$' "$work/said" ||
		fail "$executor: after_script: $(grep '^after' "$work/said")"
	stages kept-by-failure - 0 "$files step_script after_script $over"
	stages none - 0 "$ready step_script $over"
	title none 'Skipping Git repository setup'

	# The release has a stage of its own, after the script and before after_script.
	jobs 1 released refused not-released
	stages released - 0 "$files step_script step_release after_script archive_cache upload_artifacts_on_success $over"
	title released 'Executing "step_release" stage of the job script'
	stages refused script_failure 1 "$files step_script step_release after_script $failed $over"
	said refused stdout
	grep -qx 'after failed' "$work/said" || fail "$executor: after_script does not know of the release"
	stages not-released script_failure 3 "$files step_script after_script $failed $over"

	# Attempts at the sources: what is there is cleared once, before the second one.
	jobs 1 flaky hopeless odd odder
	stages flaky - 0 "$ready clear_worktree get_sources restore_cache download_artifacts step_script after_script archive_cache upload_artifacts_on_success $over"
	title flaky 'Deleting all tracked and untracked files due to source fetch failure'
	title flaky 'WARNING: Retrying...'
	said flaky stdout
	[[ $(grep -c '^files 0$' "$work/said") == 2 ]] || fail "$executor: something is left of the first attempt"
	grep -qx 'Deleting tracked and untracked files...' "$work/said" || fail "$executor: no notice"
	grep -qx '.gitlab-ci.yml' "$work/said" || fail "$executor: no sources after the second attempt"
	stages hopeless script_failure 4 "$ready clear_worktree get_sources get_sources $failed $over"
	stages odd - 0 "$ready step_script $over"
	title odd 'WARNING: GET_SOURCES_ATTEMPTS: number of attempts out of the range [1, 10], clamping to: 10'
	title odder 'WARNING: GET_SOURCES_ATTEMPTS: expected int got "often", using default value: 1'
	start run --executor "$executor" --json waits-again
	printed 'Retrying...'
	kill -INT "$pid"
	ends 130 within 10
	grep '^{' "$work/out" >"$work/events"
	stages waits-again - - "$ready $failed $over"

	jobs 1 fails kept-by-success late cut no-sources no-upload fails-twice counts counts-not secret
	stages fails script_failure 3 "$files step_script after_script $failed $over"
	title fails 'Saving cache for failed job'
	title fails 'Uploading artifacts for failed job'
	stages kept-by-success script_failure 3 "$files step_script after_script $over"
	# Once the job's time is over, nothing more of it runs; that of the script leaves time for the rest.
	stages late job_execution_timeout - "$files step_script"
	stages cut job_execution_timeout - "$files step_script after_script $failed $over"
	# What fails before the script skips it, and after_script; what fails after it, fails the job, unless it had.
	stages no-sources script_failure 4 "$ready $failed $over"
	stages no-upload script_failure 1 "$files step_script after_script archive_cache upload_artifacts_on_success $over"
	stages fails-twice script_failure 5 "$files step_script after_script $failed $over"
	stages counts script_failure 6 "$files step_script after_script $failed $over"
	stages counts-not script_failure 7 "$files step_script after_script $failed $over"
	# resolve_secrets has no section; nothing comes after it.
	stages secret runner_configuration_error - ''

	# An archive that can't be unpacked fails the job before its script; a cache that can't does not.
	archive=$(find .cilocal/runs/ -path '*/make/artifacts.tar' | sort | tail -n 1)
	cp "$archive" "$work/saved"
	head -c 2000 /dev/urandom >"$archive"
	jobs 4 fails
	stages fails runner_system_failure - "$files $failed $over"
	cp "$work/saved" "$archive"

	# Canceled by the user: in the script, and before it.
	start run --executor "$executor" --json -j 2 waits waits-early
	until_true 60 both_begun
	kill -INT "$pid"
	ends 130
	grep '^{' "$work/out" >"$work/events"
	stages waits - - "$files step_script after_script $failed $over"
	has '"text":"after canceled"'
	stages waits-early - - "$ready $failed $over"
	nothing_left
done
executor=docker
jobs 4 no-image
stages no-image runner_external_dependency_failure - prepare_executor

# after_script starts the script's container again: its processes are gone. On the host they may stay.
run 0 run processes
has_line '^it runs'
has_line '^it is gone'
nothing_left
