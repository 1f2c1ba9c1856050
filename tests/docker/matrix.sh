#!/usr/bin/env bash
# The pipelines of tests/matrix on Docker Engine, on Podman's Docker-compatible socket and on the shell executor:
# each ends as its first lines say, and with the same log and the same result on all three.
#
# The first lines of a pipeline: "# code: N" (0 where it is missing), "# says: TEXT" (in the log) and
# "# on: docker podman" where it needs containers. CILOCAL_TEST_MATRIX: a pattern of names, to run only some.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

lanes=(docker shell)
! own_podman busybox:latest debian:bookworm || lanes=(docker podman shell)
declare -A host=([docker]=$DOCKER_HOST [podman]=$podman_host [shell]='')

field() { # field NAME FILE [DEFAULT]
	local value
	value=$(sed -n "s/^# $1: //p" "$2")
	printf '%s' "${value:-${3:-}}"
}

# normal LANE <LOG: without what has to differ: numbers of runs, times, images' digests, the executors' own words.
# $CI_PROJECT_DIR is a folder of the run with the shell executor.
normal() {
	sed -E -e 's/[0-9]{8}-[0-9]{6}-[0-9a-f]{4}/RUN/g' \
		-e "s#[^ (]*/\.cilocal/runs/RUN/[^/ ]+/builds/#/builds/#g" -e "s#[^ ]*/project/\.cilocal#.cilocal#" \
		-e 's/with digest [^ ]+ //' -e 's/sha256:[0-9a-f]{64}/DIGEST/' \
		-e 's/ +[0-9]+(\.[0-9]+)?(s|ms)( |$)/ TIME /' -e 's/as [0-9a-f]{8} //' -e 's/[[:space:]]+$//' \
		-e 's/(Checking out) [0-9a-f]{8}/\1 COMMIT/' -e 's/ -[r-][w-]x/ -rwx/' |
		# The word of the shell for a program that was ended; the engines' ends with the container.
		grep -vE '^(a|job)? ?\|? ?(bash: line [0-9]+: *[0-9]+ )?Terminated' |
		if [[ $1 == shell ]]; then
			sed -E -e 's/exit status ([0-9]+)/exit code \1/'
		else
			cat
		fi |
		# The health check of a service goes on beside the sources.
		sed -e '/\*\*\* WARNING: Service /,/^\(.* | \)\?\*\*\*\*\*/d' -e '/^\(.* |\)\?$/d' |
		grep -vE '(Preparing the "|Using (Docker|Shell)|Using effective pull|Using locally|Using docker image)'
}

lane() {
	local lane=$1 file name got
	[[ -z ${host[$lane]} ]] || export DOCKER_HOST=${host[$lane]}
	# One state for each, as for three people.
	export XDG_STATE_HOME=$work/$lane/state HOME=$work/$lane/home
	mkdir -p "$HOME" "$work/$lane/project"
	cd "$work/$lane/project"
	repository
	git remote add origin git@gitlab.example.com:group/project.git
	for file in "$root"/tests/matrix/${CILOCAL_TEST_MATRIX:-*}.yml; do
		name=$(basename "$file" .yml)
		[[ " $(field on "$file" "docker podman shell") " == *" $lane "* ]] || continue
		rm -rf .cilocal
		cp "$file" .gitlab-ci.yml
		git add -A && git commit -q -m "$name"
		got=0
		timeout 60 "$cilocal" run -j 1 --executor "${lane/podman/docker}" >"$work/$lane/$name" 2>&1 </dev/null || got=$?
		printf 'exit code %d\n' "$got" >>"$work/$lane/$name"
		normal "$lane" <"$work/$lane/$name" >"$work/$lane/$name.normal"
	done
}

failures=0
wrong() {
	printf 'FAILED: %s\n' "$*" >&2
	failures=$((failures + 1))
}

remember
pids=()
for name in "${lanes[@]}"; do
	lane "$name" &
	pids+=($!)
done
for one in "${pids[@]}"; do
	wait "$one" || fail "a lane of the matrix ended early"
done
count=0
for file in "$root"/tests/matrix/${CILOCAL_TEST_MATRIX:-*}.yml; do
	name=$(basename "$file" .yml)
	count=$((count + 1))
	says=$(field says "$file")
	for on in $(field on "$file" "docker podman shell"); do
		[[ " ${lanes[*]} " == *" $on "* ]] || continue
		tail -n 1 "$work/$on/$name" | grep -qx "exit code $(field code "$file" 0)" ||
			wrong "$name on $on: $(tail -n 1 "$work/$on/$name"), not $(field code "$file" 0)"
		grep -qF -- "$says" "$work/$on/$name" || wrong "$name on $on does not say: $says"
		! grep -qE 'ERROR: (Address|Leak)Sanitizer|runtime error:' "$work/$on/$name" ||
			wrong "$name on $on: a sanitizer found something"
		[[ $on == docker ]] || diff -u --label "docker: $name" --label "$on: $name" \
			"$work/docker/$name.normal" "$work/$on/$name.normal" >&2 || wrong "$name differs on $on"
	done
done
((failures == 0)) || fail "$failures of the matrix"
nothing_left
printf '%d pipelines on %s\n' "$count" "${lanes[*]}"
[[ " ${lanes[*]} " == *' podman '* ]] || exit 0
export DOCKER_HOST=${host[podman]}
[[ -z $(api GET '/containers/json?all=1' | jq -r '.[].Id') ]] || fail "containers are left on Podman"
[[ $(api GET /networks | jq length) -le 1 ]] || fail "networks are left on Podman"
