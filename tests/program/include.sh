#!/usr/bin/env bash
# Includes from other projects and components, with the user's own git configuration as the way there.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# server PROJECT: a repository on the "server", the shell in it.
server() {
	mkdir -p "$work/server/$1.git"
	cd "$work/server/$1.git"
	repository
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
cat >.gitlab-ci.yml <<'YML'
include:
  - project: group/none
    file: [x.yml, y.yml]
  - remote: file:///etc/hostname.yml
job: {script: ["true"]}
YML
run 3 lint
is "$(grep -c 'include-not-found' "$work/out")" 1
has "error: a 'remote' include must be an http(s) address"

# Components by commit, branch and partial version, in both places of their files, with all facts of theirs; a
# clone that [cilocal.projects] names; templates from a folder, all with nothing fetched.
server elsewhere/parts
mkdir -p templates/two
cat >templates/one.yml <<'YML'
spec:
  component: [name, version, reference, sha]
---
$[[ component.name ]]@$[[ component.version ]]@$[[ component.reference ]]:
  script: ["echo $[[ component.sha ]]"]
YML
echo 'two: {script: ["true"]}' >templates/two/template.yml
git add -A
git commit -q -m one
git tag 1.2.3
sha=$(git rev-parse HEAD)
git commit -q --allow-empty -m two
git tag 1.3.0
git branch dev
mkdir -p "$work/templates/Jobs"
echo 'from-template: {script: ["true"]}' >"$work/templates/Jobs/Mine.gitlab-ci.yml"
cd "$work/project"
cat >.cilocal.toml <<TOML
[cilocal]
templates = "../templates"
[cilocal.projects]
"far/parts" = "../server/elsewhere/parts.git"
TOML
mkdir -p "$XDG_CONFIG_HOME/cilocal"
printf '[cilocal.projects]\n"far/away" = "~/away"\n"far/parts" = "/nowhere"\n' >"$XDG_CONFIG_HOME/cilocal/config.toml"
cat >.gitlab-ci.yml <<YML
include:
  - component: \$CI_SERVER_FQDN/far/parts/two@dev
  - component: gitlab.example.com/far/parts/one@$sha
  - component: gitlab.example.com/far/parts/one@1.2
  - component: gitlab.example.com/far/parts/one@~latest
  - template: Jobs/Mine.gitlab-ci.yml
job: {script: ["true"]}
YML
run 0 list --names --offline
is "$(paste -sd ' ' "$work/stdout")" "two one@$sha@$sha one@1.2.3@1.2 one@1.3.0@~latest from-template job"
run 0 expand --offline
has "echo $sha"
# A fact that the component did not ask for.
sed -i 's/, sha\]/]/' "$work/server/elsewhere/parts.git/templates/one.yml"
git -C "$work/server/elsewhere/parts.git" commit -q -a -m three
git -C "$work/server/elsewhere/parts.git" tag 2.0.0
sed -i 's/one@1.2$/one@2/' .gitlab-ci.yml
run 3 lint --offline
has "error: 'sha' is no fact that 'spec:component' asks for"
has 'unknown interpolation provided: `sha` in `component.sha`'
# The clone that the user's own file names is known too.
git init -q "$HOME/away"
git -C "$HOME/away" -c user.name=T -c user.email=t@example.com commit -q --allow-empty -m one
printf 'include: [{project: far/away, file: x.yml}]\njob: {script: ["true"]}\n' >.gitlab-ci.yml
run 3 lint
has "there is no file 'x.yml' in the project"
