#!/usr/bin/env bash
# import: each setting of gitlab-ci-local with what it is here; written only when asked, never over what is there.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'CI'
spec: {inputs: {who: {default: a}, x: {default: 1, type: number}}}
---
# @Description Greets
# @InjectSSHAgent
greet:
  script: ['echo "$A and $[[ inputs.who ]] $[[ inputs.x ]]"']
#@Interactive
local:
  rules: [{if: $GITLAB_CI == 'false'}]
  script: [x]
# @NoArtifactsToSource
.hidden: {script: x}
CI
run 0 import
has '.gitlab-ci.yml'
has "line 3: @Description of 'greet'"
has "line 4: @InjectSSHAgent of 'greet'"
has "line 7: @Interactive of 'local'"
has "line 9: \$GITLAB_CI compared to false"
has "line 11: @NoArtifactsToSource of '.hidden'"
run 0 list --names
is "$(paste -sd' ' "$work/stdout")" greet
run 0 list --names --var GITLAB_CI=false
is "$(paste -sd' ' "$work/stdout")" "greet local"

cat >.gitlab-ci-local-env <<'ENV'
# defaults
NEEDS=true # --needs
VARIABLE="A=from-the-env B=2"
SHELL_ISOLATION=true
shellExecutorNoImage=false
CLEANUP=false
CONCURRENCY=3
VOLUME="/a:/b /c:/d"
NETWORK=host
SHM_SIZE=128m
WAIT_FOR_SERVICES_TIMEOUT=10
MOUNT_CACHE=true
WHATEVER=1
SHM_SIZE_TYPO=x
ENV
printf 'K: v\n' >.gitlab-ci-local-variables.yml
printf '_global: {who: you}\nother: {a: b}\nx: 3\n' >.gitlab-ci-local-inputs.yml
echo '*.o' >.gitlab-ci-local-ignores
mkdir -p "$HOME/.gitlab-ci-local"
printf 'TIMESTAMPS=true\nUMASK=true\n' >"$HOME/.gitlab-ci-local/.env"
printf 'global: {X: y}\nproject: {gitlab.example.com/group/project.git: {Z: 1}}\n' >"$HOME/.gitlab-ci-local/variables.yml"
run 0 import
for text in "'needs' of [cilocal] in .cilocal.toml" 'SHELL_ISOLATION=true' 'nothing to do: each job has its own copy' \
	'shellExecutorNoImage=false' 'no counterpart: image = "..."' "'volumes' of [runners.docker]" 'WHATEVER=1' \
	'unknown: gitlab-ci-local has no such option' 'read as it is: K' 'read as it is: X' \
	'read as it is: gitlab.example.com/group/project.git' 'jobs get what git tracks' "'timestamps' of [cilocal] in the user's" \
	'inputs of components stand at their include' 'nothing is written; --write does' '"A=[MASKED]"'; do
	has "$text"
done
has_not from-the-env
[[ ! -e .cilocal.toml && ! -e $XDG_CONFIG_HOME/cilocal/config.toml ]] || fail "import writes by itself"
is "$(git status --porcelain | grep -v '^??')" ""

# What is written is read, and means the same.
run 0 import --write
is "$(stat -c %a .cilocal.toml)" 600
has "wrote $PWD/.cilocal.toml"
run 0 run greet --executor shell
has 'from-the-env and you 3'
run 0 vars greet
has 'from-the-env'
grep -q '^timestamps = true$' "$XDG_CONFIG_HOME/cilocal/config.toml" || fail "no timestamps"
run 0 doctor --config .cilocal.toml
has '/a:/b'
cp .cilocal.toml "$work/first"
run 2 import --write
has 'is there already, and stays as it is'
cmp .cilocal.toml "$work/first"

# Broken files are told, and nothing is written of the rest.
rm .cilocal.toml
printf 'NEEDS=true\n= x\n' >.gitlab-ci-local-env
printf 'a: [\n' >.gitlab-ci-local-variables.yml
run 2 import --write
has '.gitlab-ci-local-env:2:'
has '.gitlab-ci-local-variables.yml:'
[[ ! -e .cilocal.toml ]] || fail "written in spite of errors"
project <<<'a: {script: x}'
rm -r "$HOME/.gitlab-ci-local"
run 0 import
has 'there is nothing of gitlab-ci-local'
