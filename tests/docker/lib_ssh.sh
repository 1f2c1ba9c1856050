# shellcheck shell=bash disable=SC2154
# For tests of an engine behind ssh://; sourced after lib.sh. In place of ssh a script, first in PATH, runs here what
# would run there: on the engine $ENGINE (the path of its socket). It writes its arguments to $SSH_LOG; TMPDIR is the
# test's own.

mkdir "$work/bin"
cat >"$work/bin/ssh" <<'END'
#!/bin/bash
printf '%s\n' "$*" >>"$SSH_LOG"
while [[ $1 != -- ]]; do shift; done
[[ $2 != nowhere ]] || { echo "ssh: Could not resolve hostname nowhere: Name or service not known" >&2; exit 255; }
shift 2
[[ $* == "docker system dial-stdio" ]] || exit 9
# What the docker client does there.
exec -a "$0" perl -MIO::Socket::UNIX -MIO::Select -e '
	my $s = IO::Socket::UNIX->new(Peer => $ENV{ENGINE}) or die "dial: $!\n";
	my $sel = IO::Select->new(\*STDIN, $s); my $buf;
	while ($sel->count) { for my $h ($sel->can_read) {
		my $n = sysread $h, $buf, 65536; my $to = $h == $s ? \*STDOUT : $s;
		if (!$n) { exit 0 if $h == $s; $s->shutdown(1); $sel->remove($h); next }
		my $at = 0; while ($at < $n) { $at += syswrite($to, $buf, $n - $at, $at) // exit 1 } } }'
END
chmod +x "$work/bin/ssh"
export SSH_LOG=$work/ssh.log ENGINE=${DOCKER_HOST#unix://} PATH=$work/bin:$PATH TMPDIR=$work/tmp
mkdir "$TMPDIR"
: >"$SSH_LOG"
