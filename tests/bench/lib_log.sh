# shellcheck shell=bash
# Benchmarks of logs.

line='a line of a log as programs write them, some eighty characters long, give or take'

# flood DIR KIND MIB JOBS: a repository whose jobs write that much. All of it is kept, not the 4 MiB that GitLab
# would show. `yes` ends by SIGPIPE, which pipefail counts.
flood() {
	local i
	mkdir "$1"
	printf '[[runners]]\n  output_limit = 2097152\n' >"$1/.cilocal.toml"
	for ((i = 1; i <= $4; i++)); do
		echo "flood$i:"
		[[ $2 == shell ]] || echo "  image: busybox"
		echo "  script:"
		echo "    - yes \"$line\" | head -c $(($3 * 1048576)) || true"
	done | repository "$1"
}

# speed FILE MIB: of lines "WALL CPU"
speed() {
	awk -v m="$2" '{ printf "%.1f\n", m * 1.048576 / ($1 / 1000) }' "$1" | spread
}

bench_log() {
	local mib=${BENCH_MIB:-1024} log
	fewer 4
	echo "log: $mib MiB of log from a shell job, trace on disk (budget: 300 MB/s)"
	flood "$work/log" shell "$mib" 1
	cd "$work/log"
	# Its own trace is a file, and so is what it shows.
	shell_flood() { "$cilocal" run --executor shell >"$work/shown"; }
	# What the job itself and one more process that writes a file take: the most that could be had.
	bare() {
		bash -c "yes '$line' | head -c $((mib * 1048576)) | cat >$work/bare" && rm "$work/bare"
	}
	pair "cilocal run" shell_flood "the same through cat to a file" bare
	figure "cilocal" "$(speed "$work/a" "$mib") MB/s"
	figure "cat" "$(speed "$work/b" "$mib") MB/s"
	figure "memory" "$(kib "$cilocal" run --executor shell) KiB"
	rm -rf .cilocal
	engine log || return 0
	# The engine needs a minute for a GiB.
	mib=$((mib / 8))
	echo "log: $mib MiB of log from a docker job, against the engine's own stream (budget: 1.2)"
	flood "$work/log-docker" docker "$mib" 1
	cd "$work/log-docker"
	docker_flood() { "$cilocal" run --executor docker; }
	attach() { bare_job flood "yes '$line' | head -c $((mib * 1048576))"; }
	pair "cilocal run" docker_flood "attach to /dev/null" attach
	figure "cilocal" "$(speed "$work/a" "$mib") MB/s"
	figure "memory" "$(kib "$cilocal" run --executor docker) KiB"
}

bench_live() {
	local mib=${BENCH_LIVE_MIB:-64}
	fewer 3
	echo "live: two jobs that write $mib MiB each to a terminal, with a status block and without (budget: 1.2)"
	flood "$work/live" shell "$mib" 2
	cd "$work/live"
	terminal() { TERM=xterm script -qec "stty rows 40 cols 120; $cilocal run --executor shell ${1-}" /dev/null </dev/null; }
	with() { terminal; }
	without() { terminal --no-live; }
	pair "with the block" with "--no-live" without
	figure "to the terminal" "$(speed "$work/a" $((2 * mib))) MB/s"
}
