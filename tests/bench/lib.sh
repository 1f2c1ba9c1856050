# shellcheck shell=bash
# For tests/bench/run and its parts: measuring whole processes. $runs and $work are the caller's.

# measure COMMAND...: one line "WALL CPU", milliseconds by the clock and of the processor, children included
measure() {
	local TIMEFORMAT='%3R %3U %3S'
	{ time "$@" >"$work/said" 2>&1; } 2>"$work/time" || {
		echo "bench: failed: $*" >&2
		tail -5 "$work/said" >&2
		exit 1
	}
	awk '{ printf "%.1f %.1f\n", $1 * 1000, ($2 + $3) * 1000 }' "$work/time"
}
# min, median and max of the numbers on standard input
spread() {
	sort -n | awk '{ v[NR] = $1 } END { printf "min %.2f  median %.2f  max %.2f", v[1], v[int((NR + 1) / 2)], v[NR] }'
}
median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
# figure NAME TEXT
figure() {
	printf '  %-36s %s\n' "$1" "$2"
}
# shown NAME FILE: a file of lines "WALL CPU"
shown() {
	figure "$1" "$(awk '{ print $1 }' "$2" | spread) ms, processor $(awk '{ print $2 }' "$2" | median) ms"
}
# pair NAME_A 'fn_a' NAME_B 'fn_b': alternating runs and the ratio A/B of each pair. What was measured stays in
# $work/a and $work/b. Records of runs are removed outside of what is measured.
pair() {
	local a_name=$1 a=$2 b_name=$3 b=$4 i
	$a >/dev/null 2>&1 && $b >/dev/null 2>&1 || {
		echo "bench: failed: $a or $b" >&2
		exit 1
	}
	: >"$work/a" && : >"$work/b"
	for ((i = 0; i < runs; i++)); do
		rm -rf .cilocal
		measure "$a" >>"$work/a"
		rm -rf .cilocal
		measure "$b" >>"$work/b"
	done
	rm -rf .cilocal
	shown "$a_name" "$work/a"
	shown "$b_name" "$work/b"
	paste -d' ' "$work/a" "$work/b" | awk '{ print $1 / ($3 > 0 ? $3 : 1) }' >"$work/ratio"
	paste -d' ' "$work/a" "$work/b" | awk '{ print $2 / ($4 > 0 ? $4 : 1) }' >"$work/ratio.cpu"
	figure "ratio" "$(spread <"$work/ratio"), processor $(printf %.2f "$(median <"$work/ratio.cpu")")"
}
# each_of N: the medians of $work/a, divided
each_of() {
	awk -v n="$1" -v w="$(awk '{ print $1 }' "$work/a" | median)" -v c="$(awk '{ print $2 }' "$work/a" | median)" \
		'BEGIN { printf "%.2f ms by the clock, %.2f ms of processor time", w / n, c / n }'
}
# fewer N: a bench whose runs are long does one run in N of those that are asked for
fewer() {
	runs=$(((runs + $1 - 1) / $1))
}
# kib COMMAND...: the most memory that the process had resident, or one of its children where that had more
kib() {
	/usr/bin/time -f %M -o "$work/kib" "$@" >"$work/said" 2>&1 || {
		tail -5 "$work/said" >&2
		exit 1
	}
	tail -1 "$work/kib"
}
# repository DIR: with standard input as its .gitlab-ci.yml, all that is there committed
repository() {
	git init -q -b main "$1"
	git -C "$1" remote add origin git@gitlab.example.com:group/project.git
	cat >"$1/.gitlab-ci.yml"
	git -C "$1" add -A
	git -C "$1" -c user.name=Bench -c user.email=bench@example.com commit -qm bench
}

# engine BENCH: sets $sock where there is an engine on this machine; else says so and returns 1
engine() {
	local host=${DOCKER_HOST:-unix:///var/run/docker.sock}
	sock=${host#unix://}
	[[ -S $sock ]] && return
	echo "$1: no engine at $host: not measured"
	return 1
}
# api METHOD PATH [CURL ARGUMENT...]
api() {
	local method=$1 path=$2
	shift 2
	curl -sS -o /dev/null --unix-socket "$sock" -X "$method" "http://d$path" "$@"
}
# create NAME COMMAND: a container of busybox
create() {
	curl -sS --fail-with-body -o /dev/null --unix-socket "$sock" -H 'Content-Type: application/json' -d "{\"Image\":\"busybox\",\"Cmd\":[\"sh\",\"-c\",\"$2\"]}" \
		"http://d/containers/create?name=$1"
}
# Can gitlab-ci-local run a pipeline here?
rival_runs() {
	command -v gitlab-ci-local >/dev/null && command -v rsync >/dev/null
}
