#!/usr/bin/env bash
# An engine behind ssh://: the whole of a job, with nothing that only a local engine has (sources and artifacts go
# over the connection). In place of ssh a script runs the command here.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

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

project <<'END'
image: busybox
one:
  stage: build
  script: [cat file, mkdir out, 'seq 1 200000 >out/long', ls -la .git/HEAD]
  artifacts: {paths: [out]}
two:
  stage: test
  services: [{name: redis:7, alias: db}]
  cache: {key: k, paths: [c]}
  script: [wc -l out/long, mkdir c, 'echo PING | nc -w 5 db 6379']
END
echo "from the work tree" >file
git add file
remember
export DOCKER_HOST=ssh://me@far:2222
run 0 run
has 'from the work tree'
has '200000 out/long'
has '+PONG'
grep -qxF -- '-l me -p 2222 -o ConnectTimeout=30 -T -- far docker system dial-stdio' "$SSH_LOG" || fail "not ssh's arguments"
run 0 doctor
has 'at ssh://me@far:2222 (DOCKER_HOST)'

# Ctrl-C: everything goes over the connection that is still there.
echo 'long: {image: busybox, script: [echo begun, sleep 60]}' >.gitlab-ci.yml
start run
printed begun
kill -INT "$pid"
ends 130 within 20
DOCKER_HOST=unix://$ENGINE
nothing_left
[[ -z $(ls "$TMPDIR") ]] || fail "left in TMPDIR: $(ls "$TMPDIR")"
no_ssh() {
	! pgrep -f "$work/bin/ssh"
}
until_true 5 no_ssh

# ssh's own words.
export DOCKER_HOST=ssh://nowhere
run 4 run
has 'cannot reach the engine at ssh://nowhere (DOCKER_HOST): ssh: Could not resolve hostname nowhere'
