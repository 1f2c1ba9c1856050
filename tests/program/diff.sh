#!/usr/bin/env bash
# diff: two expanded definitions compared, from revisions, files and the work tree.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'YML'
include: [ci/extra.yml, 'ci/glob/*.yml']
stages: [build, deploy]
variables: {A: "1", B: two}
default: {image: "alpine:3.18"}
build:
  stage: build
  script:
    - echo one
    - |
      for i in 1 2 3; do
        echo $i
        echo more
      done
    - make
    - make check
    - make install
docs: {stage: deploy, script: [make docs], artifacts: {paths: [public]}, tags: [x]}
gone: {stage: build, script: [x], needs: [], image: busybox}
alike-1: {stage: build, script: [one]}
alike-2: {stage: build, script: [two]}
YML
mkdir -p ci/glob
echo 'extra: {stage: build, script: [a], rules: [{if: $CI_COMMIT_TAG}, {when: manual}]}' >ci/extra.yml
echo 'new-file: {stage: build, script: x, rules: [{exists: [new.txt]}]}' >ci/glob/a.yml
ln -s a.yml ci/glob/link.yml
ln -s /etc/passwd ci/glob/out.yml
git add -A
git commit -q -m "Includes"
git tag one

# Nothing differs: not from the revision, not from another file with the same.
run 0 diff one
has 'the expanded pipelines are the same'
is "$(wc -c <"$work/stdout")" 0
run 0 -q diff one
is "$(wc -c <"$work/out")" 0
sed 's/^docs:/# a comment\n\ndocs:/; s/^stages: .*/stages:\n  - build\n  - deploy/' .gitlab-ci.yml >same.yml
run 0 diff one same.yml
rm same.yml

sed -i 's/echo more/echo less/; s/3.18/3.20/; s/^docs:/pages-docs:/; s/A: "1"/A: "2", C: new/; /^gone/d
	s/build, deploy/build, lint, deploy/' .gitlab-ci.yml
echo 'lint: {stage: lint, script: [lint], needs: []}' >>.gitlab-ci.yml
echo 'extra: {stage: build, script: [a, 名前], rules: [{if: $CI_COMMIT_TAG}]}' >ci/extra.yml
: >new.txt
git add -A

run 1 diff one
lines() {
	grep -qzF -- "$1" "$work/stdout" || fail "these lines were not printed:
$1"
}
lines 'stages
    stages:
    - build
  + - lint
    - deploy
'
lines '
  -   A: "1"
  +   A: "2"
  +   C: new
      B: two
'
lines 'job added: lint
  + stage: lint
'
lines 'job removed: gone
  - stage: build
'
lines 'job renamed: docs -> pages-docs
  - image: alpine:3.18
  + image: alpine:3.20
'
lines 'job changed: extra
    script:
    - a
  + - "名前"
    rules:
    - if: $CI_COMMIT_TAG
  - - when: manual
'
lines '    ...
      for i in 1 2 3; do
        echo $i
  -     echo more
  +     echo less
      done
    - make
    ...
'
lines 'jobs changed: alike-1, alike-2, new-file
  - image: alpine:3.18
  + image: alpine:3.20
'
has 'jobs: 1 added, 1 removed, 1 renamed, 5 changed; stages, variables changed'
has_not 'jobs in the pipeline'
grep -q $'\033' "$work/out" && fail 'colours without a terminal'
run 1 --color always diff one
has $'\033[32m  +   C: new\033[0m'

# Local includes and rules:exists are those of the revision; --pipeline and an event compare what is in.
run 1 diff one --pipeline
lines '  - extra       manual
'
has '  + new-file    on_success'
has '  + lint        on_success'
run 1 diff one --tag v1
has "jobs in the pipeline of push of tag 'v1':"
has_not '- extra'

