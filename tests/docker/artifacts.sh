#!/usr/bin/env bash
# Artifacts leave a stopped container, pass the rules of selection and land in later ones, hard links,
# symbolic links and modes included; the same with services, whose presence puts the sources into a volume.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'E'
stages: [build, test, late]
build:
  stage: build
  image: busybox
  script:
    - mkdir -p out/deep other big
    - echo built >out/deep/file
    - echo x >other/x
    - ln out/deep/file out/same
    - ln other/x out/elsewhere
    - ln -s deep out/link
    - ln -s /etc/passwd out/far
    - echo no >out/skip.tmp
    - mkfifo out/pipe
    - chmod 755 out/deep/file
    - dd if=/dev/zero of=big/zeros bs=1M count=20 2>/dev/null
    - echo "VERSION=1.2.3" >build.env
  artifacts:
    name: "a/b/$CI_JOB_NAME"
    paths: [out/, "*/zeros", "../outside", "nothing/**/x"]
    exclude: ["out/*.tmp"]
    expire_in: 1 week
    reports: {dotenv: build.env}
loose:
  stage: build
  image: busybox
  script: ["echo l >loose", "echo i >x.ignored", "rm a.txt", "echo changed >b.txt", "mkdir -p d; echo d >d/e"]
  artifacts: {untracked: true, exclude: ["d/e"]}
with-service:
  stage: test
  image: busybox
  services: ["redis:7"]
  script:
    - cat out/deep/file out/same out/elsewhere out/link/file loose x.ignored
    - test ! -e out/skip.tmp; test ! -e d/e; test ! -e out/pipe; test -e a.txt
    - test -x out/deep/file; test -L out/link; test "$(readlink out/far)" = /etc/passwd
    - test "$(wc -c <big/zeros)" = 20971520
    - echo "version $VERSION"
    - mkdir r; echo s >r/s
    - echo "WITH=r" >>$GITLAB_ENV
  artifacts: {paths: [$WITH]}
named:
  stage: build
  image: busybox
  script: ["mkdir named; echo n >named/f", 'echo "NAMED=named" >>$GITLAB_ENV']
  artifacts: {paths: ["$NAMED/${NO_SUCH:-f}", $NO_SUCH]}
narrow:
  stage: test
  image: busybox
  needs: [loose]
  script: ["test -e loose", "test ! -e out", 'echo "narrow [$VERSION]"']
late:
  stage: late
  image: alpine
  script: ["cat r/s named/f", "test -e out/deep/file"]
E
echo a >a.txt
echo b >b.txt
echo '*.ignored' >.gitignore
git add -A
git commit -q -m files
remember

run 0 run
has 'out/: found 7 matching artifact files and directories'
has '*/zeros: found 1 matching artifact files and directories'
has 'processPath: artifact path is not a subpath of project directory: ../outside'
has 'nothing/**/x: no matching files. Ensure that the artifact path is relative to the working directory (/builds/group/project)'
has 'out/*.tmp: excluded 1 files'
has 'untracked: found 2 files'
has 'version 1.2.3'
has 'narrow []'
has 'Downloading artifacts for build ('
nothing_left
[[ -z $(git status --porcelain) ]] || fail "the work tree was written to"

run 0 artifacts build
has "archive 'build'"
has 'expires in 1 week'
has 'out/deep/file'
has_not 'skip.tmp'
mkdir "$work/to"
run 0 artifacts build --to "$work/to"
[[ $(<"$work/to/out/elsewhere") == x && -x $work/to/out/deep/file && -L $work/to/out/link ]] || fail "not all was unpacked"

# Symbolic links stay what they are, wherever they lead, in artifacts and in caches.
project main <<'E'
stages: [a, b]
default: {image: busybox}
make:
  stage: a
  script:
    - mkdir -p out/real; echo x >out/real/f; echo beside >../outside
    - ln -s out/real/f file; ln -s out/real folder; ln -s ../outside far; ln -s ../../../../up up; ln -s /etc away; ln -s none nowhere
    - ln -s real out/in
    - ln -s out/real within; ln -s out/real/f not-a-folder
  artifacts: {paths: [file, folder, far, up, away, nowhere, out/in, "within/*", "not-a-folder/*"]}
  cache: {key: links, paths: [far, out]}
look:
  stage: b
  cache: {key: links, paths: [far, out], policy: pull}
  script:
    - for l in file folder far up away nowhere out/in; do echo "link $l $(readlink $l)"; done
    - test -d within && ! test -L within && test -f within/f && echo "within/f is a file"
    - test -e file -a -e folder/f -a -e out/in/f && echo all here
E
run 0 run
has 'link file out/real/f'
has 'link folder out/real'
has 'link far ../outside'
has 'link up ../../../../up'
has 'link away /etc'
has 'link nowhere none'
has 'link out/in real'
has 'within/*: found 1 matching artifact files and directories'
has_line '^(look +\| )?within/f is a file'
has 'not-a-folder/*: no matching files'
has_line '^(look +\| )?all here'
nothing_left

# Folders that were not taken themselves are there for everybody, as the Runner makes them.
project main <<'E'
stages: [a, b]
a: {stage: a, image: busybox, script: ["mkdir -p p/q/r", "echo x >p/q/r/x.txt"], artifacts: {paths: ["p/**/*.txt"]}}
b: {stage: b, image: busybox, script: ["test -w p/q", "stat -c '%a %n' p p/q p/q/r"]}
E
run 0 run
has '777 p/q'
has '777 p/q/r'

# What the script's end decides; reports whatever it is.
project main <<'E'
stages: [a, b]
good: {stage: a, image: busybox, script: ["echo g >g"], artifacts: {paths: [g], when: on_failure}}
bad:
  stage: a
  image: busybox
  script: ["echo b >b", "echo '<testcase classname=\"C\" name=\"n\"><failure message=\"why\"/></testcase>' >r.xml", "exit 1"]
  allow_failure: true
  artifacts: {paths: [b], when: always, reports: {junit: [r.xml, "*.none"]}}
silent: {stage: a, image: busybox, script: ["echo s >s", "exit 1"], allow_failure: true, artifacts: {paths: [s]}}
after: {stage: b, image: busybox, script: ["test -e b", "test ! -e g", "test ! -e s", "test ! -e r.xml"]}
E
run 0 run
has 'Uploading artifacts for failed job'
has 'bad: 1 tests, 1 failed, 0 skipped'
has 'C > n: why'
nothing_left

# dotenv is no shell file; a bad one fails the job that made it.
for text in 'A B' '# comment\nA=1' '\nA=1' 'A-B=1'; do
	project main <<E
job: {image: busybox, script: ["printf '$text' >e"], artifacts: {reports: {dotenv: e}}}
E
	run 1 run job
	has 'Uploading artifacts as "dotenv" to coordinator... 400 Bad Request'
	has 'FATAL: invalid argument'
done
project main <<'E'
stages: [a, b]
make: {stage: a, image: busybox, script: ["printf 'Q=\"x\"\\nR=$CI_JOB_NAME-$Q\\nQ=\"y\"\\n' >e"], artifacts: {reports: {dotenv: e}}}
take: {stage: b, image: busybox, script: ['echo "got $Q $R"']}
E
run 0 run
has 'got "y" take-"y"'

# No container is left running by a stop in the middle of a transfer.
project main <<'E'
stages: [a, b]
big: {stage: a, image: busybox, script: ["dd if=/dev/zero of=big bs=1M count=300 2>/dev/null"], artifacts: {paths: [big]}}
E
start run
printed 'Uploading artifacts...'
kill -TERM "$pid"
ends 143 within 20
nothing_left
