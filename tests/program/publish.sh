#!/usr/bin/env bash
# release and pages: checked, recorded with the job's artifacts, shown at the end.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'CI'
release:
  variables: {VERSION: "1.2", EMPTY: ""}
  script: [echo "the notes of $VERSION" >notes.md]
  release:
    tag_name: v$VERSION
    name: Version $VERSION
    description: ./notes.md
    milestones: [m1, "m$VERSION"]
    assets:
      links:
        - {name: "tool $VERSION", url: "https://example.com/$VERSION/tool", link_type: package, filepath: "/bin/tool"}
        - {name: manual, url: "https://example.com/manual"}
site:
  pages: {path_prefix: "MR-$CI_COMMIT_BRANCH!", publish: "build/out", expire_in: 1 day}
  script:
    - mkdir -p build/out/css
    - echo "$CI_PAGES_URL" >build/out/index.html
    - echo css >build/out/css/a.css
plain:
  artifacts: {paths: [other]}
  script: [echo x >other, mkdir public]
  pages: true
  allow_failure: true
CI
sed -i 's|\./notes.md|notes.md|' .gitlab-ci.yml
run 0 run
has "release Version 1.2: GitLab would create it for tag v1.2, and the tag at $(git rev-parse HEAD | cut -c1-8) if it is not there"
has "link tool 1.2: https://example.com/1.2/tool (package, /bin/tool)"
has "link manual: https://example.com/manual (other)"
has "pages: build/out/ (2 files, 59 bytes) would be at https://group.pages.gitlab.example.com/project/mr-main, expires in 1 day"
has_not "without an index.html"
has "the artifacts hold no file below 'public': GitLab's job pages:deploy would fail"
run 0 artifacts release --json
is "$(jq -r '.jobs[0].release | [.tag_name, .name, .description, .milestones] | join("|")' "$work/stdout")" \
	"v1.2|Version 1.2|the notes of 1.2|m1, m1.2"
run 0 artifacts site
has "url: https://group.pages.gitlab.example.com/project/mr-main"
"$cilocal" artifacts site --to got 2>/dev/null
is "$(<got/build/out/index.html)" https://group.pages.gitlab.example.com/project/mr-main
run 0 run release --json --tag v1.2
is "$(events 'select(.event == "job_finished") | .release.links | split("\n") | length')" 2
run 0 run release --tag v1.2
has "GitLab would create it for tag v1.2"
has_not "if it is not there"

# kept JOB: what the last run kept of it.
kept() {
	run 0 artifacts "$1" --run "$(events 'select(.event == "pipeline_started") | .run')"
}

# A description that is a text; no word of a file that is not there. A secret in it stays one.
printf 'SECRET: {value: very-secret-thing, masked: true}\n' >.cilocal-variables.yml
# shellcheck disable=SC2016 # as it stands in the file
sed -i 's|description: .*|description: "see $SECRET"|' .gitlab-ci.yml
run 0 run release --json
has_not "matching"
kept release
has "description: see [MASKED]"
sed -i 's|description: .*|description: CHANGELOG|' .gitlab-ci.yml
run 0 run release --json
has_not "No files"
kept release
has "description: CHANGELOG"
! grep -rq very-secret-thing .cilocal/runs --include='*.json' --include='*.log' || fail "a secret in a record"

# What the server would refuse fails the job in the stage of the release, after its script.
refused() {
	cp .gitlab-ci.yml before.yml
	sed -i "$1" .gitlab-ci.yml
	run 1 run release
	has "Job failed: GitLab would refuse the release: $2"
	has "the notes of"
	has_not "if it is not there"
	mv before.yml .gitlab-ci.yml
}
# shellcheck disable=SC2016 # as it stands in the file
refused 's|tag_name: .*|tag_name: $EMPTY|' "its tag_name '\$EMPTY' is empty here"
refused 's|tag_name: .*|tag_name: "a b"|' "its tag_name is no name of a tag: 'a b'"
refused 's|"https://example.com/manual"|"example.com"|' "the url of link 'manual' must begin with https://, http:// or ftp://"
refused 's|name: manual|name: "tool 1.2"|' "two links have the name 'tool 1.2'"
refused 's|/bin/tool|bin/tool|' "the filepath of link 'tool 1.2' must begin with '/'"
refused 's|package|tarball|' "the link_type of link 'tool 1.2' must be other, runbook, image or package, not 'tarball'"
refused 's|name: manual, ||' "a link of its assets has no name"

# Without what is published the pipeline fails, as it does where pages:deploy runs.
cat >.gitlab-ci.yml <<'CI'
pages: {script: ["true"]}
CI
run 1 run
has "the artifacts hold no file below 'public'"
cat >.gitlab-ci.yml <<'CI'
pages: {script: [mkdir public, echo >public/a.txt]}
CI
run 0 run
has "pages: public/ (1 files, 1 bytes) would be at https://group.pages.gitlab.example.com/project, without an index.html"
