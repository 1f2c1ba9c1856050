#!/usr/bin/env bash
# `cilocal graph`: text for wide and narrow terminals, DOT, Mermaid, SVG, JSON; states of a run.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
stages: [build, test, deploy]
compile: {stage: build, script: ["true"]}
docs: {stage: build, script: ["true"]}
unit: {stage: test, parallel: 2, needs: [compile], script: ["true"]}
lint: {stage: test, needs: [], script: ["true"]}
"发布 <x>": {stage: deploy, when: manual, needs: [unit, {job: docs, optional: true}], script: ["true"]}
last: {stage: deploy, script: [exit 3], allow_failure: true}
END
run 0 graph
diff - "$work/stdout" <<'END' || fail "not the text"
build        test      ->  deploy
-------      --------      -----------------
compile      unit 1/2      发布 <x> (manual)
docs         unit 2/2      last
             lint

needs
  unit 1/2  <-  compile
  unit 2/2  <-  compile
  lint      <-  nothing
  发布 <x>  <-  unit 1/2, unit 2/2, docs
END

run 0 graph --format dot
has 'subgraph cluster_1'
has 'j0 -> j2;'
has 'j1 -> j5 [style=dotted];'
has 'j2 -> j5 [ltail=cluster_1, lhead=cluster_2, style=dashed];'
run 0 graph --format mermaid
has 'j5["发布 #60;x#62; (manual)"]'
has '  s1 --> s2'
has_not 's0 --> s1'
has '  j1 -.-> j5'
run 0 graph --format svg
head -n 1 "$work/stdout" | grep -q '^<svg xmlns=' || fail "no SVG"
has '>发布 &lt;x&gt;<tspan'
(($(grep -c 'class="need' "$work/stdout") == 6)) || fail "not six arrows"
run 0 graph --format json
has '{"from":"docs","to":"发布 <x>","optional":true,"artifacts":true}'
run 2 graph --format png
has "(one of text, dot, mermaid, svg, json)"

# States of a run.
run 0 run
run 0 graph --run last
grep -qE '^compile success [0-9.]+s +unit 1/2 success' "$work/stdout" || fail "no states"
has 'last failed'
run 0 graph --run last --format svg
has 'class="job success"'
has 'class="job failed"'
has '<title>last: failed</title>'
run 2 graph --run nope
has "there is no run 'nope'"

# The pipelines that trigger jobs start: from files always, made ones out of a run.
project <<'END'
stages: [build, test, deploy]
gen: {stage: build, script: ['cp made.in made.yml'], artifacts: {paths: [made.yml]}}
compile: {stage: build, script: ["true"]}
parts: {stage: test, needs: [compile], trigger: {include: ci/child.yml, strategy: depend}}
made: {stage: test, needs: [gen], trigger: {include: [{artifact: made.yml, job: gen}], strategy: depend}}
other: {stage: deploy, trigger: group/other, when: manual}
late: {stage: deploy, needs: [compile], script: ["true"]}
END
mkdir ci
printf 'engine: {script: ["true"]}\nsub: {needs: [engine], trigger: {include: ci/sub.yml, strategy: depend}}\n' >ci/child.yml
echo '"leaf <1>": {script: ["true"]}' >ci/sub.yml
echo '{one: {script: ["true"]}, two: {stage: deploy, script: [exit 1]}}' >made.in
git add -A
git commit -q -m Children
run 0 graph
has "'parts' starts a child pipeline:"
has 'engine'
has "'parts > sub' starts a child pipeline:"
has 'leaf <1>'
has "'made' starts a child pipeline, which is made from an artifact of a job that has to run first."
has "'other' starts a downstream pipeline in group/other, which is not on this machine"
run 0 graph --format dot
has 'label="parts > sub";'
has 'j2 -> j6 [lhead=cluster_p1, style=bold];'
run 0 graph --format mermaid
has 'subgraph p1["parts"]'
has '  j2 ==> p1'
has 'j8["leaf #60;1#62;"]'
run 0 graph --format json
is "$(jq -c '[.stages[].jobs[] | [.name, .downstream.state, (.downstream.pipeline.stages | length)]]' "$work/stdout")" \
	'[["gen",null,0],["compile",null,0],["parts","built",1],["made","dynamic",0],["other","elsewhere",0],["late",null,0]]'
