#!/usr/bin/env bash
# The program as its users meet it, on projects made here: exit codes, both outputs, messages.
# usage: program.sh /path/to/cilocal
set -euo pipefail
cilocal=$(readlink -f "$1")
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
export HOME=$here/home XDG_CONFIG_HOME=$here/config XDG_STATE_HOME=$here/state XDG_CACHE_HOME=$here/cache
export GIT_CONFIG_GLOBAL=$here/gitconfig GIT_CONFIG_SYSTEM=/dev/null NO_COLOR=1
unset CLICOLOR_FORCE CILOCAL_TRACE COLUMNS DOCKER_HOST
mkdir -p "$HOME" "$XDG_CONFIG_HOME/cilocal"
git config --file "$GIT_CONFIG_GLOBAL" user.name Jane
git config --file "$GIT_CONFIG_GLOBAL" user.email jane@example.com

failed=0
# check WHAT CODE [-o OUT_PATTERN] [-e ERR_PATTERN] [-0] -- ARGUMENTS...
# Patterns are extended regular expressions that must match; -0: nothing on standard output.
check() {
	local what=$1 code=$2 out= err= empty= got=0
	shift 2
	while [[ $1 != -- ]]; do
		case $1 in
		-o) out=$2 && shift 2 ;;
		-e) err=$2 && shift 2 ;;
		-0) empty=1 && shift ;;
		esac
	done
	shift
	"$cilocal" "$@" >"$here/out" 2>"$here/err" || got=$?
	local why=
	((got == code)) || why="exit $got, wanted $code"
	[[ -z $out ]] || grep -qE -- "$out" "$here/out" || why+=" standard output lacks '$out'"
	[[ -z $err ]] || grep -qE -- "$err" "$here/err" || why+=" standard error lacks '$err'"
	[[ -z $empty || ! -s $here/out ]] || why+=" standard output is not empty"
	if [[ $why ]]; then
		printf 'FAILED: %s (cilocal %s): %s\n' "$what" "$*" "$why"
		sed 's/^/  out: /' "$here/out"
		sed 's/^/  err: /' "$here/err"
		failed=1
	fi
}

# project NAME: a new git work tree with the definition from standard input, and goes there
project() {
	mkdir -p "$here/$1"
	cd "$here/$1"
	git init -q -b main .
	git remote add origin git@gitlab.example.com:group/project.git
	cat >.gitlab-ci.yml
	git add -A
	git commit -q -m first
}

same() {
	if [[ $2 != "$3" ]]; then
		printf 'FAILED: %s: got\n%s\nwanted\n%s\n' "$1" "$2" "$3"
		failed=1
	fi
}

check "short help" 0 -o '^Usage: cilocal' --
check "version" 0 -o '^cilocal [0-9.]+$' -- --version
for library in libuv libcurl libarchive libyaml PCRE2 jansson expat OpenSSL; do
	check "version of $library" 0 -o "$library [0-9]+\.[0-9]+" -- --version
done
check "help of a command" 0 -o '^Usage: cilocal run \[OPTIONS\] \[JOB\.\.\.\]' -- help run
cp "$here/out" "$here/help.run"
check "the same by option" 0 -- run --help
same "help run and run --help" "$(cat "$here/help.run")" "$(cat "$here/out")"
check "unknown command" 2 -0 -e "did you mean 'list'\?" -- lsit
check "unknown option" 2 -0 -e "did you mean '--needs'\?" -- run --need
check "usage line" 2 -0 -e '^Usage: cilocal run ' -- run --need
check "no such directory" 2 -0 -e "cannot go to directory" -- -C "$here/nowhere" list

mkdir "$here/plain"
cd "$here/plain"
check "no git work tree" 4 -0 -e "not in a git work tree" -- list
check "no git work tree, lint" 4 -0 -- lint
CILOCAL_TRACE=nope check "bad trace channel" 2 -0 -e "CILOCAL_TRACE: " -- list

project one <<'YAML'
stages: [build, test, deploy]
.base:
  image: alpine
  before_script: [echo base]
build:
  extends: .base
  stage: build
  script: echo "hi, there"
test:
  stage: test
  parallel:
    matrix:
      - OS: [linux, mac]
  script: [echo $OS]
  needs: [build]
  allow_failure: {exit_codes: [42]}
deploy:
  stage: deploy
  script: [echo]
  rules:
    - if: $CI_COMMIT_TAG
    - if: $CI_COMMIT_BRANCH == "main"
      when: manual
nightly:
  script: [echo]
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
YAML
check "list" 0 -o '^test: \[linux\] +test +on_success +build +may exit 42$' -- list
same "list --names" "$("$cilocal" list --names)" $'build\ntest\ntest: [linux]\ntest: [mac]\ndeploy'
same "list of a schedule" "$("$cilocal" list --event schedule --names)" \
	$'build\ntest\ntest: [linux]\ntest: [mac]\nnightly\ndeploy'
