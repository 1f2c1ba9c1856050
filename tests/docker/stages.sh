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
late: {<<: *all, script: ["sleep 60"], timeout: 2s}
cut: {<<: *all, script: ["sleep 60"], variables: {RUNNER_SCRIPT_TIMEOUT: 1s}}
no-sources: {<<: *all, hooks: {pre_get_sources_script: ["exit 4"]}, script: ["true"]}
no-upload: {<<: *all, script: ["echo A B >e"], artifacts: {when: always, paths: [e], reports: {dotenv: e}}}
fails-twice: {<<: *all, script: ["echo A B >e; exit 5"], artifacts: {reports: {dotenv: e}}}
counts: {<<: *all, script: ["true"], after_script: ["exit 6"], variables: {AFTER_SCRIPT_IGNORE_ERRORS: "false"}}
counts-not: {<<: *all, script: ["exit 7"], after_script: ["exit 6"], variables: {AFTER_SCRIPT_IGNORE_ERRORS: "false"}}
secret: {<<: *all, script: ["true"], secrets: {S: {vault: none/at/all@kv}}}
none: {stage: test, needs: [], script: ["true"], variables: {GIT_STRATEGY: none}}
no-image: {<<: *all, image: "no-such-image.invalid/x:1", script: ["true"]}
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

# stages EXIT-CODE JOB REASON JOB-CODE STAGES: what a run of the job has, in this order, and its end.
stages() {
	run "$1" run --executor "$executor" --json "$2"
	told "${@:2}"
}

# Of what was run last.
told() {
	local got end
	grep '^{' "$work/out" >"$work/events"
	got=$(jq -r --arg j "$1" 'select(.job == $j and .event == "section" and .state == "start") | .name' "$work/events" | paste -sd ' ')
	end=$(jq -r --arg j "$1" 'select(.job == $j and .event == "job_finished") | [.failure_reason, .exit_code] | join(" ")' "$work/events")
	[[ $got == "${*:4}" ]] || fail "$executor, $1: the stages are '$got', not '${*:4}'"
	[[ $end == "${2#-} ${3#-}" ]] ||
		fail "$executor, $1: ended with '$end', not '$2 $3'"
}

# title TEXT: a line of the Runner's own.
title() {
	jq -r 'select(.stream == "runner") | .text' "$work/events" >"$work/said"
	grep -qxF -- "$1" "$work/said" || fail "$executor: no line '$1'"
}

for executor in docker shell; do
	ready='prepare_executor prepare_script get_sources'
	files="$ready restore_cache download_artifacts"
	over='cleanup_file_variables'

	stages 0 make - 0 "$ready restore_cache step_script archive_cache upload_artifacts_on_success $over"
	stages 0 plain - 0 "$ready step_script $over"
	stages 0 idle - 0 "$ready step_script $over"
	stages 0 passes - 0 "$files step_script after_script archive_cache upload_artifacts_on_success $over"
	title "Preparing the \"$executor\" executor"
	title 'Preparing environment'
	title 'Getting source from Git repository'
	title 'Restoring cache'
	title 'Downloading artifacts'
	title 'Executing "step_script" stage of the job script'
	title 'Running after_script'
	title 'Saving cache for successful job'
	title 'Uploading artifacts for successful job'
	title 'Cleaning up project directory and file based variables'
	jq -r 'select(.stream == "stdout") | .text' "$work/events" >"$work/said"
	[[ $(grep -cxE 'artifact|cache' "$work/said") == 2 ]] || fail "$executor: files of stages before"
	grep -qE '^after success \[1\] \[\] \[y\] \[/.*/group/project\] \[[^x]*\]$' "$work/said" ||
		fail "$executor: after_script: $(grep '^after' "$work/said")"

	stages 1 fails script_failure 3 "$files step_script after_script archive_cache_on_failure upload_artifacts_on_failure $over"
	title 'Saving cache for failed job'
	title 'Uploading artifacts for failed job'
	stages 1 kept-by-success script_failure 3 "$files step_script after_script $over"
	stages 0 kept-by-failure - 0 "$files step_script after_script $over"
	# Once the job's time is over, nothing more of it runs; that of the script leaves time for the rest.
	stages 1 late job_execution_timeout - "$files step_script"
	stages 1 cut job_execution_timeout - "$files step_script after_script archive_cache_on_failure upload_artifacts_on_failure $over"
	# What fails before the script skips it, and after_script; what fails after it, fails the job, unless it had.
	stages 1 no-sources script_failure 4 "$ready archive_cache_on_failure upload_artifacts_on_failure $over"
	stages 1 no-upload script_failure 1 "$files step_script after_script archive_cache upload_artifacts_on_success $over"
	stages 1 fails-twice script_failure 5 "$files step_script after_script archive_cache_on_failure upload_artifacts_on_failure $over"
	stages 1 counts script_failure 6 "$files step_script after_script archive_cache_on_failure upload_artifacts_on_failure $over"
	stages 1 counts-not script_failure 7 "$files step_script after_script archive_cache_on_failure upload_artifacts_on_failure $over"
	# resolve_secrets has no section; nothing comes after it.
	stages 1 secret runner_configuration_error - ''
	stages 0 none - 0 "$ready step_script $over"
	has 'Skipping Git repository setup'

	# An archive that can't be unpacked fails the job before its script; a cache that can't does not.
	archive=$(find .cilocal/runs/ -path '*/make/artifacts.tar')
	cp "$archive" "$work/saved"
	head -c 2000 /dev/urandom >"$archive"
	stages 4 fails runner_system_failure - "$files archive_cache_on_failure upload_artifacts_on_failure $over"
	cp "$work/saved" "$archive"

	# Canceled by the user: in the script, and before it.
	start run --executor "$executor" --json waits
	printed '"text":"begun'
	kill -INT "$pid"
	ends 130
	told waits - - "$files step_script after_script archive_cache_on_failure upload_artifacts_on_failure $over"
	has '"text":"after canceled"'
	start run --executor "$executor" --json waits-early
	printed '"text":"begun'
	kill -INT "$pid"
	ends 130
	told waits-early - - "$ready archive_cache_on_failure upload_artifacts_on_failure $over"
	nothing_left
done
executor=docker
stages 4 no-image runner_external_dependency_failure - prepare_executor

# after_script starts the script's container again: its processes are gone. On the host they may stay.
run 0 run processes
has_line '^it runs'
has_line '^it is gone'
nothing_left
