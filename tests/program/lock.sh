#!/usr/bin/env bash
# lock, --locked, outdated: refs of projects, versions of components, templates and URLs are held to what they were.
# Images are in tests/docker/lock.sh.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

server() {
	mkdir -p "$work/server/$1.git"
	cd "$work/server/$1.git"
	repository
}
git config --global "url.$work/server/.insteadOf" git@gitlab.example.com:

server group/templates
mkdir -p ci/more
echo 'include: [{local: ci/vars.yml}, {local: "ci/more/*.yml"}]' >ci/build.yml
echo 'variables: {FROM: first}' >ci/vars.yml
echo '.more: {before_script: ["echo more"]}' >ci/more/a.yml
git add -A
git commit -q -m one

server components/all
mkdir templates
cat >templates/greet.yml <<'END'
spec:
  component: [name, version, reference]
---
greet:
  script: ["echo hello from $[[ component.version ]] as $[[ component.reference ]]"]
END
git add -A
git commit -q -m one
git tag 1.0.0

mkdir -p "$work/templates" "$work/www" "$XDG_CONFIG_HOME/cilocal"
echo '.template: {script: ["echo of a template"]}' >"$work/templates/One.gitlab-ci.yml"
printf '[cilocal]\ntemplates = "%s"\n' "$work/templates" >"$XDG_CONFIG_HOME/cilocal/config.toml"
project <<'END'
include:
  - project: group/templates
    file: ci/build.yml
  - component: gitlab.example.com/components/all/greet@~latest
  - template: One.gitlab-ci.yml
job: {script: ["echo job $FROM"]}
child: {trigger: {include: [{project: group/templates, ref: main, file: ci/vars.yml}, child.yml]}}
END
echo 'inner: {script: ["echo inner $FROM"]}' >child.yml
git add -A
git commit -q -m Second

run 2 list --locked
has "there is no .cilocal.lock"
has "'cilocal lock' makes it"
run 0 lock
has 'locked in .cilocal.lock: 6 included files, 3 commits of other projects, 0 images'
grep -q '^version = "1.0.0"$' .cilocal.lock || fail "the component's version is not locked"
grep -q '^sha256 = "[0-9a-f]\{64\}"$' .cilocal.lock || fail "no hash is locked"
cp .cilocal.lock "$work/first.lock"
run 0 outdated
has 'nothing has moved'
run 0 outdated --json
is "$(cat "$work/stdout")" '{"outdated":[]}'
for command in list lint expand 'explain job' 'vars job' graph 'run --dry-run'; do
	# shellcheck disable=SC2086
	run 0 $command --locked
done

# Everything moves; a locked run does not see it.
cd "$work/server/group/templates.git"
echo 'variables: {FROM: second}' >ci/vars.yml
git commit -q -a -m two
cd "$work/server/components/all.git"
sed -i 's/hello/good bye/' templates/greet.yml
git commit -q -a -m two
git tag 1.1.0
cd "$work/project"
run 0 run
has 'good bye from 1.1.0'
has 'job second'
run 0 run --locked
has 'hello from 1.0.0 as ~latest'
has 'job first'
has 'inner first'
has_not second
run 0 run --locked --offline
has 'job first'
rm -rf "$XDG_CACHE_HOME"
run 0 run --locked
has 'hello from 1.0.0 as ~latest'
run 1 outdated
for text in 'project   group/templates@HEAD' 'project   group/templates@main' \
	'component gitlab.example.com/components/all@~latest' '    locked  1.0.0 (' '    now     1.1.0 (' \
	'include   project group/templates:ci/vars.yml' 'include   component gitlab.example.com/components/all/greet@~latest'; do
	has "$text"
done
has_not 'ci/build.yml'
run 1 outdated --json
is "$(jq -r '.outdated[] | select(.kind == "component") | .now' "$work/stdout" | cut -d' ' -f1)" 1.1.0

# A version that is named in full: a newer release is told.
sed -i 's/@~latest/@1.0.0/' .gitlab-ci.yml
run 3 list --locked
has "project 'components/all' for '1.0.0'"
has '.gitlab-ci.yml:4'
run 0 lock
run 1 outdated
has '    now     1.1.0 is released'
has_not group/templates
git checkout -q .gitlab-ci.yml

# Another content is an error at its include, as is what is not locked.
cp "$work/first.lock" .cilocal.lock
echo '.template: {script: ["echo of another one"]}' >"$work/templates/One.gitlab-ci.yml"
run 3 run --locked
has '.gitlab-ci.yml:5'
has 'template One.gitlab-ci.yml is not what .cilocal.lock has'
run 1 outdated
has 'include   template One.gitlab-ci.yml'
sed -i 's/^job:/  - {project: group\/templates, file: ci\/more\/a.yml}\njob:/' .gitlab-ci.yml
echo '.template: {script: ["echo of a template"]}' >"$work/templates/One.gitlab-ci.yml"
run 0 list --locked
sed -i 's/more\/a.yml}/vars.yml, ref: v9}/' .gitlab-ci.yml
run 3 list --locked
has ".cilocal.lock has no commit of project 'group/templates' for 'v9'"
git checkout -q .gitlab-ci.yml

