# shellcheck shell=bash
# For tests of hints; sourced after lib.sh.

# hinted CAUSE PLACE [JOB]: a hint with this in its cause has a place that begins so. "#NAME" is the line of
# .gitlab-ci.yml that ends with this comment. With JOB it is that job's, where several are in the log.
hinted() {
	local place=$2 line prefix=${3:+"$3 *| "}
	if [[ $place == '#'* ]]; then
		line=$(grep -n -- " $place\$" .gitlab-ci.yml | cut -d: -f1)
		[[ $line ]] || fail "no line of the definition is marked $place"
		place=.gitlab-ci.yml:$line:
	fi
	sed -n "s/^$prefix//p" "$work/out" | awk -v cause="$1" -v place="$place" '
		/^hint: / { hit = index($0, cause) }
		/^  at: / && hit && index($0, "  at: " place) == 1 { found = 1 }
		END { exit !found }' || fail "no hint '$1' at $place${3:+ for $3}"
}
