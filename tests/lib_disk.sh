# shellcheck shell=bash disable=SC2154
# For the tests with a full disk: a small tmpfs in a mount namespace of the test's own. Sourced after their lib.sh;
# the script begins anew in the namespace.
[[ -n ${SMALL_DISK:-} ]] || {
	rm -rf "$work"
	for options in -m -rm; do
		! unshare $options mount -t tmpfs none /mnt 2>/dev/null || SMALL_DISK=yes exec unshare $options "$0"
	done
	skip "a file system can't be mounted here"
}

# small_project: as `project`, on a file system of 4 MiB.
small_project() {
	mkdir -p "$work/project"
	mount -t tmpfs -o size=4m none "$work/project"
	at_end "cd /; umount '$work/project'"
	cd "$work/project" || exit
	cat >.gitlab-ci.yml
	repository
}
