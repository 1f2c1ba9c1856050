#!/usr/bin/env bash
# Several [[runners]]: chosen by the tags of jobs, as GitLab does; each with its limit and settings.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
plain: {script: ['echo "plain on $WHO, $CI_RUNNER_ID $CI_RUNNER_DESCRIPTION $CI_RUNNER_TAGS"']}
gpu: {tags: [gpu], script: ['echo "gpu on $WHO, $CI_RUNNER_ID $CI_RUNNER_DESCRIPTION $CI_RUNNER_TAGS"']}
END
cat >.cilocal.toml <<'END'
concurrent = 4
[[runners]]
name = "laptop"
executor = "shell"
run_untagged = true
environment = ["WHO=the-laptop"]
[[runners]]
name = "big"
executor = "shell"
tags = ["gpu", "linux"]
environment = ["WHO=the-big-one"]
END
run 0 run
has 'plain on the-laptop, 1 laptop []'
has 'gpu on the-big-one, 2 big ["gpu", "linux"]'
run 0 vars gpu
has 'the-big-one'
has_line '^CI_RUNNER_DESCRIPTION +big '
has_line '^CI_RUNNER_TAGS +\["gpu", "linux"\] '

# All tags must be there; a runner with tags leaves untagged jobs alone, unless it says otherwise.
project <<'END'
both: {tags: [gpu, windows], script: [echo both]}
plain: {script: [echo plain]}
END
cat >.cilocal.toml <<'END'
[[runners]]
name = "big"
executor = "shell"
tags = ["gpu", "linux"]
END
run 1 run
job_is both failed
job_is plain failed
has 'this job is stuck: no runner has all of its tags: gpu, windows; '"'big' (.cilocal.toml:4) has gpu, linux"
has 'this job is stuck: it has no tags, and no runner runs untagged jobs'
sed -i 's/^tags.*/&\nrun_untagged = true/' .cilocal.toml
run 1 run
job_is both failed
job_is plain success
run 1 run --json both
has '"failure_reason":"stuck_or_timeout_failure"'

# limit: jobs of one runner wait for each other, those of another do not.
project <<'END'
one: {tags: [slow], script: ['touch "$DIR/one.here"; sleep 0.5; rm "$DIR/one.here"']}
two: {tags: [slow], script: ['test ! -e "$DIR/one.here"', echo two-alone]}
other: {tags: [quick], script: ['for i in $(seq 100); do [ -e "$DIR/one.here" ] && break; sleep 0.05; done', 'test -e "$DIR/one.here"', echo other-meanwhile]}
END
mkdir "$work/here"
cat >.cilocal.toml <<END
[[runners]]
executor = "shell"
tags = ["slow"]
limit = 1
environment = ["DIR=$work/here"]
[[runners]]
executor = "shell"
tags = ["quick"]
environment = ["DIR=$work/here"]
END
run 0 run -j 3
has two-alone
has other-meanwhile

# Where no runner names tags, the first takes all, and the others are told to be of no use.
project <<'END'
job: {tags: [anything], script: ['echo "on $WHO"']}
END
cat >.cilocal.toml <<'END'
[[runners]]
executor = "shell"
environment = ["WHO=first"]
[[runners]]
executor = "shell"
[[runners]]
executor = "kubernetes"
END
run 0 run
has 'on first'
has '.cilocal.toml:4:1: warning: this runner gets no job: the first one takes them all'
has ".cilocal.toml:7:12: note: executor 'kubernetes' can't be played here"

# A later file adds to the runner of the same name.
mkdir -p "$XDG_CONFIG_HOME/cilocal"
cat >"$XDG_CONFIG_HOME/cilocal/config.toml" <<'END'
[[runners]]
name = "a"
executor = "shell"
run_untagged = true
environment = ["WHO=user"]
[[runners]]
name = "b"
executor = "shell"
tags = ["b"]
END
cat >.cilocal.toml <<'END'
[[runners]]
name = "b"
tags = ["anything"]
environment = ["WHO=project"]
END
run 0 run
has 'on project'
