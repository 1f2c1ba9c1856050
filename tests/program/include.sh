#!/usr/bin/env bash
# Includes from other projects and components, with the user's own git configuration as the way there.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# server PROJECT: a repository on the "server", the shell in it.
server() {
	mkdir -p "$work/server/$1.git"
	cd "$work/server/$1.git"
	git init -q -b main
	git config user.name Test
	git config user.email test@example.com
}
git config --global "url.$work/server/.insteadOf" git@gitlab.example.com:

server group/templates
mkdir -p ci
cat >ci/build.yml <<'END'
include: [{local: ci/vars.yml}, {local: "ci/more/*.yml"}]
.build: {script: ["echo built with $FROM"]}
END
echo 'variables: {FROM: main}' >ci/vars.yml
mkdir ci/more
echo '.more: {before_script: ["echo more"]}' >ci/more/a.yml
git add -A
git commit -q -m one
git tag v1
echo 'variables: {FROM: later}' >ci/vars.yml
git commit -q -a -m two

server components/all
mkdir -p templates
cat >templates/greet.yml <<'END'
spec:
  inputs:
    who: {default: world}
  component: [name, version, sha]
---
greet-$[[ inputs.who ]]:
  script:
    - echo "hello $[[ inputs.who ]] from $[[ component.name ]] $[[ component.version ]]"
END
git add -A
git commit -q -m one
git tag 1.0.0
git tag 1.4.2
git tag 2.0.0-rc1

project <<'END'
include:
  - project: group/templates
    file: ci/build.yml
  - component: $CI_SERVER_FQDN/components/all/greet@1
    inputs: {who: you}
  - component: gitlab.example.com/components/all/greet@~latest
job: {extends: [.build, .more]}
END
run 0 lint
run 0 run
has "built with later"
has "more"
has "hello you from greet 1.4.2"
has "hello world from greet 1.4.2"

# The project's own configuration counts too.
git config --global --remove-section "url.$work/server/"
rm -rf "$XDG_CACHE_HOME"
run 3 lint
git config "url.$work/server/.insteadOf" git@gitlab.example.com:
run 0 lint
git config --global "url.$work/server/.insteadOf" git@gitlab.example.com:

# A tag; then with the server gone: the copy is used and said to be one.
sed -i 's,file: ci/build.yml,file: ci/build.yml\n    ref: v1,' .gitlab-ci.yml
run 0 run job
has "built with main"
mv "$work/server" "$work/gone"
run 3 lint
has "not found"
mv "$work/gone" "$work/server"

# What can't be had is shown at the include that asked.
cat >.gitlab-ci.yml <<'END'
include:
  - project: group/none
    file: x.yml
  - project: group/templates
    file: ci/none.yml
  - project: group/templates
    file: ci/build.yml
    ref: nope
  - component: gitlab.example.com/components/all/none@1.0.0
  - remote: http://127.0.0.1:1/x.yml
job: {script: ["true"]}
END
run 3 lint
for want in group/none ci/none.yml nope components/all/none 127.0.0.1:1; do
	has "$want"
done
