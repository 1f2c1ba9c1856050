#!/usr/bin/env bash
# The project's file system is full: what fails says so, with the disk's word; the log that is cut off is named, and
# nothing half is left.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/lib_disk.sh
. "$root/tests/lib_disk.sh"

small_project <<'END'
stages: [test]
workspace: {script: ["dd if=/dev/zero of=big bs=1M count=10"]}
artifact: {script: ["dd if=/dev/zero of=big bs=1M count=2 2>/dev/null"], artifacts: {paths: [big]}}
report: {script: ["dd if=/dev/zero of=big bs=1M count=2 2>/dev/null"], artifacts: {reports: {junit: big}}}
cached: {script: ["dd if=/dev/zero of=big bs=1M count=2 2>/dev/null"], cache: {key: k, paths: [big]}}
talks: {script: ["head -c 8000000 /dev/zero | tr '\\0' x | fold -w 100", "echo the last word"]}
small: {script: ["echo works"]}
END
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
