#!/usr/bin/env bash
# The traps of the reference about scripts and variables, each by its number: what local emulators get wrong.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
variables:
  EMPTY: ""
  RAW: {value: "a\\n 'c' \"d\" $$ `e` é", expand: false}
  FROM_YAML: "[$HOST_ONLY]"
default: {image: "debian:bookworm"}
shell:
  variables: {HOME_IS: "[$HOME]"}
  before_script: ["cd /tmp", "V=1", "set +e"]
  script:
    - "false"
    - echo "trap 1 in $PWD with $V"
    - set -e
    - echo "trap 3 [$NOT_SET]"
    - read x || echo "trap 4 nothing to read"
    - "[ -t 0 ] || [ -t 1 ] || [ -t 2 ] || echo trap 5 no terminal"
    - '[[ $BASH_VERSION ]] && echo trap 6 bash'
    - echo "trap 13 $CI_PROJECT_DIR"
    - echo "trap 14 $HOME_IS $FROM_YAML"
    - echo "trap 15 [${HOST_ONLY-not here}]"
    - echo "trap 16 $RAW."
    - tr '\0' '\n' </proc/1/environ | sed -n 's/^CI_JOB_NAME=/trap 17 /p'
    - echo "trap 20 ${EMPTY-unset}."
    - kill -9 $$; echo "trap 37 still there"
    - printf 'echo no\n' >s.sh; ./s.sh || echo "trap 38 exit code $?"
  after_script: ['echo "trap 1 after [$V] in $PWD"', "exit 9"]
pipe: {script: ["false | true", "echo trap 3 goes on"]}
long: {image: busybox, script: ["x=LONG", 'echo "trap 8 ${#x}"']}
code: {image: busybox, script: ["exit 137"], allow_failure: {exit_codes: [137]}}
lines:
  image: busybox
  script: ["echo trap 36 first; i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i + 1)); done; echo trap 36 last"]
late: {image: busybox, timeout: 1s, script: ["sleep 60"], after_script: ["echo trap 33 ran"]}
clock:
  image: busybox
  script: ["printf 'section_start:5:step_script\\r\\033[0K'; echo trap 40; printf 'section_end:3:step_script\\r\\033[0K\\n'"]
END
# More than the kernel takes as one argument (trap 8).
text=$(<.gitlab-ci.yml)
printf '%s\n' "${text/LONG/$(printf 'x%.0s' {1..150000})}" >.gitlab-ci.yml
git commit -qam "A long line"
remember
export HOST_ONLY=leaked

run 0 run -j 4 shell long code lines clock
has 'trap 1 in /tmp with 1'
has 'trap 1 after [] in /builds/group/project'
has_line '^shell +\| Job succeeded' # trap 2: whatever after_script ends with
has 'trap 3 []'
has_line '^shell +\| trap 4 nothing to read'
has_line '^shell +\| trap 5 no terminal'
has_line '^shell +\| trap 6 bash'
has 'trap 13 /builds/group/project'
has 'trap 14 [] []'
has 'trap 15 [not here]'
# shellcheck disable=SC2016 # as it stands
has 'trap 16 a\n '\''c'\'' "d" $$ `e` é.'
has 'trap 17 shell'
has_line '^shell +\| trap 20 \.'
has_line '^shell +\| trap 37 still there'
has 'trap 38 exit code 126'
has_not leaked
has_line '^long +\| trap 8 150000'
has_line '^code +\| .*exit code 137' # trap 34
has_line '^lines +\| trap 36 first'
has_line '^lines +\| trap 36 last'
[[ $(grep -c '^lines *| line ' "$work/out") == 5000 ]] || fail "trap 36: $(grep -c '^lines *| line ' "$work/out") lines of 5000"
has_line '^clock +\| .*trap 40'
has_line '^clock +\| Job succeeded'
run 1 run -j 2 pipe late
has_no_line '^pipe +\| trap 3 goes on'
has_line '^late +\| .*execution took longer than 1s'
has_no_line '^late +\| trap 33 ran' # not after the job's timeout
nothing_left # trap 35
