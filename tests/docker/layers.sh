#!/usr/bin/env bash
# A work tree beyond a size is mounted, not uploaded for each job: it looks the same, jobs write to layers of
# their own, the next run brings only what changed, and nothing is left behind.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

volumes() {
	api GET /volumes | jq -r --arg dir "$work/project/" \
		'(.Volumes // [])[] | select((.Labels["cilocal.sources"] // "") | startswith($dir)) | .Name' | sort
}
drop_volumes() {
	local v
	for v in $(volumes); do
		api DELETE "/volumes/$v?force=1" -o /dev/null
	done
}
at_end drop_volumes

project main <<'YAML'
.base:
  image: debian:bookworm
write:
  extends: .base
  script:
    - id -u >mine
    - mv dir renamed && git mv top top2 && rm gone && echo changed >>kept
    - git status --short | grep -v dir/
    - ls -ld . .git kept run.sh link | awk '{print $1, $3, $9}'
read:
  extends: .base
  script:
    - test -e dir/f1 -a -e top -a -e gone -a ! -e mine
    - (cat kept; cat new/file 2>/dev/null || true) | xargs echo content
    - git log --oneline | wc -l | xargs echo commits
    - git status --short | xargs echo status
    - ./run.sh
shallow:
  extends: .base
  variables: {GIT_DEPTH: "1"}
  script: ['git log --oneline | wc -l | xargs echo commits', cat kept]
bare:
  extends: .base
  variables: {GIT_CHECKOUT: "false"}
  script: [test ! -e kept, git show HEAD:kept]
none:
  extends: .base
  variables: {GIT_STRATEGY: none}
  script: [ls -A | wc -l | xargs echo entries]
hook:
  extends: .base
  hooks: {pre_get_sources_script: ['ls | wc -l | xargs echo files']}
  script: [cat kept]
parts:
  extends: .base
  services: [{name: busybox, alias: idle, entrypoint: [sleep], command: ["60"]}]
  script: [mkdir -p out, cp kept out/kept, rm gone]
  artifacts: {paths: [out, dir/f1], untracked: true}
take:
  image: busybox
  needs: [parts]
  script: [cat out/kept dir/f1, test -e gone]
nobody:
  image: {name: debian:bookworm, docker: {user: nobody}}
  script: [id -un, echo x >>kept, mkdir dir/sub, rm gone]
YAML
mkdir dir
for ((i = 0; i < 400; i++)); do
	echo "$i" >"dir/f$i"
done
head -c 8M /dev/urandom >big
echo one >kept && echo t >top && echo g >gone && ln -s kept link
printf '#!/bin/sh\necho runs\n' >run.sh && chmod +x run.sh
git add -A && git commit -q -m "Many files"
sleep 2.1 # what was written a moment before a run is looked at again by the next one
remember

# Two jobs side by side, one of which turns everything around.
run 0 run -v -j 2 write read
has 'write: the sources are mounted, not copied'
has 'read: the sources are mounted, not copied'
has 'content one'
has 'commits 2'
has_line 'read  *\| status$'
has_line 'read  *\| runs$'
has 'R  top -> top2'
has 'drwxrwxrwx root .git'
has '-rw-rw-rw- root kept'
has '-rwxrwxrwx root run.sh'
nothing_left
first=$(volumes)
[[ $(wc -l <<<"$first") == 1 ]] || fail "not one volume: $first"

# The same again makes nothing; a change is a second, small volume; taking it back needs none.
run 0 run -v read
run 0 run -v read
[[ $(volumes) == "$first" ]] || fail "more than the first volume: $(volumes)"
echo two >kept
mkdir new && echo 3 >new/file && git add new
git rm -q --cached gone && mv gone "$work/gone"
rm -r dir/f2* && mkdir dir/f2 && echo deep >dir/f2/deep && git add -A dir
run 1 run -v read # "gone" is
has 'read: the sources are mounted, not copied'
cp "$work/gone" gone && git add gone
sed -i 's/^    - git status.*/    - cat dir\/f2\/deep; ls -d dir\/f2* | xargs echo left/' .gitlab-ci.yml
run 0 run -v read
has 'content two 3'
has 'deep'
has 'left dir/f2'
nothing_left

# Strategies say and give what they do with an upload.
run 0 run -v -j 2 shallow bare none hook
for job in shallow bare; do
	has "$job: the sources are mounted, not copied"
done
has 'History cut to git depth 1...'
has 'commits 1'
has 'Skipping Git checkout'
has 'entries 0'
has 'files 0'
for job in shallow hook; do
	has_line "$job *\\| two\$"
done
git commit -qam "More"
echo three >kept
run 0 run -v --committed read
has 'read: the sources are mounted, not copied'
has 'content two 3'
run 0 run -v parts take
has 'parts: the sources are mounted, not copied'
has_line 'take  *\| three$'
run 0 run -v nobody
has 'nobody'
nothing_left

# What a killed run was making goes at the next start; so does what no project knows any more.
api POST /volumes/create -f -o /dev/null -H 'Content-Type: application/json' -d "$(jq -n --arg d "$work/project/.cilocal/sources/x" \
	--arg h "$(uname -n)" '{Name: "cilocal-cache-sources-test-stale", Labels: {"cilocal.sources": $d, "cilocal.host": $h, "cilocal.lock": ($d + "/lock")}}')"
run 0 run nobody
until_true 10 sh -c '! curl -fsS --unix-socket "${DOCKER_HOST#unix://}" http://d/volumes/cilocal-cache-sources-test-stale'
[[ $(volumes | wc -l) -le 6 ]] || fail "old volumes stay: $(volumes)"

# A job that is stopped while the volume is made leaves none.
drop_volumes
head -c 200M /dev/zero >huge && git add huge
start run nobody
printed 'Using docker image'
sleep 0.3
kill -INT "$pid"
ends 130
nothing_left
[[ -z $(volumes) ]] || fail "left: $(volumes)"

# One that is killed meanwhile leaves what the next start removes.
start run nobody
printed 'Using docker image'
sleep 0.5
dies
git rm -qf huge
run 0 run nobody
nothing_left
until_true 20 sh -c '[ "$(curl -fsS --unix-socket "${DOCKER_HOST#unix://}" http://d/volumes |
	jq -r --arg d "$1/project/" "[.Volumes[] | select((.Labels[\"cilocal.sources\"] // \"\") | startswith(\$d))] | length")" = 1 ]' \
	_ "$work"
drop_volumes

# clean takes them.
run 0 run nobody
[[ -n $(volumes) ]] || fail "no volume"
run 0 clean --caches
[[ -z $(volumes) ]] || fail "left by clean: $(volumes)"
! compgen -G ".cilocal/sources/*/state" || fail "left by clean"
