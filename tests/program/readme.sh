#!/usr/bin/env bash
# What the first README says to type is typed, from a fresh clone: its commands are read out of it, each must be known
# here, and what it names elsewhere (commands, options, files) must exist.
cache=${CILOCAL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cilocal-tests}
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
[[ -e $tree/.git ]] || skip "this is no clone"
# Where there is one, a compiler's cache makes the build short.
! command -v ccache >/dev/null || export CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_DIR=${CCACHE_DIR:-$cache/ccache}

# The tree as it is now, so that a README is tested before it is committed.
git clone -q "$tree" "$work/clone"
cd "$work/clone"
git -C "$tree" diff --binary HEAD | git apply --allow-empty 2>/dev/null || :
(cd "$tree" && git ls-files -z --others --exclude-standard | tar cf - --null --no-recursion -T -) | tar xf -

# commands: what stands in blocks of README.md, without comments and with lines put together that end in a backslash.
commands() {
	sed -n 's/^\t\([a-z].*\)/\1/p; s/^\t\t\([a-z].*\)/ \1/p' README.md | sed -e ':a' -e '/\\$/N; s/\\\n *\t*/ /; ta' |
		sed 's/  *# .*//; s/ *$//' | grep -v '^ '
}

# do COMMAND: as it stands there.
typed() {
	bash -euc "$1" >"$work/out" 2>&1 </dev/null || fail "README.md: $1"
}

# in_project COMMAND: in a repository with a pipeline, with the program that the README has installed.
in_project() {
	(cd "$work/app" && PATH=$work/there/usr/local/bin:$PATH && typed "$1") || exit 1
}

mkdir "$work/app"
cp -R samples/picture/. "$work/app"
git -C "$work/app" init -q -b main
git -C "$work/app" add -A
git -C "$work/app" -c user.name=a -c user.email=a@b commit -qm first
export DESTDIR=$work/there
n=0
while IFS= read -r command; do
	case $command in
	'apt-get install '*)
		# What it names is what the tests install to build.
		is "$(tr -s ' ' '\n' <<<"${command#apt-get install }" | sort | paste -sd' ')" \
			"$(sed -n '/^build=(/,/)/p' tests/install | tr -d '()' | tr '\n\t' '  ' | sed 's/^build=//' |
				tr -s ' ' '\n' | grep -vx git | grep . | sort | paste -sd' ')"
		;;
	'cmake --preset release '* | 'cmake --install '*) typed "$command" ;;
	'samples/run '* | 'tests/run '*)
		# docker.samples_run runs the one; the other is what runs this.
		[[ -x ${command%% *} ]] || fail "README.md: there is no ${command%% *}"
		bash -n "${command%% *}"
		;;
	'cmake --preset dev '*'ctest --preset dev '*)
		typed 'cmake --list-presets build | grep -q \"dev\"'
		typed 'cmake --list-presets test 2>/dev/null | grep -q \"dev\" || ctest --list-presets | grep -q \"dev\"'
		;;
	'cilocal shell JOB') in_project 'cilocal shell compile -- test -x tool' ;;
	'cilocal '*) in_project "${command//JOB/compile}" ;;
	*) fail "README.md has a command that this test does not know: $command" ;;
	esac
	n=$((n + 1))
done < <(commands)
((n >= 10)) || fail "README.md has $n commands only"
[[ -s $work/there/usr/local/share/man/man1/cilocal-run.1 ]] || fail "no manual was installed"
unset DESTDIR

# Those in its sentences.
cilocal=$work/there/usr/local/bin/cilocal
# shellcheck disable=SC2016
grep -oE '`cilocal [a-z][^`]*`' README.md | tr -d '`' | sort -u >"$work/named"
while IFS= read -r words; do
	command=${words#cilocal }
	command=${command%% *}
	"$cilocal" help "$command" >"$work/out" 2>&1 || fail "README.md: cilocal $command"
	while IFS= read -r option; do
		has "$option"
	done < <(grep -oE -- '--[a-z-]+' <<<"$words" || :)
done <"$work/named"
# shellcheck disable=SC2016
grep -q '`cd build/release && cpack -G DEB`' README.md || fail "README.md does not say how a package is made"
typed 'cd build/release && cpack -G DEB && cpack -G TGZ && ls cilocal*.deb cilocal*.tar.gz'
# shellcheck disable=SC2016
grep -q '`samples/picture/record`' README.md || fail "README.md does not say how its picture is made"
CILOCAL=$cilocal typed 'samples/picture/record'
for text in 'longest chain' 'running, ' 'Job succeeded'; do
	grep -qF "$text" samples/picture/run.svg || fail "not on the picture: $text"
done

# What it links to.
grep -oE '\]\([^)#:]+\)' README.md | tr -d '](' | tr -d ')' | while IFS= read -r file; do
	[[ -e $file ]] || fail "README.md links to '$file', which is not there"
done
while IFS= read -r section; do
	grep -iE '^## ' README.md | tr 'A-Z ' 'a-z-' | sed "s/[^a-z#-]//g" | grep -qx -- "##-$section" ||
		fail "README.md has no section #$section"
done < <(grep -oE '\]\(#[^)]+\)' README.md | tr -d '](#)')