is "$(jq -r '.. | objects | select(.name? == "sub") | .downstream.pipeline.stages[0].jobs[0].name' "$work/stdout")" 'leaf <1>'
run 1 run
run 0 graph --run last
has "'made' starts a child pipeline, in this run:"
grep -qE '^one success [0-9.]+s +two failed' "$work/stdout" || fail 'no jobs of the made pipeline'
grep -qE '^leaf <1> success' "$work/stdout" || fail 'no state of a child of a child'
run 0 graph --run last --format dot
grep -qE 'label="gen success [0-9.]+s", color="#108548"' "$work/stdout" || fail 'no state in DOT'
run 0 graph --run last --format mermaid
has '  classDef failed stroke:#dd2b0e'
grep -qE '\["two failed [0-9.]+s"\]:::failed$' "$work/stdout" || fail 'no state in Mermaid'
run 0 graph --run last --format svg
has '<a href="#p1"><g><rect class="job success"'
has 'pipeline of</tspan><tspan dx="5">parts &gt; sub</tspan></text>'
is "$(grep -c 'class="frame"' "$work/stdout")" 3
is "$(grep -c 'class="mark failed"' "$work/stdout")" 2
command -v xmllint >/dev/null && { xmllint --noout "$work/stdout" || fail 'no XML'; }

# Lines go around the boxes: past a stage they run in the gap between two rows, in every picture.
boxes() {
	command -v python3 >/dev/null || return 0
	python3 - "$work/stdout" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
box = re.compile(r'<rect class="job[^"]*" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="(\d+)"')
boxes = [tuple(map(float, m)) for m in box.findall(text)]
assert boxes
number = re.compile(r'-?[\d.]+')
for d in re.findall(r'class="need[^"]*" marker-end="url\(#tip\)" d="([^"]+)"', text):
    x = y = 0.0
    points = []
    for command, rest in re.findall(r'([MCH])([^MCH]*)', d):
        n = [float(v) for v in number.findall(rest)]
        if command == 'M':
            x, y = n
        elif command == 'H':
            points += [(x + (n[0] - x) * t / 50, y) for t in range(51)]
            x = n[0]
        else:
            for t in (i / 50 for i in range(51)):
                c = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3]
                points.append((c[0] * x + c[1] * n[0] + c[2] * n[2] + c[3] * n[4],
                               c[0] * y + c[1] * n[1] + c[2] * n[3] + c[3] * n[5]))
            x, y = n[4], n[5]
    for px, py in points:
        for bx, by, w, h in boxes:
            assert not (bx + 0.2 < px < bx + w - 0.2 and by + 0.2 < py < by + h - 0.2), (d, bx, by)
size = re.search(r'viewBox="0 0 (\d+) (\d+)"', text)
for bx, by, w, h in boxes:
    assert bx + w <= float(size[1]) and by + h <= float(size[2])
for i, a in enumerate(boxes):
    for b in boxes[:i]:
        assert a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0] or a[1] + a[3] <= b[1] or b[1] + b[3] <= a[1]
PY
}
boxes || fail 'a line through a box, or boxes over each other'
{
	echo 'stages: [a, b, c, d]'
	for s in a b c d; do
		for i in 1 2 3 4 5 6 7; do
			needs=
			[[ $s == a ]] || needs=", needs: ['a 名前 $i', 'a 名前 $((i % 3 + 1))']"
			echo "'$s 名前 $i': {stage: $s, script: x$needs}"
		done
	done
	echo "'$(printf 'long%.0s ' {1..40})end': {stage: d, script: x, needs: ['a 名前 7', 'c 名前 1']}"
} >.gitlab-ci.yml
run 0 graph --format svg
boxes || fail 'a line through a box, or boxes over each other'
grep -qE '<text [^>]*>long long [long .]+\.\.\.[long ]*end</text><title>long long' "$work/stdout" || fail 'a long name is not cut'
