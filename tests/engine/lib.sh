# shellcheck shell=bash
# For bash scripts that talk to the engine that DOCKER_HOST names, or start one: sourced, not run.
# No client program is needed, only curl.

# engine_answers: whether an engine listens there.
engine_answers() {
	api GET /_ping --max-time 10 -f -o /dev/null 2>/dev/null
}

# api METHOD PATH [curl options...]: the answer's body on standard output.
api() {
	local method=$1 path=$2 host=${DOCKER_HOST:-unix:///var/run/docker.sock}
	shift 2
	case $host in
	unix://*) curl -sS --unix-socket "${host#unix://}" -X "$method" "$@" "http://engine$path" ;;
	tcp://*) curl -sS -X "$method" "$@" "http://${host#tcp://}$path" ;;
	*)
		printf 'cannot talk to DOCKER_HOST=%s\n' "$host" >&2
		return 1
		;;
	esac
}

# encode TEXT: as a part of a URL.
encode() {
	local text=$1 out='' i c
	for ((i = 0; i < ${#text}; i++)); do
		c=${text:i:1}
		case $c in
		[a-zA-Z0-9.~_-]) out+=$c ;;
		*)
			printf -v c '%%%02X' "'$c"
			out+=$c
			;;
		esac
	done
	printf '%s' "$out"
}

# The header with which a registry gives a manifest as it was pushed: of Docker's type by engines with a graph driver,
# of OCI's by those with a containerd image store (29's default).
# shellcheck disable=SC2034 # for who sources this
as_pushed='Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'

# push_as NAME TO USER PASSWORD: tags an image of the engine as TO (host:port/path:tag), pushes it
# there and takes the tag away again.
push_as() {
	local name=$1 to=$2 user=$3 password=$4 auth answer
	auth=$(jq -cn --arg u "$user" --arg p "$password" --arg s "${to%%/*}" \
		'{username: $u, password: $p, serveraddress: $s}' | base64 -w 0 | tr '+/' '-_')
	api POST "/images/$name/tag?repo=$(encode "${to%:*}")&tag=$(encode "${to##*:}")" -f -o /dev/null
	answer=$(api POST "/images/${to%:*}/push?tag=$(encode "${to##*:}")" -H "X-Registry-Auth: $auth")
	api DELETE "/images/$to" -o /dev/null
	if [[ $answer == *'"errorDetail"'* || $answer != *': digest: sha256:'* ]]; then
		printf '%s\n' "$answer" | tail -n 3 >&2
		return 1
	fi
}

# wait_gone PID SECONDS: until the process has ended; false when it has not.
wait_gone() {
	local i
	for ((i = 0; i < $2 * 10; i++)); do
		[[ -d /proc/$1 ]] || return 0
		! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

# unmount_below DIR: whatever is mounted there, also what lies over another.
unmount_below() {
	local i point
	for ((i = 0; i < 5; i++)); do
		local -a points=()
		# Deepest first; the kernel writes blanks in paths as \040.
		mapfile -t points < <(awk -v d="$1/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r)
		((${#points[@]})) || return 0
		for point in "${points[@]}"; do
			printf -v point '%b' "${point//\\0/\\00}"
			umount "$point" 2>/dev/null || umount -l "$point" 2>/dev/null || :
		done
	done
}
