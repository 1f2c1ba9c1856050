#!/usr/bin/env bash
# cilocal test: cases that hold, each kind of difference with its line, stand-ins, reports, broken files; nothing of the
# user's or of earlier runs decides, and nothing is left behind.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'CI'
stages: [build, test, deploy]
spec-less: {stage: build, script: ["echo none"], rules: [{if: $NEVER}]}
build: {stage: build, image: gcc:12, script: [make], artifacts: {paths: [out]}, timeout: 90 minutes}
test: {stage: test, parallel: 2, script: [make check], needs: [build]}
docs: {stage: test, script: [make docs], rules: [{changes: [docs/**/*]}]}
down: {stage: deploy, trigger: {include: nothing.yml}, rules: [{if: $DOWN}]}
deploy:
  stage: deploy
  variables: {TARGET: "$CI_COMMIT_REF_NAME-x"}
  before_script: ["echo before"]
  script: |
    kubectl apply -f x
    echo deployed $TARGET $EXTRA
  rules: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH, when: manual}]
CI

# What holds. The user's variables are not asked; the project's are.
mkdir -p "$XDG_CONFIG_HOME/cilocal"
echo 'DOWN: yes please' >"$XDG_CONFIG_HOME/cilocal/variables.yml"
echo 'EXTRA: of the project' >.cilocal-variables.yml
printf '[cilocal]\nbranch = "other"\n' >.cilocal.toml
cat >.cilocal-tests.yml <<'YAML'
- name: a push to main
  branch: main
  expect:
    stages: [build, test, deploy]
    jobs:
      - build: {image: gcc:12, artifacts: {paths: [out]}, timeout: 1h 30m, needs: null, tags: []}
      - "test*": {needs: [build], stage: test}
      - deploy: {when: manual, allow_failure: false, variables: {TARGET: main-x, NOPE: null, EXTRA: of the project}}
- name: documentation
  branch: topic
  changed: docs/a.md
  expect: {jobs: {contains: docs, absent: [deploy, down]}}
- name: several
  branch: topic
  variables: {DOWN: 1}
  expect: {jobs: {exactly: [build, test, down: {trigger: {include: nothing.yml}}]}}
- name: an invalid one
  file: broken.yml
  expect: {error: "unknown keyword 'scirpt'"}
- name: a run
  branch: main
  variables: {DOWN: 1}
  run:
    manual: [deploy]
    replace:
      build: [mkdir out, echo built >out/x, echo built]
      test: [test -f out/x, "echo copy $CI_NODE_INDEX"]
      down: echo a stand-in
      deploy: {"kubectl *": [echo would apply, echo -n]}
    expect:
      order: [build, test, deploy]
      status: {test: success, down: success}
      log:
        build: built
        test: {matches: ['^copy \d'], absent: [error]}
        deploy: [would apply, "deployed main-x of the project"]
- name: a failing one
  branch: main
  run:
    replace: {build: exit 3, test: "true"}
    expect: {status: {build: failed, "test 1/2": skipped}}
- name: a part
  branch: main
  run: {jobs: [test], needs: true, replace: {"*": "true"}, expect: {status: {build: success}}}
YAML
echo 'a: {scirpt: x}' >broken.yml
git add -A
git commit -q -m Tests
run 0 test
has '7 passed, 0 failed'
is "$(git status --porcelain)" ""
is "$(ls -A .cilocal/shells 2>/dev/null)" ""
[[ ! -e .cilocal/runs ]] || fail "a test left a run"
run 0 test -q
is "$(cat "$work/out")" ""
run 0 test --case 'a *' --case several
has '5 passed'

# Every difference has its line, both sides and why.
cat >differs.yml <<'YAML'
- name: jobs
  branch: topic
  expect: {jobs: [build, docs, deploi]}
- name: keywords
  branch: main
  expect:
    stages: [build]
    name: something
    jobs:
      contains:
        - build: {image: gcc:13}
        - test: {needs: [docs]}
        - deploy:
            when: always
            variables: {TARGET: main}
- name: absent
  branch: main
  expect: {jobs: {absent: deploy}}
- name: not invalid
  branch: main
  expect: {error: no such thing}
- name: invalid
  file: broken.yml
  expect: {jobs: [a]}