run 1 diff one --json --pipeline
is "$(jq -c '[.old, .new, .differs, (.jobs | map_values(map(.job)))]' "$work/stdout")" \
	'["one",".gitlab-ci.yml",true,{"added":["lint"],"removed":["gone"],"renamed":["pages-docs"],"changed":["extra","new-file","build","alike-1","alike-2"]}]'
is "$(jq -c '.global' "$work/stdout")" \
	'[{"keyword":"stages","key":null,"old":["build","deploy"],"new":["build","lint","deploy"]},{"keyword":"variables","key":"A","old":"1","new":"2"},{"keyword":"variables","key":"C","old":null,"new":"new"}]'
is "$(jq -c '.jobs.renamed[0] | [.from, .changes]' "$work/stdout")" \
	'["docs",[{"keyword":"image","key":null,"old":"alpine:3.18","new":"alpine:3.20"}]]'
is "$(jq -c '.pipeline[] | select(.job == "extra")' "$work/stdout")" '{"job":"extra","old":"manual","new":"never"}'

# Ranges, and the work tree stays as it is.
git commit -q -m "Two"
run 1 diff one..HEAD
has 'job added: lint'
git checkout -q -b side one
echo 'theirs: {stage: build, script: x}' >>.gitlab-ci.yml
git commit -q -a -m "Theirs"
run 1 diff main...side
has 'job added: theirs'
has_not lint
run 1 diff main...
has_not lint
run 1 diff main side
has 'job removed: lint'
is "$(git status --porcelain)" ''

# A revision without a definition.
git checkout -q --orphan empty
git rm -q -rf .
echo x >README
git add README
git commit -q -m "Nothing"
git checkout -q main
run 1 diff empty
has "there is no '.gitlab-ci.yml' in 'empty'"
has 'job added: build'

# What is wrong.
run 2 diff
run 2 diff nowhere
has "'nowhere' is neither a revision that git knows nor a file"
run 2 diff a b c
echo 'build: {scirpt: x}' >bad.yml
run 3 diff one bad.yml
has "bad.yml:1:"
has "the definition of 'bad.yml' is invalid"
cp bad.yml one
run 2 diff one
has "'one' is a revision and a file; write './one' for the file"
rm one
git rm -q ci/extra.yml
git commit -q -m "An include that is gone"
run 3 diff one HEAD
has "HEAD:.gitlab-ci.yml:1:"
has 'ci/extra.yml'
run 4 -C / diff one

# A need that this event leaves out is no reason not to compare.
project <<'YML'
a: {script: x, rules: [{if: $CI_COMMIT_TAG}]}
b: {script: x, needs: [a]}
YML
sed -i 's/b: {script: x/b: {script: y/' .gitlab-ci.yml
run 1 diff HEAD
has 'job changed: b'
run 3 diff HEAD --pipeline
has "job 'b' needs job 'a', which is not in this pipeline"

# A file in a folder below, named from there; the file of --file in both.
mkdir sub
sed 's/x/z/' .gitlab-ci.yml >sub/other.yml
cd sub
run 1 diff HEAD other.yml
has 'job changed: a'
git add other.yml
git commit -q -m "Another file"
sed -i 's/z/w/' other.yml
run 1 -f other.yml diff HEAD
has 'job changed: a'
cd ..
for i in {1..40}; do echo "job-$i: {script: x}"; done >many.yml
sed 's/x}/y}/' many.yml >more.yml
run 1 diff many.yml more.yml
has 'jobs changed: job-1, job-2, job-3, job-4, job-5, job-6, job-7, job-8, job-9, job-10, job-11, job-12 and 28 more'

# What is secret stays so.
cat >.cilocal-variables.yml <<'YML'
project:
  "gitlab.example.com/group/project":
    SECRET: {value: "s3cr3t-value", masked: true}
YML
echo 'a: {script: [echo s3cr3t-value]}' >many.yml
run 1 diff many.yml more.yml
has '[MASKED]'
has_not s3cr3t
run 1 diff many.yml more.yml --json
has_not s3cr3t
jq . "$work/stdout" >/dev/null || fail 'no JSON'
