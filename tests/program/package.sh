#!/usr/bin/env bash
# The packages: a .deb is made, installed, used and removed in a clean system without a network, the tarball is
# unpacked somewhere and used; both are the same whenever they are made.
#
# The clean system is made once, by debootstrap from where this machine's apt gets its packages, and kept below the
# cache of the tests; a test sees it through an overlay and leaves nothing in it.
cache=${CILOCAL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cilocal-tests}
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export PATH=$PATH:/usr/sbin:/sbin
for tool in cpack dpkg-shlibdeps debootstrap unshare; do
	command -v "$tool" >/dev/null || skip "there is no $tool"
done
((EUID == 0)) || {
	echo "skipped: a clean system is made and entered by root only" >&2
	exit 77
}
build=$(cd "$(dirname "$cilocal")/.." && pwd)

# pack KIND FOLDER: cpack of the build into an empty folder.
pack() {
	mkdir -p "$2"
	(cd "$build" && cpack -G "$1" -B "$2") >"$work/out" 2>&1 || fail "cpack -G $1"
	rm -rf "$2/_CPack_Packages"
}

# The same bytes, though all that goes in was made at another time.
export SOURCE_DATE_EPOCH=1750000000
for kind in DEB TGZ; do
	pack "$kind" "$work/one"
	find "$build/bin/cilocal" "$build/emulator/cli/generated" -exec touch {} +
	pack "$kind" "$work/two"
done
cmp "$work"/one/*.deb "$work"/two/*.deb || fail "another .deb at another time"
cmp "$work"/one/*.tar.gz "$work"/two/*.tar.gz || fail "another tarball at another time"
deb=$(echo "$work"/one/cilocal_*.deb)
is "$(dpkg-deb -f "$deb" Package)" cilocal
is "cilocal $(dpkg-deb -f "$deb" Version | sed 's/-[0-9]*$//')" "$("$cilocal" --version | head -n 1)"
needs=$(dpkg-deb -f "$deb" Depends | sed 's/ *([^)]*)//g; s/ *|[^,]*//g; s/, */,/g')
for package in git libuv1 libcurl libarchive13; do
	[[ ,$needs == *,$package* ]] || fail "the .deb does not depend on $package: $needs"
done

# base: the clean system, with what the package depends on.
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(SITE)' 'Created-By: Packages' |
	awk -v name="$codename" '$1 == name && $2 == "main" { print $3; exit }')
[[ $mirror ]] || fail "apt has no source of '$codename main'"
eval "$(apt-config shell proxy Acquire::http::Proxy)"
[[ -z ${proxy:-} ]] || export http_proxy=$proxy
base=$cache/root-$codename-$(md5sum <<<"$needs" | cut -c 1-8)
mkdir -p "$cache"
exec 7>"$base.lock"
flock 7
if [[ ! -d $base ]]; then
	rm -rf "$base.new"
	components=main
	! grep -q '^ID=ubuntu' /etc/os-release || components=main,universe
	debootstrap --variant=minbase --components="$components" --include="$needs" "$codename" "$base.new" "$mirror" >"$work/out" 2>&1 ||
		fail "debootstrap $codename"
	rm -rf "$base".new/var/cache/apt/archives/*.deb "$base".new/var/lib/apt/lists/*
	mv "$base.new" "$base"
fi
flock -u 7

cat >"$work/inside" <<'END'
set -euo pipefail
fail() {
	echo "in the clean system: $*" >&2
	exit 1
}
export HOME=/root LC_ALL=C.UTF-8
cd /root
everything() {
	find / -xdev \( -path /var/lib/dpkg -o -path /var/log -o -path /root -o -path /package -o -path /proc -o -path /tmp \
		-o -path /dev \) -prune -o -print | sort
}
everything >before
dpkg -i /package/*.deb
[[ $(dpkg-query -W -f '${db:Status-Abbrev}' cilocal) == "ii " ]] || fail "not installed"
dpkg --verify cilocal
strange=$(dpkg -L cilocal | while read -r file; do [[ -d $file ]] || echo "$file"; done |
	grep -vE '^/usr/(bin/cilocal|share/(man/man1/cilocal(-[a-z]+)?\.1\.gz|doc/cilocal/(copyright|changelog(\.Debian)?\.gz)|bash-completion/completions/cilocal|zsh/vendor-completions/_cilocal|fish/vendor_completions\.d/cilocal\.fish))$' || :)
[[ -z $strange ]] || fail "files elsewhere: $strange"
everything >installed

cilocal --version
! cilocal --version | grep missing || fail "a library is missing"
for command in run lint runs; do
	gzip -dc "/usr/share/man/man1/cilocal-$command.1.gz" | grep -q '^\.SH SYNOPSIS' || fail "no page for $command"
done
bash -c '. /usr/share/bash-completion/completions/cilocal && complete -p cilocal' >/dev/null
git init -q project
cd project
cat >.gitlab-ci.yml <<'EOF'
make: {script: ["echo made >it", "test $CI_JOB_NAME = make"], artifacts: {paths: [it]}}
use: {needs: [make], script: ["grep made it"]}
EOF
git add -A
git -c user.name=a -c user.email=a@b commit -qm first
[[ $(cilocal list --names | wc -l) == 2 ]] || fail "list"
cilocal lint
cilocal run
cilocal runs show
[[ $(git status --porcelain) == "" ]] || fail "the work tree was written to"
cd ..
everything | diff installed - || fail "a run left this"

dpkg --purge cilocal
everything | diff before - || fail "removed, and this is left"
hash -r
! command -v cilocal || fail "still there"

# Somewhere, by whoever unpacks it.
mkdir -p "/opt/some where"
tar xzf /package/*.tar.gz -C "/opt/some where" --strip-components=1
PATH="/opt/some where/bin:$PATH"
cilocal --version
(cd project && cilocal run use --needs)
[[ -f "/opt/some where/share/man/man1/cilocal-run.1" ]] || fail "no manual in the tarball"
END

# What is mounted goes with the process. The network of the inside is empty.
mkdir "$work/over" "$work/root"
export base work
# shellcheck disable=SC2016
unshare --mount --net bash -euc '
	mount -t tmpfs -o size=512m tmpfs "$work/over"
	mkdir "$work/over/upper" "$work/over/work"
	mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/over/upper,workdir=$work/over/work" "$work/root"
	mount --rbind /proc "$work/root/proc"
	mount --bind /dev "$work/root/dev"
	mkdir "$work/root/package"
	cp "$work"/one/*.deb "$work"/one/*.tar.gz "$work/root/package"
	cp "$work/inside" "$work/root/inside"
	chroot "$work/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin bash /inside
' >"$work/out" 2>&1 </dev/null || fail "the package in a clean system"
