#!/usr/bin/env bash
# Files of a job whose volume is a folder of this machine: all looks as it does by way of the engine, and nothing
# that a job leaves in its volume leads out of it.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

secret=$work/secret
mkdir "$secret" && echo "of this machine" >"$secret/f"

# The same job by both ways; a volume of the configuration in the builds folder leaves it to the engine.
cat >"$work/config.toml" <<'E'
[[runners]]
  executor = "docker"
  [runners.docker]
    volumes = ["/builds/other"]
E
project main <<'E'
stages: [a, b]
default: {image: busybox}
make:
  stage: a
  script:
    - umask 077; mkdir -p out/deep; echo x >out/deep/f; chmod 4711 out/deep/f; touch -d @1600000000 out/deep out/deep/f
    - adduser -D -u 1234 x 2>/dev/null || echo x:x:1234:1234::/:/bin/sh >>/etc/passwd
    - echo mine >out/mine; chown 1234:1234 out/mine; truncate -s 30M out/holes; ln -s /etc/passwd out/link
    - echo two >one; cat one
  artifacts: {paths: [out/deep/f, "out/*"], untracked: true}
look:
  stage: b
  script:
    - stat -c '%n %a %u:%g' /builds /builds/group /builds/group/*
    - find . -path ./.git -prune -o -exec stat -c '%n %F %a %u:%g %s' {} + | sort
    - stat -c '%n %Y' out/deep out/deep/f run.sh; readlink link; cat one; md5sum out/holes
E
echo one >one && printf '#!/bin/sh\necho hi\n' >run.sh && chmod 755 run.sh && ln -s one link && mkdir d && echo f >d/f
git add -A && git commit -qm Files
remember
run 0 run -v
nothing_left
if ! grep -q "the job's volume is a folder of this machine" "$work/out"; then
	((EUID != 0)) || [[ $DOCKER_HOST != unix://* ]] || fail "root does not reach the volumes of this machine's engine"
	skip "the engine's volumes are not to be reached from here"
fi
# seen: what the job printed of its files
seen() {
	sed -n 's/^look *| //p' "$work/out" | grep -E '^(\./|/builds|out/|run\.sh|two|one|[0-9a-f]{32} )'
}
seen >"$work/direct"
run 0 run -v --config "$work/config.toml"
has_not "is a folder of this machine"
seen >"$work/engine"
nothing_left
diff "$work/direct" "$work/engine" >"$work/out" || fail "the two ways differ"
[[ $(grep -c '^\./' "$work/direct") -gt 10 ]] || fail "the job listed nothing"

# Volumes elsewhere, as GitLab Runner's registration writes them, take nothing of that from the job.
for what in '"/cache"' '"/cache", "/var/tmp/other"'; do
	sed "s|\[\".*\"\]|[$what]|" "$work/config.toml" >"$work/cache.toml"
	run 0 run -v --config "$work/cache.toml" make
	has 'make: the sources went past the engine'
	has_not 'by the engine:'
done
project main <<'E'
open: {image: busybox, script: ["stat -c 'mode %a' /cache", "ls /builds/group/project/f"]}
E
echo f >f && git add -A
run 0 run -v --config "$work/cache.toml"
has_line '^mode 777'
has 'open: the sources went past the engine'
nothing_left

# Traps: the project's folder, one above it, and one in it become links to a folder of this machine.
project main <<E
stages: [a, b, c]
default: {image: busybox}
here: {stage: a, script: ["mkdir sub", "echo hello >sub/f"], artifacts: {paths: [sub]}, cache: {key: k, paths: [sub]}}
whole:
  stage: b
  needs: []
  script: [cd /, rm -rf "\$CI_PROJECT_DIR", 'ln -s $secret "\$CI_PROJECT_DIR"']
  artifacts: {paths: [f, "*"]}
above:
  stage: b
  needs: []
  script: [cd /, mkdir /tmp/x, mv /builds/group/project /tmp/x/, rm -rf /builds/group, 'ln -s $work /builds/group', 'mkdir -p $work/project', 'echo inside >$work/project/f']
  artifacts: {paths: [f]}
within:
  stage: b
  needs: []
  script: ['ln -s $secret sub', 'mkdir -p $secret', 'echo inside >$secret/f']
  artifacts: {paths: [sub/f, "sub/*"]}
into:
  stage: c
  needs: [here]
  hooks: {pre_get_sources_script: ['ln -s $secret sub', 'mkdir -p $secret']}
  cache: {key: k, paths: [sub], policy: pull}
  script: [cat sub/f, 'ls $secret | wc -l']
under:
  stage: c
  needs: [here]
  hooks: {pre_get_sources_script: [cd /, rm -rf /builds/group, 'mkdir -p $work', 'ln -s $work /builds/group']}
  script: ['cat "\$CI_PROJECT_DIR/sub/f"']
got:
  stage: c
  needs: [whole, above, within]
  script: [ls, cat f sub/f]
E
echo "of this machine" >f
remember
cp -a "$secret" "$work/secret.before"
run 0 run -v -j 2
! grep -rl 'of this machine' .cilocal || fail "a job took a file of this machine"
has_line '^got +\| inside$'
has_line '^into +\| hello$'
has_line '^under +\| hello$'
has 'under: the sources are copied by the engine'
has 'into: files are unpacked by the engine'
has 'within: files are packed by the engine'
diff -r "$secret" "$work/secret.before" || fail "a job wrote to this machine"
[[ ! -e $work/project/sub && ! -e $work/project.tmp ]] || fail "a job wrote to this machine"
nothing_left

# A volume that the image has within the project is not in the job's: the engine knows both.
derive direct-test:latest busybox:latest 'VOLUME /builds/group/project/vol'
project main <<'E'
default: {image: "direct-test:latest"}
a: {script: [echo own >vol/f, echo own >g], artifacts: {paths: [vol, g]}}
b: {needs: [a], script: [cat vol/f g]}
E
remember
run 0 run
[[ $(grep -cE '^b +\| own$' "$work/out") == 2 ]] || fail "not both files came"
nothing_left

# A stop while files are packed.
project main <<'E'
big: {image: busybox, script: ["truncate -s 3G big"], artifacts: {paths: [big]}}
E
start run
printed 'Uploading artifacts...'
kill -TERM "$pid"
ends 143 within 20
nothing_left
