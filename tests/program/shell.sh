#!/usr/bin/env bash
# A shell in a job of the shell executor: what it finds, how it ends, that nothing stays; and in a failed job.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib_terminal.sh"

project <<'END'
stages: [build, test]
make:
  stage: build
  script: ["echo made > made.txt", 'echo "FROM_REPORT=yes" > env']
  artifacts: {paths: [made.txt], reports: {dotenv: env}}
check:
  stage: test
  variables: {TEXT: "it's\nhere"}
  before_script: [echo before]
  script:
    - echo written > written.txt
    - mkdir sub
    - cd sub
    - export LATER="set by the script"
    - "false"
    - echo never
  after_script: ["cat written.txt; echo after"]
parallel: {stage: test, parallel: 2, script: [echo hi]}
child: {stage: test, trigger: {include: child.yml}}
END
echo 'one: {script: [echo one]}' >child.yml

# Without a terminal it reads commands; standard output has what they print and nothing else.
piped 7 'echo "$TEXT"; ls made.txt written.txt; cat "$CILOCAL_SCRIPT"; exit 7' check
is "$(head -2 "$work/stdout")" $'it\'s\nhere'
has "no earlier run kept its artifacts (--needs runs it)"
has "echo before"
has "#	cat written.txt"
has_not "echo: command"
[[ $(find .cilocal/shells -mindepth 1) == "" ]] || fail "something is left in .cilocal/shells"
run 0 runs
has_not "check"

# What it needs, first; then from the run that is there.
piped 0 'cat made.txt; echo "report $FROM_REPORT"' check --needs
is "$(cat "$work/stdout")" $'made\nreport yes'
piped 0 'cat made.txt' check
is "$(cat "$work/stdout")" made
has "its artifacts come from run"

# A command, with options of its own; its exit code and its input.
piped 3 'through the pipe' check -- sh -c 'cat; echo "$TEXT" | head -1; exit 3'
is "$(cat "$work/stdout")" $'through the pipe\nit\'s'
head -c 3000000 /dev/zero >"$work/zeros"
is "$("$cilocal" shell check -q -- wc -c <"$work/zeros" 2>/dev/null)" 3000000
# Who reads no more ends it, as it ends any program.
got=$(set +o pipefail; timeout 20 "$cilocal" shell check -q -- yes 2>/dev/null | head -1; echo "${PIPESTATUS[0]}")
is "$got" $'y\n141'

# Without '--' they are taken for cilocal's.
behind="(a command with options of its own goes behind '--': cilocal shell JOB -- COMMAND...)"
run 2 shell check test -d sub
has "unknown option '-d' for 'shell' $behind"
run 2 shell check ls --almost-all
has "unknown option '--almost-all' for 'shell' $behind"
run 2 shell check wc --tail 3
has "'logs' takes it $behind"
run 2 shell -d check test
has_not "$behind"
run 2 shell check -d
has_not "$behind"

# The copy is the job's own.
piped 0 'echo changed > README; git status --short | head -1' check
[[ ! -e README ]] || fail "the shell wrote into the work tree"

run 2 shell parallel
has "name one of 'parallel 1/2', 'parallel 2/2'"
run 2 shell child
has "it has no place for a shell"
run 2 shell chek
has "did you mean 'check'"
run 2 shell
run 2 run check --shell-on-failure
has "needs a terminal"

# A signal ends it, and what it started.
mark=$((62000 + RANDOM % 1000)).25
mkfifo "$work/fifo"
exec 7<>"$work/fifo"
launch shell check <"$work/fifo"
echo "echo here; sleep $mark" >&7
printed here
kill -TERM "$pid"
ends 143
exec 7>&-
is "$(pgrep -f "sleep $mark" || :)" ""
[[ $(find .cilocal/shells -mindepth 1) == "" ]] || fail "something is left in .cilocal/shells"

# On a terminal: its own size, Ctrl-C for what runs in it, the exit code, the mode given back.
terminal shell check
shows "\$CILOCAL_SCRIPT, which is"
keys 'PS1=">"; stty size; sleep 500' Enter
shows "40 100"
keys C-c
keys 'echo still "$TEXT"' Enter
shows "still it's"
pane resize-window -x 90 -y 30
keys 'sleep 0.3; stty size' Enter
shows "30 90"
keys 'exit 9' Enter
terminal_ends 9

# In the failed job: where the script was, with what it had; then the job goes on to its end.
terminal run check --shell-on-failure
shows "job 'check' failed (exit status 1): a shell where its script ended"
keys 'PS1=">"; basename "$PWD"; echo "[$LATER]"; cat ../written.txt; echo more >> ../written.txt; exit 5' Enter
shows "[set by the script]"
has "sub"
shows "more"
shows "Job failed: exit status 1"
terminal_ends 1
has_not "never"

# Nobody is at the terminal any more.
terminal run check --shell-on-failure
shows "a shell where its script ended"
kill -TERM "$(pgrep -f "^$cilocal run check --shell-on-failure")"
terminal_ends 143
