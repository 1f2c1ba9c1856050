#!/usr/bin/env bash
# `cilocal images`: what the pipeline needs and what is here; into a file, and out of it onto an engine without them.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
variables: {VERSION: latest}
a: {image: "busybox:$VERSION", services: [{name: corp.example/db:1, alias: db}], script: [echo]}
b: {image: "busybox:latest", script: [echo]}
c: {script: [echo]}
d: {image: there.example/no:1, script: [echo]}
END
run 0 images
has_line '^busybox:latest +[0-9.]+ MB +a and 1 more$'
has_line '^corp.example/db:1 +missing +a$'
has_line '^there.example/no:1 +missing +d$'
run 0 images --image 'corp.example/db:1=redis:7' a
has_line '^corp.example/db:1 +[0-9.]+ MB +a +\(taken as redis:7\)$'
run 0 images --json b
has_line '^\{"images":\[\{"name":"busybox:latest","taken_as":"busybox:latest","here":true,"size":[0-9]+,'

run 4 images --save images.tar
has 'not on the engine: corp.example/db:1, there.example/no:1'
[[ ! -e images.tar && ! -e images.tar.part ]] || fail "a file was left"
derive cilocal-test/packed:1 busybox:latest 'LABEL packed=yes'
sed -i 's#there.example/no:1#cilocal-test/packed:1#' .gitlab-ci.yml
run 0 images --save images.tar b d
has '2 images in images.tar'
tar -tf images.tar >/dev/null || fail "no tar"
api DELETE /images/cilocal-test/packed:1 -o /dev/null
run 0 images d
has 'missing'
run 0 images --load images.tar d
has_line '^cilocal-test/packed:1 +[0-9.]+ MB +d$'
run 0 run --pull never d
api DELETE /images/cilocal-test/packed:1 -o /dev/null

# A file that is none; a disk that is full.
echo rubbish >rubbish.tar
run 4 images --load rubbish.tar
run 2 images --load nowhere.tar
has "cannot read 'nowhere.tar': No such file or directory"
run 4 images --save /dev/full/x b
has "cannot write '/dev/full/x'"
