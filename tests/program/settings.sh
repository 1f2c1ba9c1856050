#!/usr/bin/env bash
# Configuration files and files of variables: what has no effect or can't be meant is said, with its place,
# by every command that reads them.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'CI'
job: {script: "true"}
CI

# Options of other commands too.
cat >.cilocal.toml <<'TOML'
[cilocal]
timeout = "x"
jobs = 0
registry-host = "foo:bar:baz"
cache-limit = "much"
TOML
run 2 list
has_line "\.cilocal\.toml:2:11: error.*'--timeout' wants a duration"
has_line "\.cilocal\.toml:3:8: error.*'--jobs' wants a number from 1 on"
has_line "\.cilocal\.toml:4:17: error.*'--registry-host' wants the name of a host"
has_line "\.cilocal\.toml:5:15: error.*'--cache-limit' wants a size"
printf '[cilocal]\ntimeout = "90s"\njobs = 2\nregistry-host = "reg.example.com:5000"\ncache-limit = "1g"\n' >.cilocal.toml
run 0 list
is "$(cat "$work/stderr")" ""
for host in foo:bar:baz foo: :5000 foo:0 foo:65536 -a.b a..b "a b" https://a; do
	run 2 list --registry-host "$host"
	has_line "error.*'--registry-host' wants"
done
for host in localhost registry.example.com 127.0.0.1:5000 a_b-c.d; do
	run 0 list --registry-host "$host"
done

# Without tags, the first runner that can be played takes all jobs.
cat >.cilocal.toml <<'TOML'
[[runners]]
executor = "kubernetes"
[[runners]]
name = "mine"
executor = "shell"
[[runners]]
name = "other"
executor = "docker"
[[runners]]
executor = "shell"
TOML
run 0 list
has_line "\.cilocal\.toml:2:12: note.*executor 'kubernetes' can't be played here"
has_line "\.cilocal\.toml:6:1: warning.*this runner gets no job"
has_line "\.cilocal\.toml:9:1: warning.*this runner gets no job"
run 0 list --quiet
is "$(cat "$work/stderr")" ""
rm .cilocal.toml

# Paths of projects and groups.
cat >.cilocal-variables.yml <<'YML'
project:
  gitlab.example.com/group/app: {A: b}
  nothing: {A: b}
group:
  gitlab.example.com: {A: b}
  group: {A: b}
YML
run 0 list
has_line "\.cilocal-variables\.yml:3:3: warning.*'nothing' under 'project' is no path of a project"
has_line "\.cilocal-variables\.yml:6:3: warning.*'group' under 'group' is no path of a group"
(($(grep -c warning "$work/out") == 2)) || fail "a path is no path"
printf 'project:\n  TOKEN: x\n' >.cilocal-variables.yml
run 2 list
has_line "\.cilocal-variables\.yml:2:10: error.*'TOKEN' under 'project' must be the path of a project"
printf 'group:\n  TOKEN: [x]\n' >.cilocal-variables.yml
run 2 list
has_line "\.cilocal-variables\.yml:2:10: error.*'TOKEN' under 'group' must be the path of a group"
rm .cilocal-variables.yml

# Where a template was looked for.
printf 'include: [{template: Nope.gitlab-ci.yml}]\njob: {script: x}\n' >.gitlab-ci.yml
printf '[cilocal]\ntemplates = "tpl"\n' >.cilocal.toml
run 3 lint --offline
has_line "\.gitlab-ci\.yml:1:11: error.*there is no folder '$PWD/tpl'"
mkdir tpl
run 3 lint --offline
has_line "\.gitlab-ci\.yml:1:11: error.*not in the folder '$PWD/tpl'"
echo 'there: {script: x}' >tpl/Nope.gitlab-ci.yml
run 0 lint --offline