# A file that is not one.
for text in 'version = 2' 'images = true' $'version = 1\nimagse = true' $'version = 1\nimage = 3' \
	$'version = 1\n[[project]]\nsha = 3' 'version = '; do
	printf '%s\n' "$text" >.cilocal.lock
	run 2 list --locked
	has '.cilocal.lock:'
done

# URLs.
if command -v python3 >/dev/null; then
	cp "$work/first.lock" .cilocal.lock
	(cd "$work/www" && exec python3 -u -c '
import http.server
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(s.server_port, flush=True)
s.serve_forever()' >"$work/port" 2>/dev/null) &
	web=$!
	at_end "kill $web"
	for ((i = 0; i < 200; i++)); do
		[[ ! -s $work/port ]] || break
		sleep 0.05
	done
	echo '.remote: {script: ["echo remote"]}' >"$work/www/r.yml"
	printf 'include: "http://127.0.0.1:%s/r.yml"\njob: {extends: .remote}\n' "$(cat "$work/port")" >.gitlab-ci.yml
	run 3 run --locked
	has 'does not have remote http://127.0.0.1:'
	run 0 lock
	has '1 included file, 0 commits'
	run 0 run --locked
	echo '.remote: {script: ["echo changed"]}' >"$work/www/r.yml"
	run 0 run
	has changed
	run 3 run --locked
	has 'is not what .cilocal.lock has: its SHA-256 is '
	has '.gitlab-ci.yml:1:10'
	run 1 outdated
	has 'include   remote http://127.0.0.1'
	echo '.remote: {script: ["echo remote"]}' >"$work/www/r.yml"
	run 0 outdated
fi

# An invalid definition is shown, and nothing written.
rm .cilocal.lock
echo 'a: {scirpt: x}' >.gitlab-ci.yml
run 3 lock
[[ ! -e .cilocal.lock ]] || fail "a lock file of an invalid definition"
# Without an engine all but images is locked, and those of an earlier lock stay.
printf 'include: [{template: One.gitlab-ci.yml}]\na: {script: x, image: alpine}\n' >.gitlab-ci.yml
run 4 lock
has "$work/no-engine.sock"
has 'images are not locked, as no engine answers'
has '1 included file, 0 commits of other projects, 0 images (images are left free)'
grep -q '^images = false' .cilocal.lock || fail "images are locked"
run 0 list --locked
cat >>.cilocal.lock <<'END'

[[image]]
name = "alpine"
exact = "alpine@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
END
sed -i 's/^images = .*/images = true/; s/^sha256 = .*/sha256 = "0"/' .cilocal.lock
run 4 lock
has 'images stay as .cilocal.lock has them, as no engine answers'
has '1 included file, 0 commits of other projects, 1 image;'
grep -q '^exact = "alpine@sha256:0123' .cilocal.lock || fail "the earlier image is lost"
run 0 run --locked --dry-run
# One that can't be read might have some.
echo 'images = ' >.cilocal.lock
run 2 lock
has '.cilocal.lock:1'
is "$(cat .cilocal.lock)" 'images = '
rm .cilocal.lock
echo 'a: {script: x, image: alpine}' >.gitlab-ci.yml
# Without a lock, and with one that has no images, nobody is asked for them.
run 2 outdated
has "there is no .cilocal.lock"
run 0 lock --no-images
run 0 outdated
has 'nothing has moved'
has_not alpine
run 0 run --locked --executor shell --dry-run
grep -q '^images = false' .cilocal.lock || fail "images are locked"
printf 'version = 1\nimages = true\n' >.cilocal.lock
run 3 run --locked
has ".gitlab-ci.yml:1:"
has "image 'alpine' is not in .cilocal.lock"
run 3 lint --locked
has "image 'alpine' is not in .cilocal.lock"

# The pipelines of trigger jobs have images too.
echo 'down: {trigger: {include: child.yml}}' >.gitlab-ci.yml
echo 'inner: {script: x, image: "busybox:1", services: [redis]}' >child.yml
run 3 run --locked
has "child.yml:1:"
has "image 'busybox:1' is not in .cilocal.lock"
has "image 'redis' is not in .cilocal.lock"
run 3 lint --locked
run 0 lint
run 4 lock

# So have the pipelines that those start; the place is the one in their file.
echo 'mid: {trigger: {include: grandchild.yml}}' >child.yml
echo 'inmost: {script: x, image: "busybox:2"}' >grandchild.yml
run 3 run --locked
has "grandchild.yml:1:"
has "image 'busybox:2' is not in .cilocal.lock"
