#!/usr/bin/env bash
# X-Registry-Auth of a pull, byte for byte as the engine gets it: names and passwords, identity tokens, the key of Docker
# Hub, and no header where there is nothing to send.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# An engine that has no image, lets none be pulled, and writes down what it was asked.
cat >"$work/engine.pl" <<'END'
use strict;
use IO::Socket::UNIX;
my $listener = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 16) or die "$!";
open(my $log, '>>', $ARGV[1]) or die "$!";
$log->autoflush(1);
while (my $peer = $listener->accept) {
	my $head = '';
	while (my $line = <$peer>) {
		$head .= $line;
		last if $line eq "\r\n";
	}
	my ($method, $path) = $head =~ m{^(\S+) (\S+)} or next;
	my ($auth) = $head =~ m{^X-Registry-Auth: (\S*)}mi;
	print $log "$path ", defined $auth ? $auth : '-', "\n" if $path =~ m{/images/create};
	my ($status, $body) = $path =~ m{_ping} ? ('200 OK', 'OK')
		: $path =~ m{/images/create} ? ('200 OK', '{"errorDetail":{"message":"it was asked"},"error":"it was asked"}')
		: $path =~ m{/(info|version)$} ? ('200 OK', '{}')
		: $path =~ m{/images/} ? ('404 Not Found', '{"message":"No such image"}')
		: ('200 OK', '{}');
	print $peer "HTTP/1.1 $status\r\nApi-Version: 1.41\r\nContent-Length: ", length $body, "\r\nConnection: close\r\n\r\n$body";
	close $peer;
}
END
perl "$work/engine.pl" "$work/engine.sock" "$work/asked" &
engine=$!
at_end "kill $engine 2>/dev/null"
for ((i = 0; i < 100; i++)); do
	[[ ! -S $work/engine.sock ]] || break
	sleep 0.05
done
export DOCKER_HOST=unix://$work/engine.sock HOME=$work/home
unset DOCKER_CONFIG
mkdir -p "$HOME/.docker"

# sent IMAGE CONFIG HEADER: with that config.json the pull of that image carries exactly this JSON, or nothing.
sent() {
	local want=-
	[[ -z $3 ]] || want=$(printf '%s\n' "$3" | base64 -w 0 | tr '+/' '-_')
	project <<-END
		job: {image: "$1", script: [echo]}
	END
	printf '%s' "$2" >"$HOME/.docker/config.json"
	: >"$work/asked"
	run 4 run job
	has 'it was asked'
	[[ $(cut -d' ' -f2 "$work/asked" | sort -u) == "$want" ]] ||
		fail "the engine got $(cut -d' ' -f2 "$work/asked" | base64 -d 2>/dev/null || cat "$work/asked"), not $3"
}

# In base64 these have the two characters that are others in URLs.
sent reg.example.com:5000/app '{"auths": {"reg.example.com:5000": {"username": "gitlab-ci-token", "password": "s3cr3t?>~"}}}' \
	'{"username":"gitlab-ci-token","password":"s3cr3t?>~","serveraddress":"reg.example.com:5000"}'
sent reg.example.com/app "{\"auths\": {\"https://reg.example.com/v1/\": {\"auth\": \"$(printf 'u:p:w' | base64)\"}}}" \
	'{"username":"u","password":"p:w","serveraddress":"https://reg.example.com/v1/"}'
sent reg.example.com/app '{"auths": {"reg.example.com": {"identitytoken": "t0ken"}}}' \
	'{"serveraddress":"reg.example.com","identitytoken":"t0ken"}'
sent group/app:1 "{\"auths\": {\"https://index.docker.io/v1/\": {\"auth\": \"$(printf 'u:p' | base64)\"}}}" \
	'{"username":"u","password":"p","serveraddress":"https://index.docker.io/v1/"}'
sent reg.example.com:5001/app '{"auths": {"reg.example.com:5000": {"username": "u", "password": "p"}}}' ''
sent reg.example.com/app '{}' ''
