#!/usr/bin/env bash
# The samples that need an engine: what their READMEs say to try and to change comes out.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$root/tests/engine/images" busybox:latest alpine:latest debian:bookworm redis:7 postgres:15

sample() {
	project main <"$root/samples/$1/.gitlab-ci.yml"
	cp -R "$root/samples/$1/." .
	git add -A
	git commit -q -m "The sample" || :
}

sample matrix
remember
run 0 run
for text in 'fast on ' 'stable on Debian' 'fast on busybox' 'shard 1 of 3: pear cherry' 'shard 2 of 3: apple quince' \
	'shard 3 of 3: fig plum' 'the small one is done'; do
	has "$text"
done
nothing_left
run 0 run 'test*stable*'
has 'stable on Debian'
has_not 'fast on'
has_not 'shard'
sed -i 's/^            SORT: fast$/            SORT: stable/' .gitlab-ci.yml
run 3 lint

sample services
run 0 run
has '2 products, 7 euros'
has 'violates check constraint'
has ':2'
has 'ada'
has_not "probably didn't start properly"
nothing_left
echo 'select 1 / 0;' >migrations/003-broken.sql
git add migrations
run 1 run migrations
has 'division by zero'
nothing_left