- name: too much
  branch: topic
  expect: {pipeline: false}
- name: stale stand-ins
  branch: topic
  run: {replace: {deploy: x, build: {"cmake *": x}}}
- name: the run
  branch: topic
  run:
    replace: {build: "echo '<built> & gone'; exit 4", test: "true"}
    expect: {exit_code: 0, status: {build: success, deploy: success}, order: [test], log: {build: [nothing], test: x}}
YAML
run 1 test differs.yml --junit report.xml
for text in 'differs.yml:3: jobs' '    - docs' '    - deploi' '    + test 1/2' "did you mean 'deploy'?" \
	"'docs' is not in this pipeline: " \
	'differs.yml:7: stages that have jobs' 'differs.yml:8: name of the pipeline' \
	"differs.yml:11: job 'build': image" '    - gcc:13' '    + gcc:12' "differs.yml:12: job 'test 2/2': needs" \
	"differs.yml:14: job 'deploy': when" '    + manual' "differs.yml:15: job 'deploy': variable TARGET" '    + main-x' \
	'differs.yml:18: jobs: absent' "'deploy' is in this pipeline: " \
	'differs.yml:21: error' '    + a valid definition' 'differs.yml:24: definition' '    + broken.yml:1: ' \
	'differs.yml:27: pipeline' '    + created, 3 jobs' \
	"differs.yml:30: replace" "none of its commands does" \
	'differs.yml:35: exit code of the run' '<built> & gone' "    + it is not in the run" "'test' did not run" \
	'the job wrote nothing' '0 passed, 8 failed'; do
	has "$text"
done
grep -qF '&lt;built&gt; &amp; gone' report.xml || fail "the report is not escaped"
grep -qF '<testsuite name="differs.yml" tests="8" failures="8"' report.xml || fail "no sums in the report"
run 1 test differs.yml --json
is "$(jq -c '[.passed, .failed, (.cases | length), .cases[0].source, .cases[0].differences[0].expected]' "$work/stdout")" \
	'[0,8,8,"differs.yml:1",["docs","deploi"]]'

# Broken files: all that is wrong, and nothing runs.
cat >bad.yml <<'YAML'
- name: a
  evnt: push
  branch: x
  expect: {jobs: {contain: [a]}}
- name: a
  event: psh
- event: merge_request_event
  expect: {jobs: [[x], {build: {whn: manual}}]}
  run: {replace: [a], expect: {status: {a: sucess}, log: {a: {matches: "("}}}, timeout: soon}
- {name: both, tag: x, branch: y, expect: {}}
- {name: no tag, event: tag, expect: {}}
- {name: nothing}
- 3
YAML
run 2 test bad.yml
for text in "bad.yml:2:3: error: unknown key 'evnt'" "did you mean 'event'?" "did you mean 'contains'?" \
	"there is a case 'a' already, in line 1" "'psh' is no value" "has no 'name'" "did you mean 'when'?" \
	"'replace' wants a mapping" "did you mean 'success'?" "no regular expression" 'wants a duration' \
	"exclude each other" "'event: tag' wants 'tag'" 'checks nothing' 'a case is a mapping'; do
	has "$text"
done
for text in '' '{}' 'a: b' '- [' '"'; do
	printf '%s' "$text" >bad.yml
	run 2 test bad.yml
	has 'bad.yml:'
done
run 2 test nowhere.yml
printf -- '- {name: lost, file: nowhere.yml, expect: {}}\n' >bad.yml
run 2 test bad.yml
has "bad.yml:1: case 'lost' can't be tried"
printf -- '- {name: a, expect: {error: [], jobs: null}}\n' >bad.yml
run 2 test bad.yml
has "'error' wants at least one text"
has "'jobs' wants a list of jobs, and has nothing"
run 2 test --case nobody
rm .cilocal-tests.yml
run 2 test
has 'there is no .cilocal-tests.yml'

# Ctrl-C ends it with the job.
cat >slow.yml <<'YAML'
- {name: slow, branch: topic, run: {jobs: [build], replace: {build: "touch /proc/self/cwd/up; echo up >&2; sleep 30"}}}
YAML
start test slow.yml -v
printed 'up'
kill -INT "$pid"
ends 130
is "$(ls -A .cilocal/shells)" ""
