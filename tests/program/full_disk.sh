#!/usr/bin/env bash
# The project's file system is full: what fails says so, with the disk's word; the log that is cut off is named, and
# nothing half is left. The disk is a small tmpfs, in a mount namespace of the test's own.
if [[ -z ${FULL_DISK_INSIDE:-} ]]; then
	for options in -m -rm; do
		! unshare $options mount -t tmpfs none /mnt 2>/dev/null ||
			FULL_DISK_INSIDE=yes exec unshare $options "${BASH_SOURCE[0]}"
	done
	echo "skipped: a file system can't be mounted here" >&2
	exit 77
fi
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p "$work/project"
mount -t tmpfs -o size=4m none "$work/project"
at_end="cd /; umount '$work/project'"
cd "$work/project"
git init -q -b main
git config user.name Test
git config user.email test@example.com
cat >.gitlab-ci.yml <<'END'
stages: [test]
workspace: {script: ["dd if=/dev/zero of=big bs=1M count=10"]}
artifact: {script: ["dd if=/dev/zero of=big bs=1M count=2 2>/dev/null"], artifacts: {paths: [big]}}
report: {script: ["dd if=/dev/zero of=big bs=1M count=2 2>/dev/null"], artifacts: {reports: {junit: big}}}
cached: {script: ["dd if=/dev/zero of=big bs=1M count=2 2>/dev/null"], cache: {key: k, paths: [big]}}
talks: {script: ["head -c 8000000 /dev/zero | tr '\\0' x | fold -w 100", "echo the last word"]}
small: {script: ["echo works"]}
END
git add -A && git commit -q -m "A commit"
big=$(stat -f -c '%a' .)

# clean: what a run left is small, and no part of anything.
clean() {
	[[ -z $(find .cilocal -name '*.part' -o -name '*.tmp' -o -name artifacts.tar -o -name cache.tar -o -name builds) ]] ||
		fail "left: $(find .cilocal)"
	(($(stat -f -c '%a' .) > big - 64)) || fail "$(stat -f -c '%a' .) blocks are free of $big"
	rm -rf .cilocal
}

run 1 run workspace
has "No space left on device"
has "hint: a disk is full"
has "run.json': No space left on device"
clean
run 4 run artifact
has "Job failed (system failure): cannot write"
has "No space left on device"
clean
run 4 run report
has "No space left on device"
clean
# As with the Runner, a cache that can't be kept fails nothing.
run 0 run cached
has "No space left on device"
has "Failed to create cache"
clean
run 0 run talks
has "the log of job 'talks' is not whole: cannot write"
rm -rf .cilocal

# Full before anything began.
dd if=/dev/zero of=fill bs=64k count=1000 2>/dev/null || :
run 4 run small
has "No space left on device"
rm fill
run 0 run small
has works
