#!/usr/bin/env bash
# The traps of the reference about containers, services and files, each by its number.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# shellcheck disable=SC2016 # for the shell in the image
derive cilocal-test-trap:1 busybox 'ENTRYPOINT ["sh", "-c", "echo entry for $CI_JOB_NAME; exec \"$@\"", "--"]'
derive cilocal-test-trap:2 busybox 'USER 1234:1234' 'ENV OWN=image'
project main <<'END'
stages: [build, test]
variables: {PUBLIC: from yaml}
default: {image: busybox}
kept: {image: "cilocal-test-trap:1", script: ["echo trap 7"]}
cleared: {image: {name: "cilocal-test-trap:1", entrypoint: [""]}, script: ["echo trap 7"]}
same: {image: {name: "cilocal-test-trap:1", entrypoint: []}, script: ["echo trap 7"]}
user:
  image: cilocal-test-trap:2
  variables: {OWN: ""}
  script: ["echo trap 9 user $(id -u)", "mkdir made && echo x >>tracked && echo trap 10 wrote", 'echo "trap 20 [${OWN-unset}]"']
root: {script: ["echo trap 9 user $(id -u)"]}
write: {stage: build, script: ["rm tracked", "touch left"]}
later: {stage: test, script: ["[ -e tracked ] && [ ! -e left ] && echo trap 12 is clean"]}
beside:
  services:
    - name: busybox
      alias: "one,two three"
      variables: {OWN: service}
      command: ["sh", "-c", "mkdir /w; env >/w/env; ls -d /builds >/w/builds; exec httpd -f -p 8000 -h /w"]
  script:
    - sleep 1
    - for n in one two three busybox; do wget -qO- http://$n:8000/env >/dev/null && echo "trap 18 name $n"; done
    - wget -qO- http://one:8000/env | grep -E '^(PUBLIC|OWN|OF_UI)=' | sed 's/^/trap 19 got /'
    - wget -qO- http://one:8000/builds | sed 's/^/trap 22 has /'
    - wget -qO- http://localhost:8000/env 2>/dev/null || echo trap 24 not on "localhost"
gone:
  services: [{name: busybox, alias: gone, command: ["sh", "-c", "echo last words; exit 3"]}]
  script: ["echo trap 21 went on"]
END
echo text >tracked
git add -A && git commit -q -m "A file"
remember

run 0 run -j 4 kept cleared same user root gone
has_line '^kept +\| entry for kept'
has_no_line '^cleared .*entry for'
has_line '^same +\| entry for same'
has_line '^user +\| trap 9 user 1234'
has_line '^user +\| trap 10 wrote'
has_line '^user +\| trap 20 \[\]'
has_line '^root +\| trap 9 user 0'
has_line '^gone +\| trap 21 went on'
has_line "^gone .*probably didn't start properly"
has_line '^gone .*last words'
run 0 run -j 2 write later beside --var OF_UI=not-for-services
has_line '^later +\| trap 12 is clean'
[[ -e tracked && ! -e left ]] || fail "trap 11: a job changed the work tree"
for name in one two three busybox; do has_line "^beside +\\| trap 18 name $name"; done
has 'trap 19 got PUBLIC=from yaml'
has 'trap 19 got OWN=service'
has_not 'trap 19 got OF_UI'
has 'trap 22 has /builds'
has_line '^beside +\| trap 24 not on localhost'
nothing_left
