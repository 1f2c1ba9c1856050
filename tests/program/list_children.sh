#!/usr/bin/env bash
# list --children: the pipelines that trigger jobs start, as table, CSV and JSON; those that can't be known yet
# are said to be so.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p "$work/other"
git -C "$work/other" init -q -b main
printf 'far: {script: ["true"]}\n' >"$work/other/.gitlab-ci.yml"
git -C "$work/other" add -A
git -C "$work/other" -c user.name=T -c user.email=t@example.com commit -q -m one

project <<'YML'
build: {stage: build, script: ["true"]}
static: {trigger: {include: child.yml}}
none: {trigger: {include: none.yml}}
bad: {trigger: {include: bad.yml}}
made: {trigger: {include: [{artifact: made.yml, job: build}]}}
other: {trigger: group/other}
unknown: {trigger: group/unknown}
out: {trigger: {include: child.yml}, rules: [{if: $NOTHING}]}
YML
printf 'inner: {trigger: {include: grandchild.yml}}\none: {script: ["true"], needs: [], rules: [{if: "$CI_PIPELINE_SOURCE == '"'parent_pipeline'"'"}]}\n' >child.yml
printf 'leaf: {script: ["true"]}\nself: {trigger: {include: grandchild.yml}}\n' >grandchild.yml
printf 'a: {scirpt: x}\n' >bad.yml
printf '[cilocal.projects]\n"group/other" = "../other"\n' >.cilocal.toml

run 0 list
has_not grandchild
run 0 list --children
has "'static' starts a child pipeline:"
has "'static > inner' starts a child pipeline:"
has "'none' starts a child pipeline, whose definition can't be had"
has "'bad' starts a child pipeline, whose definition is invalid"
has "'made' starts a child pipeline, which is made from an artifact"
has "'other' starts a downstream pipeline in group/other:"
has "'unknown' starts a downstream pipeline in group/unknown, which is not on this machine"
has leaf
has far
has_not "'out'"

run 0 list --children --csv
is "$(tail -n +2 "$work/stdout" | cut -d, -f1 | grep '>' | sort | paste -sd '|')" \
	'other > far|static > inner|static > inner > leaf|static > inner > self|static > one'

run 0 list --children --json
state() {
	jq -r "[.jobs[] | select(.name == \"$1\") | .downstream | .kind, .state, (.pipeline.jobs // [] | map(.name) | join(\",\"))] | join(\" \")" "$work/stdout"
}
is "$(state static)" 'child built inner,one'
is "$(state none)" 'child missing '
is "$(state bad)" 'child invalid '
is "$(state made)" 'child dynamic '
is "$(state other)" 'downstream built far'
is "$(state unknown)" 'downstream elsewhere '
is "$(jq -c '.jobs[0].downstream' "$work/stdout")" null
is "$(jq -r '.jobs[] | select(.name == "static") | .downstream.pipeline.jobs[0].downstream.pipeline.jobs | map(.name, .downstream == null) | join(" ")' "$work/stdout")" 'leaf true self true'
is "$(jq -r '.jobs[] | select(.name == "static") | .downstream.pipeline.jobs[1] | "\(.needs) \(.source)"' "$work/stdout")" '[] child.yml:2'
run 0 list --json
is "$(jq -c '[.jobs[] | select(has("downstream"))] | length' "$work/stdout")" 0
