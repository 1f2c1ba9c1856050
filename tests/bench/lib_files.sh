# shellcheck shell=bash
# Benchmarks of files: into a job, out of it, on to the next.

# The jobs after the first of a run in a repository of that size, against those of one that has next to nothing: the
# difference is what a workspace costs. One at a time, in the order of their needs.
bench_sources() {
	local files=${BENCH_FILES:-50000} mib=${BENCH_MIB:-1024} bytes n=6 i kind name kinds=shell
	chain() {
		for ((i = 1; i <= n; i++)); do
			echo "j$i: {image: busybox, script: ['true']$( ((i == 1)) || echo ", needs: [j$((i - 1))]")}"
		done
	}
	! engine sources || kinds='docker shell'
	fewer 7
	echo "sources: $files files, $mib MiB: what a job after the first pays for its workspace (budget: 150 ms)"
	bytes=$((mib * 1048576 / files))
	mkdir -p "$work/big"
	for ((i = 0; i < 100; i++)); do
		mkdir "$work/big/d$i"
		head -c $((files / 100 * bytes)) /dev/urandom | split -d -a 4 -b $bytes - "$work/big/d$i/f"
	done
	chain | repository "$work/big"
	chain | repository "$work/small"
	# duration NAME JOBS: of those jobs, milliseconds
	duration() {
		sed -n 's/.*"event":"job_finished".*"job":"j'"$2"'".*"duration":\([0-9.]*\).*/\1/p' "$work/events" |
			awk '{ print $1 * 1000 }' >>"$work/$1.ms"
	}
	for kind in $kinds; do
		for name in big small; do
			cd "$work/$name"
			: >"$work/$name.ms" && : >"$work/$name-first.ms"
			for ((i = 0; i < runs + 1; i++)); do
				"$cilocal" run --json --executor "$kind" -j 1 >"$work/events" 2>"$work/said" || {
					echo "bench: failed in $name" >&2
					cat "$work/said" >&2
					exit 1
				}
				duration "$name-first" 1
				((i == 0)) || duration "$name" '[2-9]'
			done
		done
		figure "$kind, large" "$(spread <"$work/big.ms") ms"
		figure "$kind, large, first job of each run" "$(tr '\n' ' ' <"$work/big-first.ms")ms"
		figure "$kind, small" "$(spread <"$work/small.ms") ms"
		figure "$kind, the workspace" "$(awk -v a="$(median <"$work/big.ms")" -v b="$(median <"$work/small.ms")" \
			'BEGIN { printf "%.0f ms", a - b }')"
		cd "$work/big" && "$cilocal" clean --caches >/dev/null 2>&1 || :
	done
}

# A job makes files, the next takes them as artifacts; the same without artifacts; the difference is what handing on
# costs. tar does it once in, once out.
bench_artifacts() {
	local mib=${BENCH_MIB:-1024} kind kinds=shell make made taker i
	! engine artifacts || kinds='docker shell'
	fewer 7
	with() { cd "$work/with" && "$cilocal" run --executor "$kind"; }
	without() { cd "$work/without" && "$cilocal" run --executor "$kind"; }
	by_tar() {
		cd "$work/tar" && mkdir taken && tar -cf kept.tar out && tar -xf kept.tar -C taken && rm -rf taken kept.tar
	}
	# What the engine itself takes to give the files out and to take them in.
	by_engine() {
		curl -sS --fail -o "$work/tar/kept.tar" --unix-socket "$sock" "http://d/containers/$made/archive?path=/out" &&
			api PUT "/containers/$taker/archive?path=/" -T "$work/tar/kept.tar" && rm "$work/tar/kept.tar"
	}
	engine_files() {
		made=cilocal-bench-made-$$ taker=cilocal-bench-taker-$$
		create "$made" "$make" && create "$taker" true
		api POST "/containers/$made/start" && api POST "/containers/$made/wait"
		: >"$work/engine.ms"
		for ((i = 0; i < runs; i++)); do
			sync -f "$work"
			measure by_engine >>"$work/engine.ms"
		done
		api DELETE "/containers/$made?force=1&v=1" && api DELETE "/containers/$taker?force=1&v=1"
		shown "the engine's own GET and PUT" "$work/engine.ms"
		figure "ratio of the difference to these" "$(awk -v e="$(awk '{ print $1 }' "$work/engine.ms" | median)" \
			'{ print $1 / e }' "$work/difference" | spread)"
	}
	make="mkdir out; for i in \$(seq 16); do dd if=/dev/zero of=out/\$i bs=65536 count=$mib 2>/dev/null; done"
	mkdir -p "$work/tar" && (cd "$work/tar" && eval "$make")
	chain() {
		echo "make: {image: busybox, script: [\"$make\"]$1}"
		echo "take: {image: busybox, needs: [make], script: ['true']}"
	}
	chain ", artifacts: {paths: [out]}" | repository "$work/with"
	chain "" | repository "$work/without"
	for kind in $kinds; do
		echo "artifacts: $mib MiB from a job to the next, $kind executor (budget: 1.5 times tar, in and out)"
		: >"$work/with.ms" && : >"$work/without.ms" && : >"$work/tar.ms"
		for ((i = 0; i < runs + 1; i++)); do
			sync -f "$work"
			measure with >>"$work/with.ms"
			sync -f "$work"
			measure without >>"$work/without.ms"
			sync -f "$work"
			measure by_tar >>"$work/tar.ms"
			rm -rf "$work/with/.cilocal" "$work/without/.cilocal"
		done
		shown "two jobs, handing on" "$work/with.ms"
		shown "two jobs, nothing handed on" "$work/without.ms"
		shown "tar -c, tar -x" "$work/tar.ms"
		paste -d' ' "$work/with.ms" "$work/without.ms" | awk '{ print $1 - $3 }' >"$work/difference"
		paste -d' ' "$work/difference" "$work/tar.ms" | awk '{ print $1 / $2 }' >"$work/ratio"
		figure "ratio of the difference to tar" "$(spread <"$work/ratio")"
		[[ $kind == shell ]] || engine_files
	done
}
