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
