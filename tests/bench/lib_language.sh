# shellcheck shell=bash
# Benchmarks of the language: no job runs.

bench_list() {
	echo "list: cilocal list on the how-to's repository (budget: 12 ms)"
	repository "$work/list" <"$root/samples/build-image/.gitlab-ci.yml"
	cd "$work/list"
	list() { "$cilocal" list; }
	git_version() { git --version; }
	pair "cilocal list" list "git --version (for scale)" git_version
}

# What passes between the tabulator and the names, in a bash that has read its completion once.
bench_completion() {
	echo "completion: names of jobs in bash (budget: 20 ms)"
	[[ -d $work/list ]] || repository "$work/list" <"$root/samples/build-image/.gitlab-ci.yml"
	"$here/generate" jobs 200 | repository "$work/jobs-200"
	mkdir -p "$work/bin"
	ln -sf "$cilocal" "$work/bin/cilocal"
	PATH=$work/bin:$PATH
	# shellcheck source=/dev/null
	. <(cilocal completion bash)
	# shellcheck disable=SC2034
	press() {
		COMP_LINE="cilocal run $1" COMP_POINT=$((12 + ${#1})) COMP_WORDS=(cilocal run "$1") COMP_CWORD=2
		_cilocal
		((${#COMPREPLY[@]}))
	}
	press_few() { cd "$work/list" && press ''; }
	press_many() { cd "$work/jobs-200" && press ''; }
	pair "the how-to's repository" press_few "200 jobs" press_many
}

bench_language() {
	local n
	for n in 100 1000 2000 10000; do
		"$here/generate" jobs $n | repository "$work/jobs-$n"
	done
	"$here/generate" text 1048576 | repository "$work/text"
	echo "language: 2,000 jobs with needs, rules and extends (budget of list: 60 ms, 48 MiB)"
	cd "$work/jobs-2000"
	list() { "$cilocal" list; }
	lint() { "$cilocal" lint; }
	pair "cilocal list" list "cilocal lint" lint
	figure "memory of list" "$(kib "$cilocal" list) KiB"
	cd "$work/text"
	expand() { "$cilocal" expand; }
	echo "language: a definition of 1 MiB (budget of expand: 120 ms)"
	pair "cilocal expand" expand "cilocal lint" lint
	figure "memory of expand" "$(kib "$cilocal" expand) KiB"
	echo "language: growth, list on ten times the jobs (linear: less than 10)"
	list_10000() { cd "$work/jobs-10000" && list; }
	list_1000() { cd "$work/jobs-1000" && list; }
	list_100() { cd "$work/jobs-100" && list; }
	pair "list, 10,000 jobs" list_10000 "list, 1,000 jobs" list_1000
	pair "list, 1,000 jobs" list_1000 "list, 100 jobs" list_100
	command -v gitlab-ci-local >/dev/null || return 0
	echo "language: against gitlab-ci-local $(gitlab-ci-local --version), one run in five"
	fewer 5
	rival() { gitlab-ci-local --list; }
	preview() { gitlab-ci-local --preview; }
	cd "$work/list" 2>/dev/null || {
		repository "$work/list" <"$root/samples/build-image/.gitlab-ci.yml"
		cd "$work/list"
	}
	pair "gitlab-ci-local --list, the how-to's" rival "cilocal list" list
	cd "$work/jobs-2000"
	pair "gitlab-ci-local --list, 2,000 jobs" rival "cilocal list" list
	cd "$work/text"
	pair "gitlab-ci-local --preview, 1 MiB" preview "cilocal expand" expand
}
