#!/usr/bin/env bash
# The project's file system is full while files come out of a container: the job says so, nothing half is left.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/lib_disk.sh
. "$root/tests/lib_disk.sh"

small_project <<'END'
stages: [test]
default: {image: busybox}
artifact: {script: ["dd if=/dev/zero of=big bs=1M count=10 2>/dev/null"], artifacts: {paths: [big]}}
report: {script: ["dd if=/dev/zero of=big bs=1M count=10 2>/dev/null"], artifacts: {reports: {junit: big}}}
cached: {script: ["dd if=/dev/zero of=big bs=1M count=10 2>/dev/null"], cache: {key: k, paths: [big]}}
END
remember

for job in artifact report cached; do
	if [[ $job == cached ]]; then code=0; else code=4; fi
	run "$code" run "$job"
	has "cannot take files from the container: cannot write the archive: No space left on device"
	[[ -z $(find .cilocal -name '*.part' -o -name 'artifacts.tar' -o -name 'cache.tar') ]] || fail "left: $(find .cilocal)"
	nothing_left
done
