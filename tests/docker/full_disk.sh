#!/usr/bin/env bash
# The project's file system is full while files come out of a container: the job says so, nothing half is left.
if [[ -z ${FULL_DISK_INSIDE:-} ]]; then
	for options in -m -rm; do
		! unshare $options mount -t tmpfs none /mnt 2>/dev/null ||
			FULL_DISK_INSIDE=yes exec unshare $options "${BASH_SOURCE[0]}"
	done
	echo "skipped: a file system can't be mounted here" >&2
	exit 77
fi
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p "$work/project"
mount -t tmpfs -o size=4m none "$work/project"
at_end "cd /; umount '$work/project'"
cd "$work/project"
git init -q -b main
git config user.name Test
git config user.email test@example.com
cat >.gitlab-ci.yml <<'END'
stages: [test]
default: {image: busybox}
artifact: {script: ["dd if=/dev/zero of=big bs=1M count=10 2>/dev/null"], artifacts: {paths: [big]}}
report: {script: ["dd if=/dev/zero of=big bs=1M count=10 2>/dev/null"], artifacts: {reports: {junit: big}}}
cached: {script: ["dd if=/dev/zero of=big bs=1M count=10 2>/dev/null"], cache: {key: k, paths: [big]}}
END
git add -A && git commit -q -m "A commit"
remember

for job in artifact report cached; do
	if [[ $job == cached ]]; then code=0; else code=4; fi
	run "$code" run "$job"
	has "cannot take files from the container: cannot write the archive: No space left on device"
	[[ -z $(find .cilocal -name '*.part' -o -name 'artifacts.tar' -o -name 'cache.tar') ]] || fail "left: $(find .cilocal)"
	nothing_left
done
