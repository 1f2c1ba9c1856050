#!/usr/bin/env bash
# Manual jobs that block the pipeline, on a terminal: the user is asked, and answers with a key.
# shellcheck source=tests/program/lib_terminal.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib_terminal.sh"

project main <<'EOF'
stages: [deploy, after]
other:
  stage: deploy
  script: ["while test ! -e $OUTSIDE/go; do sleep 0.1; done", "echo other is done"]
deploy:
  stage: deploy
  rules: [{when: manual}]
  variables: {WHERE: staging}
  manual_confirmation: Really to $WHERE?
  script: ['echo "$TAG goes to $WHERE"']
second:
  stage: deploy
  rules: [{when: manual}]
  script: [echo second runs]
offered:
  stage: deploy
  when: manual
  script: [echo nobody asked]
after:
  stage: after
  script: [echo after all]
EOF
export OUTSIDE=$work

# One after the other, with variables and the job's own question, while another job goes on.
terminal 80 30
keys "$cilocal run -j 4 --var OUTSIDE=$work; echo code \$?" Enter
shows '1  deploy (stage deploy)'
shows '2  second (stage deploy)'
shows_not 'offered (stage'
keys 1
shows 'p: play it, v: set variables first, s: skip it'
keys v
shows 'NAME=VALUE:'
keys 'no name' Enter
shows 'A variable is NAME=VALUE'
keys C-u
keys TAG=v1x BSpace Enter
shows '^  TAG$'
keys WHERE=production Enter
shows '^  WHERE$'
keys Enter
shows 'Really to production?'
keys y
shows 'v1 goes to production'
shows 'waits for manual job second'
touch "$work/go"
shows 'other is done'
keys Left
shows 'waits for manual job second'
keys p
shows 'second runs'
shows 'after all'
shows 'code 0'
screen >"$work/out"
has_not 'p: play it'
has_not 'nobody asked'
is "$(tmux display-message -p '#{pane_current_command}')" bash

# Skipped: it ends as where nobody is asked. The terminal has its mode back.
keys "clear; $cilocal run --var OUTSIDE=$work; echo code \$?" Enter
shows '1  deploy'
keys s
shows "manual job 'deploy' was not played"
shows 'code 0'
keys stty Enter
shows speed
screen >"$work/out"
has_not '-icanon'
has_not '-echo '

# Ctrl-C ends all of it.
keys "clear; $cilocal run --var OUTSIDE=$work; echo code \$?" Enter
shows '1  deploy'
keys C-c
shows 'deploy  *deploy  *canceled'
shows 'code 130'

# "No" to the job's own question leads back; all at once asks it too.
keys "clear; $cilocal run --var OUTSIDE=$work; echo code \$?" Enter
shows '1  deploy'
keys a
shows 'Really to staging?'
keys n
shows '1  deploy'
keys a
shows 'Really to staging?'
keys y
shows 'second runs'
shows 'code 0'

# Nobody is asked who can't answer, or does not want to.
for how in "run --no-ask" "run --json" "-q run" "run </dev/null"; do
	keys "clear; $cilocal ${how/run/run --var OUTSIDE=$work}; echo code \$?" Enter
	shows 'code 0'
done