check "list of a tag" 0 -o '^deploy +deploy +on_success' -- list --tag v1.0
check "list --all" 0 -o '^nightly +test +never' -- list --all
check "csv" 0 -o '^test: \[linux\],test,test,on_success,42,build,,,\.gitlab-ci\.yml:[0-9]+' -- list --csv
check "csv has CRLF" 0 -o $'source\r$' -- list --csv
check "json and csv" 2 -0 -e "exclude each other" -- list --csv --json
check "json" 0 -o '"jobs":\[\{"name":"build","base_name":"build","stage":"build"' -- list --json
check "needs null and written" 0 -o '"needs":null.*"needs":\[\{"job":"build"' -- list --json
check "lint" 0 -o '^\.gitlab-ci\.yml: valid, 4 jobs' -- lint
check "lint --json" 0 -o '^\{"valid":true,"errors":\[\]' -- lint --json
check "elsewhere in the project" 0 -o '^build' -- -C .git/.. list
"$cilocal" expand >"$here/expanded.yml"
same "expand is a fixed point" "$("$cilocal" -f "$here/expanded.yml" expand)" "$(cat "$here/expanded.yml")"
same "expand lists the same" "$("$cilocal" -f "$here/expanded.yml" list --csv | sed 's/,[^,]*$//')" \
	"$("$cilocal" list --csv | sed 's/,[^,]*$//')"
check "expand of a job" 0 -o '^  image: alpine$' -- expand build
check "expand without hidden jobs" 0 -o '^build:' -- expand
! grep -q '^\.base' "$here/out" || { echo "FAILED: expand shows hidden jobs"; failed=1; }
check "explain in" 0 -o "^'deploy' is in this pipeline: rule 2 of 2 matched and says manual" -- explain deploy
check "explain out" 0 -o "^'nightly' is not in this pipeline" -- explain nightly
check "explain origin" 0 -o '^  image +\.gitlab-ci\.yml:3 +through extends' -- explain build
check "explain --json" 0 -o '"job":"deploy","in":true,"when":"manual"' -- explain deploy --json
check "unknown job" 2 -0 -e "there is no job 'tets'; did you mean 'test'" -- explain tets
check "wants JOB" 2 -0 -e "'explain' wants JOB" -- explain
check "too many" 2 -0 -e "takes no further argument" -- explain a b
check "vars" 0 -o '^OS +linux +# .*\.gitlab-ci\.yml' -- vars 'test: [linux]'
check "--var" 0 -o '^A +x=y +# --var' -- vars build --var A=x=y
check "bad name" 2 -0 -e "is no name of a variable" -- vars build --var A-B=1
check "no runs yet" 0 -0 -e "no earlier run" -- runs
check "no logs yet" 2 -0 -e "no earlier run" -- logs
check "no such completion" 2 -0 -- completion csh

cat >.cilocal-variables.yml <<'YAML'
project:
  "gitlab.example.com/group/project":
    SECRET: {value: "s3cr3t-value", masked: true}
    PLAIN: here
YAML
check "variable file" 0 -o '^PLAIN +here +# .*cilocal-variables\.yml:4' -- vars build
check "masked" 0 -o '^SECRET +\[MASKED\]' -- vars build
! grep -q s3cr3t "$here/out" || { echo "FAILED: a masked value is shown"; failed=1; }
check "masked in json" 0 -o '"name":"SECRET","value":"\[MASKED\]","masked":true' -- vars build --json
printf 'FROM_ENV=1\n' >vars.env
check "--var-file" 0 -o '^FROM_ENV +1 ' -- vars build --var-file vars.env
check "no such var file" 2 -0 -e "cannot read variables" -- vars build --var-file nope
rm .cilocal-variables.yml

# configuration files
printf '[cilocal]\nbranch = "feature"\n' >"$XDG_CONFIG_HOME/cilocal/config.toml"
check "a default of the user" 0 -o '^CI_COMMIT_BRANCH +feature' -- vars build
printf '[cilocal]\nbranch = "project"\n' >.cilocal.toml
check "the project's default wins" 0 -o '^CI_COMMIT_BRANCH +project' -- vars build
check "the option wins" 0 -o '^CI_COMMIT_BRANCH +mine' -- vars build --branch mine
printf '[[runners]]\n  ....\n  [runners.docker]\n    ...\n' >"$here/howto.toml"
check "placeholders" 2 -0 -e 'howto\.toml:4:5: error: .*placeholder' -- list --config "$here/howto.toml"
printf '[[runners]]\n[runners.docker]\nextra_hosts = ["registry.example.com:your-host"]\n' >"$here/h.toml"
check "extra_hosts" 2 -0 -e "h\.toml:3:16: error: 'your-host' in 'extra_hosts' is no IP address" -- \
	list --config "$here/h.toml"
printf '[[runners]]\n[runners.docker]\nprivilegd = true\n' >"$here/u.toml"
check "unknown key is a warning" 0 -e "u\.toml:3:1: warning: unknown key 'privilegd'" -- list --config "$here/u.toml"
printf '[cilocal]\nevent = "puhs"\n' >.cilocal.toml
check "bad default" 2 -0 -e "\.cilocal\.toml:2:9: error: .*did you mean 'push'" -- list
check "no such configuration" 2 -0 -e "cannot read configuration" -- list --config nope.toml
rm .cilocal.toml "$XDG_CONFIG_HOME/cilocal/config.toml"

