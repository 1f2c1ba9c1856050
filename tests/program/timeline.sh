#!/usr/bin/env bash
# Where the time of a run went: recorded while it goes on, drawn at its end on a terminal, and by `runs show`.
# shellcheck source=tests/program/lib_terminal.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib_terminal.sh"
export LC_ALL=C.UTF-8

project main <<'END'
stages: [build, test, deploy]
compile: {stage: build, script: [sleep 1, echo x >x], artifacts: {paths: [x]}}
quick: {stage: build, script: ["true"]}
again: {stage: test, retry: 1, allow_failure: true, script: [sleep 0.2, "false"]}
child: {stage: test, trigger: {include: child.yml, strategy: depend}}
部署 🚀: {stage: deploy, needs: [child, compile], script: [sleep 0.3]}
press: {stage: deploy, when: manual, allow_failure: true, script: ["true"]}
END
cat >child.yml <<'END'
stages: [one, two]
one: {stage: one, script: [sleep 0.5]}
two: {stage: two, script: [sleep 0.5]}
END
git add -A && git commit -qm child

# While it runs the record has what began, without an end.
start run
for ((i = 0; i < 400; i++)); do
	state=$(jq -c '.jobs[0].phases[-1] | [.name, .duration]' .cilocal/runs/*/run.json 2>/dev/null) || state=
	[[ $state != '["step_script",-1]' ]] || break
	sleep 0.02
done
is "$state" '["step_script",-1]'
run 0 runs show
has 'running'
ends 0
# Not for a file.
has_not TIMELINE

# The phases of a job follow one another; a second attempt waits again.
run 0 runs show --format json
is "$(jq -r '.jobs[0].phases | map(.name) | map(select(test("script$|artifacts"))) | join(" ")' "$work/stdout" |
	sed 's/prepare_script //')" "step_script upload_artifacts_on_success"
is "$(jq '[.jobs[] | .phases | range(1; length) as $i | .[$i].start - (.[$i-1].start + .[$i-1].duration) | fabs |
	select(. > 0.0015)] | length' "$work/stdout")" 0
is "$(jq -r '.jobs[] | select(.name == "again") | .phases | map(select(.name == "step_script")) | length' "$work/stdout")" 2
is "$(jq -r '.longest_chain.jobs | join(",")' "$work/stdout")" "compile,child > one,child > two,child,部署 🚀"
jq -e '.longest_chain.duration > 2.3 and .longest_chain.duration <= .duration and .time.scripts > 2.6 and
	.time.files > 0 and (.jobs[5] | .after == "child > one" and .critical)' "$work/stdout" >/dev/null ||
	fail "these are not the times of that run"

COLUMNS=60 run 0 runs show last
has '* compile'
has '*   two'
has 'press  '
has 'manual'
has '█'
has 'longest chain (*)'
has_line 'scripts [2-9]\.'
LC_ALL=C run 0 runs show
has '###'
run 0 runs show --format svg
has '</svg>'
has '<title>step_script '
run 0 runs show --format trace
is "$(jq -r '[.traceEvents[] | select(.ph == "X" and .cat == "job") | .name] | sort | join(",")' "$work/stdout")" \
	"again,child,child > one,child > two,compile,quick,部署 🚀"
jq -e '[.traceEvents[] | select(.ph == "X" and (.dur < 0 or .ts < 0))] == []' "$work/stdout" >/dev/null ||
	fail "a slice ends before it begins"

# A record of a version that knew no phases.
old=.cilocal/runs/20200101-000000-1
mkdir -p "$old"
jq 'del(.setup, .jobs[].phases, .jobs[].after) | .id = "20200101-000000-1"' .cilocal/runs/2*/run.json >"$work/old"
mv "$work/old" "$old/run.json"
run 0 runs show 20200101
has 'compile'
has '█'
has_not 'longest'

# What goes with what.
run 2 runs show nothing
has "there is no run 'nothing'"
run 2 runs shw
has "runs show RUN"
run 2 runs --format svg
run 2 runs show --limit 3
run 2 runs show --format trce
has "did you mean 'trace'?"

terminal 60 50
keys "clear; $cilocal run" Enter
shows 'longest chain'
shows 'TIMELINE '
keys "clear; $cilocal run --no-timeline; echo e''nd" Enter
shows '^end'
shows_not TIMELINE
printf '[cilocal]\ntimeline = false\n' >.cilocal.toml
keys "clear; $cilocal run; echo e''nd" Enter
shows '^end'
shows_not TIMELINE
rm .cilocal.toml
# One short job needs no picture.
keys "clear; $cilocal run quick; echo e''nd" Enter
shows '^end'
shows_not TIMELINE
