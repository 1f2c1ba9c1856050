#!/usr/bin/env bash
# samples/child-pipelines, as its README says.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

sample=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../samples/child-pipelines" && pwd)
project </dev/null
cp -R "$sample/." .
git add -A
git commit -q -m start

run 0 lint
run 0 run
has "hello, this is 'The manual' of $(date -u +%Y)"
has "building engine"
has "building wheels"
run 0 logs 'parts > build engine'
has "building engine"

# A trigger job by its name, with what it needs.
run 0 run parts --needs
has "building wheels"
has_not "The manual"

# "When it fails".
: >parts.txt
run 1 run
has "downstream pipeline can not be created"
git checkout -q parts.txt
sed -i 's/^  script:/  scirpt:/' ci/docs.yml
run 1 run
has "ci/docs.yml:14:3: error: unknown keyword 'scirpt'"
run 3 lint
