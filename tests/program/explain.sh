#!/usr/bin/env bash
# explain: each keyword with its place, the templates on its way, the parts of lists, the keys of merged
# mappings, and who included the files; the same as JSON.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'YML'
include: {local: ci/nest.yml}
.tpl:
  extends: .base
  variables: {B: 2, C: 3}
  before_script: &setup [echo tpl]
.other: {tags: [x], image: busybox}
job:
  extends: [.tpl, .other]
  variables: {C: 4}
  script:
    - !reference [.tpl, before_script]
    - "true"
  after_script: *setup
  rules:
    - {if: '$CI_COMMIT_BRANCH == "gone" && $CI_PIPELINE_SOURCE', when: never}
    - {if: '$CI_COMMIT_BRANCH =~ /^ma/ || $NOTHING', when: manual}
YML
mkdir ci
echo 'include: /ci/base.yml' >ci/nest.yml
cat >ci/base.yml <<'YML'
default: {retry: 1}
.base:
  stage: build
  image: alpine
  variables: {A: 1, B: 1}
YML
git add ci

run 0 explain job
has "'job' is in this pipeline: rule 2 of 2 matched and says manual"
has '$CI_COMMIT_BRANCH is "main"'
has 'stage          ci/base.yml:3  through extends of .tpl, .base'
has 'image          .gitlab-ci.yml:6  through extends of .other'
has '  A            ci/base.yml:5  through extends of .tpl, .base'
has '  B            .gitlab-ci.yml:4  through extends of .tpl'
grep -qx '    C            .gitlab-ci.yml:9' "$work/stdout" || fail 'the job gave C itself'
has 'script         .gitlab-ci.yml:11; parts from .gitlab-ci.yml:5 through !reference'
grep -qx '  after_script   .gitlab-ci.yml:5  through an alias' "$work/stdout" || fail 'after_script is one alias'
has 'retry          ci/base.yml:1  through default'
has 'ci/base.yml  included at ci/nest.yml:1'

run 0 explain job --json
keyword() {
	jq -r ".jobs[0].keywords[] | select(.keyword == \"$1\") | $2" "$work/stdout"
}
is "$(keyword stage '"\(.source) \(.through | join(",")) \(.extends | join(","))"')" 'ci/base.yml:3 extends .tpl,.base'
is "$(keyword variables '.keys | map("\(.key)=\(.source)") | join(" ")')" \
	'A=ci/base.yml:5 B=.gitlab-ci.yml:4 C=.gitlab-ci.yml:9'
is "$(keyword script '.parts | map("\(.item) \(.source) \(.through)") | join(" ")')" '0 .gitlab-ci.yml:5 !reference'
is "$(jq -r '.jobs[0].files | map("\(.file)<\(.included_at)") | join(" ")' "$work/stdout")" \
	'.gitlab-ci.yml<null ci/nest.yml<.gitlab-ci.yml:1 ci/base.yml<ci/nest.yml:1'
is "$(jq -r '.jobs[0].steps | map("\(.rule) \(.matched)") | join(" ")' "$work/stdout")" '0 false 1 true'

# Sentences: what decided, with the values, and what the job waits for.
project <<'YML'
stages: [build, test]
.tpl: {script: x}
first: {stage: build, script: x, rules: [{if: $NOTHING}]}
other: {stage: build, extends: .tpl}
none:
  script: x
  rules:
    - {if: '$CI_COMMIT_TAG'}
    - {if: '$CI_COMMIT_TAG && $A'}
    - {if: '$CI_COMMIT_BRANCH != "main"', changes: [x]}
never:
  script: x
  rules:
    - {if: $CI_COMMIT_TAG, when: manual}
    - {if: '$CI_COMMIT_BRANCH == "main"', when: never}
    - {when: always}
files: {script: x, rules: [{exists: [gone.txt]}]}
changed: {script: x, rules: [{changes: [gone.txt]}]}
old: {script: x, only: [tags, /^rel/]}
kept: {script: x, except: [main]}
waits:
  extends: .tpl
  when: manual
  needs: [{job: first, optional: true}, other]
free: {script: x, needs: []}
YML
says() {
	run 0 explain "$1" "${@:3}"
	has "$2"
}
says none "'none' is not in this pipeline: none of its 3 rules matched, because \$CI_COMMIT_TAG is undefined; \$CI_COMMIT_BRANCH is \"main\"."
says never "rule 2 of 3 matched and says never, because \$CI_COMMIT_BRANCH is \"main\"."
has '2. yes   .gitlab-ci.yml:15: if $CI_COMMIT_BRANCH == "main" holds: $CI_COMMIT_BRANCH is "main"'
has '3. -     .gitlab-ci.yml:16: not looked at, since rule 2 matched'
says files "its only rule did not match, because no file matches 'gone.txt'."
says changed "its only rule did not match, because no changed file matches 'gone.txt' (changed: 'other.txt')." --changed other.txt
says old "only:refs does not hold: branch 'main', source push (only names tags, /^rel/)."
says kept "except:refs holds: branch 'main', source push (except names main)."
says other "'other' is in this pipeline: it has no rules."
says other "without any a job is for branches and tags only" --event merge_request_event
says waits "it is started by hand"
has "It needs 'other', and does not wait for the stages before its own."
has "It does without 'first', an optional need, which is not in this pipeline: its only rule did not match, because \$NOTHING is undefined."
says free 'It needs nothing (needs: [])'
says .tpl "'.tpl' is in no pipeline: its name starts with a dot"
has "Jobs that extend it: 'other', 'waits'."
run 0 explain .tpl --json
is "$(jq -c '.jobs[0] | [.hidden, .in, .extended_by]' "$work/stdout")" '[true,false,["other","waits"]]'
run 2 explain neve
has "did you mean 'never'?"
run 2 explain
has "'explain' wants JOB, or '--all'"

# A need that is left out: the error says by what.
project <<'YML'
first: {script: x, rules: [{if: $NOTHING}]}
second: {script: x, needs: [first]}
YML
run 3 explain second
has "job 'first' is left out: its only rule did not match, because \$NOTHING is undefined"

# No pipeline at all.
project <<'YML'
workflow: {rules: [{if: '$CI_COMMIT_BRANCH == "main"', when: never}, {when: always}]}
a: {script: x}
YML
says a "'a' is not in this pipeline, for there is none: rule 1 of 2 of workflow:rules matched and says never, because \$CI_COMMIT_BRANCH is \"main\"."
project <<'YML'
a: {script: x, stage: .pre}
YML
says a "for there is none: it would hold no job, or only jobs of .pre and .post"

# What is secret stays so.
cat >.cilocal-variables.yml <<'YML'
project:
  "gitlab.example.com/group/project":
    SECRET: {value: "s3cr3t-value", masked: true}
YML
cat >.gitlab-ci.yml <<'YML'
a: {script: x, rules: [{if: '$SECRET == "s3cr3t-value"'}]}
YML
run 0 explain a
has_not s3cr3t
run 0 explain --all a
has_not s3cr3t
