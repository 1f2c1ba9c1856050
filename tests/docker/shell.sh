#!/usr/bin/env bash
# A shell in a job's container: with sources, variables, artifacts, cache, services; in a failed job; and that
# nothing is left, however it ends.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/lib_terminal.sh
. "$root/tests/lib_terminal.sh"

project main <<'END'
stages: [build, test]
make:
  stage: build
  image: busybox
  script: ["echo made > made.txt", "mkdir kept", "echo cached > kept/file"]
  artifacts: {paths: [made.txt]}
  cache: {key: k, paths: [kept]}
check:
  stage: test
  image: busybox
  services: [{name: redis:7, alias: db}]
  cache: {key: k, paths: [kept], policy: pull}
  variables: {TEXT: "it's\nhere", NOTE: {value: "content of a file"}}
  script:
    - echo written > written.txt
    - cd /tmp
    - export LATER="set by the script"
    - touch /outside
    - "false"
  after_script: [cat written.txt]
bash: {stage: test, image: "debian:bookworm", script: ["exit 3"]}
gone:
  stage: test
  image: debian:bookworm
  variables: {BASH_ENV: /starts-here}
  script: ["echo 'rm -f /bin/sh' >/starts-here", "false"]
END
remember
run 0 run make

# shellcheck disable=SC2016
piped 7 'pwd; cat made.txt kept/file; echo "$TEXT"; nc -w 2 db 6379 </dev/null && echo up; ls written.txt
tail -5 "$CILOCAL_SCRIPT"; exit 7' check
[[ $(head -6 "$work/stdout") == $'/builds/group/project\nmade\ncached\nit\'s\nhere\nup' ]] || fail "not what the job has"
has 'touch /outside'
nothing_left

# shellcheck disable=SC2016
piped 4 '' bash -- bash -c 'echo "$BASH_VERSION" | cut -c1; exit 4'
[[ $(<"$work/stdout") == [5-9] ]] || fail "no bash"
[[ $(head -c 3000000 /dev/zero | "$cilocal" shell bash -q -- wc -c 2>/dev/null) == 3000000 ]] || fail "input is cut"
got=$(set +o pipefail; timeout 40 "$cilocal" shell bash -q -- yes 2>/dev/null | head -1; echo "${PIPESTATUS[0]}")
[[ $got == $'y\n141' ]] || fail "nobody reads: $got"
nothing_left

# On a terminal.
terminal shell check
shows "\$CILOCAL_SCRIPT, which is /builds/group/project.tmp/.cilocal/script.sh"
keys 'PS1=">"; stty size; sleep 500' Enter
shows "40 100"
keys C-c
keys 'echo still "$TEXT"' Enter
shows "still it's"
pane resize-window -x 90 -y 30
keys 'sleep 0.5; stty size' Enter
shows "30 90"
keys 'exit 9' Enter
terminal_ends 9
nothing_left

# In the failed job: the same container, the services still up; then the job goes on to its end.
terminal run check bash --shell-on-failure -j 2
shows "a shell where its script ended"
keys 'exit' Enter
shows "job 'check' failed (exit code 1): a shell where its script ended"
keys 'PS1=">"; pwd; echo "[$LATER]"; ls /outside; nc -w 2 db 6379 </dev/null && echo up' Enter
shows "[set by the script]"
shows "/outside"
shows "up"
keys 'echo more >> /builds/group/project/written.txt; exit' Enter
shows "check | more"
shows "check | ERROR: Job failed: exit code 1"
terminal_ends 1
nothing_left

# The engine can't start it: that is no exit code of a shell, and its words are not all that is said.
terminal run gone --shell-on-failure
shows "no shell in job 'gone': the engine could not start the shell: "
terminal_ends 1
has "ERROR: Job failed: exit code 1"
nothing_left

# Taken down under it: by a signal, and with its container.
terminal shell bash
shows "\$CILOCAL_SCRIPT"
kill -TERM "$(pgrep -f "^$cilocal shell bash$")"
terminal_ends 143
nothing_left
terminal shell bash
shows "\$CILOCAL_SCRIPT"
id=$(api GET '/containers/json' | jq -r '.[] | select(.Names[0] | startswith("/cilocal-")) | .Id' | head -1)
api DELETE "/containers/$id?force=1" -o /dev/null
terminal_ends 137
nothing_left
