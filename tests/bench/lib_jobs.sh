# shellcheck shell=bash
# Benchmarks of what a job costs.

bench_jobs() {
	local n=${BENCH_JOBS:-1000}
	fewer 4
	echo "jobs: $n jobs of 'true' on the shell executor (budget: 4 ms each), against $n times bash --login"
	"$here/generate" true "$n" | repository "$work/true"
	cd "$work/true"
	jobs_true() { "$cilocal" run --executor shell; }
	shells() { seq "$n" | xargs -P "$(nproc)" -I{} bash --login -c true; }
	pair "cilocal run" jobs_true "bash --login -c true" shells
	figure "a job" "$(each_of "$n")"
	rival_runs || return 0
	echo "jobs: 100 of them, against gitlab-ci-local"
	runs=2
	"$here/generate" true 100 | repository "$work/hundred"
	cd "$work/hundred"
	rival() { gitlab-ci-local --force-shell-executor --concurrency "$(nproc)"; }
	pair "gitlab-ci-local" rival "cilocal run" jobs_true
}

bench_parallel() {
	echo "parallel: 64 jobs at a time, the program's own memory (budget: 40 MiB)"
	"$here/generate" sleep 64 | repository "$work/sleep"
	cd "$work/sleep"
	figure "shell" "$(kib "$cilocal" run -j 64 --executor shell) KiB"
	engine parallel || return 0
	# Long enough that the first one still runs when the last one has been started.
	"$here/generate" sleep 64 | sed 's/sleep 3/sleep 30/; s/{script/{image: busybox, script/' | repository "$work/sleep-docker"
	cd "$work/sleep-docker"
	figure "docker" "$(kib "$cilocal" run -j 64 --executor docker) KiB"
}

bench_docker() {
	engine docker || return 0
	echo "docker: a job with script: [true] in busybox, against the bare engine calls (budget: 1.25)"
	repository "$work/docker" <<-'YAML'
		job:
		  image: busybox
		  script: ["true"]
	YAML
	cd "$work/docker"
	job() { "$cilocal" run job; }
	# One curl process on one kept-alive connection.
	engine_calls() {
		local name=cilocal-bench-$RANDOM$RANDOM
		curl -sS --fail-with-body -o /dev/null --unix-socket "$sock" -X POST -H 'Content-Type: application/json' \
			-d '{"Image":"busybox","Cmd":["sh","-c","true"]}' "http://d/containers/create?name=$name" \
			--next -sS -o /dev/null --unix-socket "$sock" -X POST "http://d/containers/$name/start" \
			--next -sS -o /dev/null --unix-socket "$sock" -X POST "http://d/containers/$name/wait" \
			--next -sS -o /dev/null --unix-socket "$sock" "http://d/containers/$name/logs?stdout=1&stderr=1" \
			--next -sS -o /dev/null --unix-socket "$sock" -X DELETE "http://d/containers/$name?force=1&v=1"
	}
	pair "cilocal run job" job "create, start, wait, logs, delete" engine_calls
}

# What a client that shows the output has to ask for, in as few processes as can be.
bare_job() {
	local name=cilocal-bench-$BASHPID-$1
	create "$name" "${2:-true}"
	api POST "/containers/$name/attach?stream=1&stdout=1&stderr=1" --max-time 60 &
	curl -sS -o /dev/null --unix-socket "$sock" -X POST "http://d/containers/$name/start" \
		--next -sS -o /dev/null --unix-socket "$sock" -X POST "http://d/containers/$name/wait"
	wait
	api DELETE "/containers/$name?force=1&v=1"
}

bench_pipeline() {
	engine pipeline || return 0
	fewer 4
	echo "pipeline: 20 jobs of 'true' in busybox, two at a time, against the bare engine calls (budget: 1.3)"
	"$here/generate" true 20 | sed 's/{script/{image: busybox, script/' | repository "$work/pipeline"
	cd "$work/pipeline"
	pipeline() { "$cilocal" run -j 2 --executor docker; }
	export sock
	export -f bare_job create api
	calls() { seq 20 | xargs -P 2 -I{} bash -c 'bare_job {}'; }
	pair "cilocal run -j 2" pipeline "create, start, attach, wait, remove" calls
	figure "a job" "$(each_of 20)"
	rival_runs || return 0
	echo "pipeline: gitlab-ci-local, its helper image replaced by busybox (budget: cilocal takes a third)"
	fewer 3
	rival() { gitlab-ci-local --concurrency 2 --helper-image busybox --pull-policy if-not-present; }
	pair "gitlab-ci-local --concurrency 2" rival "cilocal run -j 2" pipeline
}
