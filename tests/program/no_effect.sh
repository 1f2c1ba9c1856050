#!/usr/bin/env bash
# A keyword that a run gives no effect is named in a warning, each once.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
a:
  script: ["true"]
  identity: google_cloud
  dast_configuration: {site_profile: x}
  environment: {name: x, kubernetes: {agent: "a:b"}}
  variables: {GIT_CLEAN_FLAGS: -ffdx -e cache/, GIT_LFS_SKIP_SMUDGE: "1", GIT_FETCH_EXTRA_FLAGS: --no-tags, ARTIFACT_DOWNLOAD_ATTEMPTS: 3, RESTORE_CACHE_ATTEMPTS: 1, FF_HASH_CACHE_KEYS: "true", FF_SCRIPT_SECTIONS: "false"}
b:
  script: ["true"]
  variables: {GIT_CLEAN_FLAGS: -ffdx, GIT_LFS_SKIP_SMUDGE: "0", FF_HASH_CACHE_KEYS: "1"}
  needs: [{project: other/thing, job: c, ref: main, artifacts: true}]
END
run 0 run --executor shell
for word in identity dast_configuration environment:kubernetes variables:GIT_CLEAN_FLAGS \
	variables:GIT_LFS_SKIP_SMUDGE variables:GIT_FETCH_EXTRA_FLAGS variables:ARTIFACT_DOWNLOAD_ATTEMPTS; do
	has "job 'a' has '$word'"
done
has "job 'a' sets FF_HASH_CACHE_KEYS: this flag of the Runner has no effect here"
[[ $(grep -c 'sets FF_' "$work/out") == 1 ]] || fail "a flag is named twice, or one that has an effect"
has_not "more have 'variables:"
has_not "RESTORE_CACHE_ATTEMPTS"
has "job 'b' has 'needs:project': artifacts of other projects are not fetched"

# The same of a configuration: what is known is applied, the rest is named.
project <<'END'
a: {script: ["echo one\n", "false | true\necho $FF_SCRIPT_SECTIONS"], variables: {FF_SCRIPT_SECTIONS: "false"}}
END
printf '[[runners]]\n[runners.feature_flags]\nFF_SCRIPT_SECTIONS = true\nFF_USE_FASTZIP = true\nSCRIPT = true\n' >.cilocal.toml
run 1 run --executor shell a
has "note: FF_USE_FASTZIP in [runners.feature_flags]: this flag of the Runner has no effect here"
has "warning: 'SCRIPT' in [runners.feature_flags] is no flag of the Runner"
has_not "note: FF_SCRIPT_SECTIONS"
has_not "collapsed multi-line command"
sed -i '/SECTIONS/d' .cilocal.toml
run 1 run --executor shell a
has "collapsed multi-line command"
rm .cilocal.toml

# Stand-ins for images do not reach what a job's own commands pull and build.
project <<'END'
pull: {script: ["echo docker pull -q $BASE"], variables: {BASE: "corp.example/base:1"}}
build:
  script:
    - |
      echo corp.example/base:1
      echo docker build -t x .
other: {script: ["echo buildah bud --file=images/Other -t x"]}
none: {script: ["echo corp.example/base:1", "echo docker build -f images/None .", "echo docker-compose build"]}
END
mkdir images
printf '# FROM corp.example/base:2\nfrom --platform=linux/amd64 corp.example/base:1 AS a\n' >Dockerfile
printf 'ARG X\nFROM alpine\nFROM corp.example/tools/git' >images/Other
printf 'FROM corp.example/other\n' >images/None
run 0 run --executor shell --image corp.example/base:1=busybox --image 'corp.example/tools/*=*'
has "warning: job 'pull' builds with or pulls 'corp.example/base:1' (.gitlab-ci.yml:1): a stand-in"
has "warning: job 'build' builds with or pulls 'corp.example/base:1' (Dockerfile:2): a stand-in"
has "warning: job 'other' builds with or pulls 'corp.example/tools/git' (images/Other:3): a stand-in"
[[ $(grep -c 'builds with or pulls' "$work/out") == 3 ]] || fail "a warning too many"
run 0 run --executor shell
has_not 'builds with or pulls'

# Options that go with another verb are refused before anything is asked.
run 2 registry start --purge
has "'--purge' goes with 'registry stop'"
