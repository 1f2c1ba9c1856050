#!/usr/bin/env bash
# What programs read: the JSON of list and lint with its types, CSV with odd names, exit codes, which stream
# holds what, colours, and where options come from.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'YML'
stages: [build, "te,st"]
"odd, \"name\"":
  stage: build
  script: ["true"]
"two\nlines":
  stage: "te,st"
  script: ["true"]
  needs: []
  tags: ["a b", c]
copies:
  stage: "te,st"
  script: ["true"]
  parallel: {matrix: [{OS: ["l,x", mac]}]}
  needs: [{job: 'odd, "name"', artifacts: false, optional: true}]
  allow_failure: {exit_codes: [7, 8]}
  image: {name: busybox, entrypoint: [""]}
  services: [{name: redis, alias: r}]
  environment: {name: rev/$OS, url: http://x}
out:
  script: ["true"]
  stage: build
  needs: ['odd, "name"']
  rules: [{if: $NOTHING}, {when: never}]
started:
  stage: build
  trigger: {project: group/other, branch: main}
  rules: [{if: $NOTHING}, {if: $CI, when: manual, allow_failure: true}]
YML

# --- list --json
run 0 list --json
is "$(wc -c <"$work/stderr")" 0
is "$(jq -c '.stages' "$work/stdout")" '[".pre","build","te,st",".post"]'
is "$(jq -c '.workflow' "$work/stdout")" '{"name":null,"run":true}'
is "$(jq -r '[.jobs[0] | keys_unsorted[]] | join(" ")' "$work/stdout")" \
	'name base_name stage when allow_failure needs image services tags environment trigger rule source'
job() {
	jq -c --arg name "$1" ".jobs[] | select(.name == \$name) | $2" "$work/stdout"
}
is "$(job 'odd, "name"' '[.needs, .image, .services, .tags, .environment, .trigger, .rule]')" '[null,null,[],[],null,null,null]'
is "$(job 'odd, "name"' .source)" '".gitlab-ci.yml:2"'
is "$(job $'two\nlines' '[.needs, .tags]')" '[[],["a b","c"]]'
is "$(job 'copies: [l,x]' '[.base_name, .allow_failure, .needs]')" \
	'["copies",{"exit_codes":[7,8]},[{"job":"odd, \"name\"","artifacts":false,"optional":true}]]'
is "$(job 'copies: [l,x]' '[.image, .services]')" '[{"name":"busybox","entrypoint":[""]},[{"name":"redis","alias":"r"}]]'
is "$(job started '[.when, .allow_failure, .rule, .trigger]')" '["manual",true,1,{"project":"group/other","branch":"main"}]'
is "$(job out .name)" ''
run 0 list --json --all
is "$(job out '[.when, .needs, .rule]')" '["never",[{"job":"odd, \"name\"","artifacts":true,"optional":false}],1]'
is "$(jq '.jobs | length' "$work/stdout")" 6

# --- list --csv: a reader of RFC 4180 gets the names back
run 0 list --csv --all
is "$(head -n 1 "$work/stdout")" $'name,base_name,stage,when,allow_failure,needs,tags,environment,source\r'
if command -v python3 >/dev/null; then
	python3 - "$work/stdout" <<'PY' || fail 'the CSV reads back as something else'
import csv, sys
rows = {r["name"]: r for r in csv.DictReader(open(sys.argv[1], newline=""))}
assert list(rows) == ['odd, "name"', "two\nlines", "copies: [l,x]", "copies: [mac]", "out", "started"], list(rows)
assert rows["two\nlines"]["tags"] == "a b\nc", rows
assert rows["two\nlines"]["stage"] == "te,st", rows
assert rows["copies: [l,x]"]["environment"] == "rev/l,x", rows
assert rows["out"]["when"] == "never", rows
PY
fi
run 2 list --csv --json

# --- lint: several files, each looked at; the gravest code
cat >bad.yml <<'YML'
stages: [build]
build:
  stage: biuld
  scirpt: make
  needs: [foo]
YML
printf 'good:\n  script: ["true"]\n' >good.yml
run 3 lint bad.yml good.yml
has "bad.yml:3:10: error: job 'build' is in stage 'biuld', which does not exist"
has "note: did you mean 'build'?"
has "bad.yml:4:3: error: unknown keyword 'scirpt' in job 'build'"
has "note: did you mean 'script'?"
has "bad.yml:5:11: error: job 'build' needs job 'foo'"
is "$(cat "$work/stdout")" 'good.yml: valid, 1 job'
run 2 lint nowhere.yml bad.yml good.yml
has "cannot read 'nowhere.yml'"
has 'bad.yml: invalid, 4 errors'
has 'good.yml: valid, 1 job'
run 3 lint --json bad.yml good.yml
jq -e '.valid == false and (.warnings | type) == "array" and (.errors | length) == 4' "$work/stdout" >/dev/null || fail 'lint --json'
is "$(jq -c '.errors[1] | [.file, .line, .column, .job, .code]' "$work/stdout")" '["bad.yml",3,10,"build","unknown-stage"]'
is "$(jq -r '[.errors[0] | keys_unsorted[]] | join(" ")' "$work/stdout")" 'file line column message job code'
printf 'a: [' >broken.yml
run 3 lint --json broken.yml
is "$(jq -c '.errors[0] | [.job, .code]' "$work/stdout")" '[null,"yaml-syntax"]'
"$cilocal" lint - <good.yml >"$work/out" 2>&1 || fail 'the standard input'
has '<stdin>: valid, 1 job'
run 0 lint -q good.yml
is "$(wc -c <"$work/out")" 0

# --- the first fault of the command line, and its code
run 2 list --nope
run 2 lsit
has "did you mean 'list'?"
run 2 explain copis
has "did you mean 'copies'?"
run 2 -C nowhere list
run 2 -f nowhere.yml list
run 3 -f bad.yml list
run 3 -f bad.yml list --json
is "$(wc -c <"$work/stdout")" 0
mkdir -p sub/deep
run 0 -C sub -C deep list --names
has 'odd, "name"'
(cd sub && "$cilocal" -f ../good.yml list --names >"$work/out") || fail '-f beside the current folder'
has good
run 4 -C / list

# --- colours
colored() {
	env -u NO_COLOR TERM=xterm "$@" >"$work/out" 2>&1 || fail "$*"
	grep -q $'\033' "$work/out"
}
! colored "$cilocal" list || fail 'no terminal, yet colours'
colored CLICOLOR_FORCE=1 "$cilocal" list || fail 'CLICOLOR_FORCE'
! colored CLICOLOR_FORCE=0 "$cilocal" list || fail 'CLICOLOR_FORCE=0'
! colored CLICOLOR_FORCE=1 NO_COLOR=1 "$cilocal" list || fail 'NO_COLOR goes above CLICOLOR_FORCE'
colored NO_COLOR=1 "$cilocal" --color always list || fail '--color always goes above NO_COLOR'
! colored CLICOLOR_FORCE=1 "$cilocal" --color never list || fail '--color never'
run 2 list --color sometimes

# --- --changed: files, folders, patterns
mkdir -p src/a docs
touch src/a/x.c docs/i.md
git add src docs
cat >changes.yml <<'YML'
c: {script: x, rules: [{changes: ["src/**/*.c"]}]}
d: {script: x, rules: [{changes: ["docs/*"]}]}
z: {script: x}
YML
for one in src src/ ./src/a 'src/**' '**/*.c' src/a/gone.c; do
	run 0 -f changes.yml list --names --changed "$one"
	is "$(paste -sd ' ' "$work/stdout")" 'c z'
done
run 0 -f changes.yml list --names --changed . --changed docs/i.md
is "$(paste -sd ' ' "$work/stdout")" 'c d z'
run 0 -f changes.yml list --names --changed 'nothing*'
is "$(paste -sd ' ' "$work/stdout")" z
has "warning: --changed 'nothing*' fits no file"

# --- -v: what is read; twice: each command too; all on standard error
printf 'V: 1\n' >.cilocal-variables.yml
run 0 list --names -v -f good.yml
is "$(cat "$work/stdout")" good
has '/project/.cilocal-variables.yml'
has 'load: definition good.yml'
has '1 of 1 jobs are in this pipeline: push of main'
has_not 'git: git log'
run 0 list -v -v -f good.yml
has 'git: git log'
run 0 list -f good.yml
has_not 'load:'