# --changed and merge requests
cat >.gitlab-ci.yml <<'YAML'
docs:
  script: [echo]
  rules:
    - changes: [docs/**/*]
mr:
  script: [echo $CI_MERGE_REQUEST_TARGET_BRANCH_NAME]
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
YAML
git branch release
same "--changed" "$("$cilocal" list --names --changed docs/a/b.md)" docs
same "--changed, another" "$("$cilocal" list --names --changed src/a.c 2>/dev/null)" ""
same "merge request" "$("$cilocal" list --names --event merge_request_event --changed x)" mr
check "target" 0 -o '^CI_MERGE_REQUEST_TARGET_BRANCH_NAME +release' -- \
	vars mr --event merge_request_event --target-branch release
check "target without merge request" 2 -0 -- list --target-branch x
check "tag and branch" 2 -0 -e "exclude each other" -- list --tag a --branch b
check "tag event without a tag" 2 -0 -e "no tag is at HEAD" -- list --event tag

# invalid definitions
printf 'a:\n  scirpt: [x]\n  script: [x]\nb:\n  script: [x]\n  needs: [c]\n' >.gitlab-ci.yml
check "all errors" 3 -0 -e '^\.gitlab-ci\.yml:2:3: error: ' -- lint
check "list of an invalid one" 3 -0 -e 'error: ' -- list
check "run of an invalid one" 3 -0 -e 'error: ' -- run
check "lint --json of it" 3 -o '^\{"valid":false,"errors":\[\{"file":"\.gitlab-ci\.yml","line":2,"column":3,' -- lint --json
printf 'a: [\n' >bad.yml
check "lint of named files" 3 -e '^bad\.yml:' -- lint bad.yml
check "no such file" 2 -0 -e "cannot read 'nope.yml'" -- lint nope.yml
rm .gitlab-ci.yml
check "no definition" 3 -0 -e "there is no \.gitlab-ci\.yml" -- list

# output that can't be written
if [[ -w /dev/full ]]; then
	got=0
	"$cilocal" help >/dev/full 2>"$here/err" || got=$?
	same "a full disk" "$got" 4
fi
set +o pipefail
"$cilocal" help --man | head -1 >/dev/null
same "a reader that goes away" "${PIPESTATUS[0]}" 0
set -o pipefail

# completion in bash
cd "$here/one"
cat >.gitlab-ci.yml <<'YAML'
build:linux: {script: [echo]}
build:mac: {script: [echo]}
test: {script: [echo], parallel: {matrix: [{OS: [a, b]}]}}
YAML
mkdir -p "$here/bin"
ln -sf "$cilocal" "$here/bin/cilocal"
# complete WORDS...: the last one is completed; as bash splits words at ':' and '='
complete_words() {
	PATH=$here/bin:$PATH bash --norc -c '
		source <(cilocal completion bash)
		COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
		_cilocal
		printf "%s\n" "${COMPREPLY[@]}"' complete "$@"
}
same "complete a command" "$(complete_words 'cilocal expl' cilocal expl)" explain
same "complete an option" "$(complete_words 'cilocal run --ne' cilocal run --ne)" --needs
same "complete a choice" "$(complete_words 'cilocal run --pull ' cilocal run --pull '')" $'always\nif-not-present\nnever'
same "complete a choice behind =" "$(complete_words 'cilocal run --pull=ne' cilocal run --pull = ne)" never
same "complete a choice of this command" "$(complete_words 'cilocal lint --format ' cilocal lint --format '')" $'text\ngcc\njson\nsarif'
same "complete a choice of another" "$(complete_words 'cilocal runs --format=s' cilocal runs --format = s)" svg
same "complete jobs" "$(complete_words 'cilocal run build' cilocal run build)" $'build:linux\nbuild:mac'
same "complete a job of shell" "$(complete_words 'cilocal shell build' cilocal shell build)" $'build:linux\nbuild:mac'
same "complete a job behind --from" "$(complete_words 'cilocal run --from build' cilocal run --from build)" $'build:linux\nbuild:mac'
same "complete a job with a colon" "$(complete_words 'cilocal run build:m' cilocal run build : m)" mac
same "complete a verb" "$(complete_words 'cilocal registry st' cilocal registry st)" $'start\nstop\nstatus'
same "complete quoted" "$(complete_words 'cilocal run "test: [' cilocal run '"test: [')" $'test: [a]\ntest: [b]'
"$cilocal" run build:linux >/dev/null 2>&1
"$cilocal" run build:mac >/dev/null 2>&1
ids=$("$cilocal" runs --names)
same "two runs" "$(wc -l <<<"$ids")" 2
same "complete a run" "$(complete_words 'cilocal logs --run ' cilocal logs --run '')" "$ids"
same "complete a run behind =" "$(complete_words 'cilocal artifacts --run=2' cilocal artifacts --run = 2)" "$ids"
same "complete a run to resume" "$(complete_words 'cilocal run --resume ' cilocal run --resume '')" "$ids"
same "complete an option behind --resume" "$(complete_words 'cilocal run --resume --ne' cilocal run --resume --ne)" --needs

exit $failed
