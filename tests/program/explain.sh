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
