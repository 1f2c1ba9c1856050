#!/usr/bin/env bash
# The image's entrypoint is kept or replaced as the pipeline says; its user and its shell are the job's.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

derive cilocal-test-entry:1 busybox 'ENTRYPOINT ["sh", "-c", "export FROM_ENTRYPOINT=yes; exec \"$@\"", "--"]'
derive cilocal-test-user:1 busybox 'USER 1234:1234' 'WORKDIR /tmp'
project main <<'END'
kept: {image: "cilocal-test-entry:1", script: ['echo "entrypoint [$FROM_ENTRYPOINT]"']}
replaced: {image: {name: "cilocal-test-entry:1", entrypoint: [""]}, script: ['echo "entrypoint [$FROM_ENTRYPOINT]"']}
user:
  image: cilocal-test-user:1
  script:
    - echo "user $(id -u) in $PWD"
    - echo x >new-file
    - mkdir new-dir && rm new-file
    - echo y >>tracked
bash: {image: "debian:bookworm", script: ['[[ $BASH_VERSION ]] && echo "bash it is"']}
tool: {image: {name: busybox, entrypoint: ["/bin/echo"]}, script: ["exit 1"], after_script: ["exit 1"]}
tool-fails: {image: {name: busybox, entrypoint: ["/bin/cat"]}, script: ["true"]}
no-entry: {image: {name: busybox, entrypoint: ["/no/such"]}, script: ["true"]}
empty: {image: busybox, script: [""]}
busy: {image: {name: busybox, entrypoint: ["sh", "-c", "exec sleep 3600", "--"]}, script: ["true"]}
absent: {image: "cilocal-test-user:old", script: ["true"]}
nowhere: {image: "no-such-image:1", script: ["true"]}
ash: {image: busybox, script: ['[ -z "$BASH_VERSION" ] && echo "no bash"']}
END
echo text >tracked
git add -A && git commit -q -m "A file"
remember

# It takes half a minute until it is told of: the others run meanwhile.
start run busy
mv "$work/out" "$work/busy"
run 0 run -j 4 kept replaced user bash ash tool empty
has_line '^kept +\| entrypoint \[yes\]'
has_line '^replaced +\| entrypoint \[\]'
has_line '^user +\| user 1234 in /builds/group/project'
has_line '^bash +\| bash it is'
has_line '^ash +\| no bash'
# A tool in its place is given the shell as its argument: success by GitLab's rules, but nothing ran.
has_line '^tool +\| sh -c for s in'
has_line "^tool +\| WARNING: none of the script ran: the image's entrypoint ended without running the shell"
has_no_line '^empty .*none of the script ran'
run 1 run -j 2 tool-fails no-entry
has_line '^tool-fails +\| .*exit code 1'
has_line '^no-entry +\| .*system failure'
has_line "^no-entry +\| hint: the image can't start its entrypoint"
run 4 run --pull never absent
has "No such image: cilocal-test-user:old (did you mean 'cilocal-test-user:1'?)"
run 4 run --pull never nowhere
has 'No such image: no-such-image:1'
has_not 'did you mean'
mv "$work/busy" "$work/out"
printed "WARNING: nothing of the script has run yet: the image's entrypoint is still doing something else"
kill -INT "$pid"
ends 130
nothing_left
[[ $(<tracked) == text && ! -e new-dir ]] || fail "a job wrote into the work tree"
