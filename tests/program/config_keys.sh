#!/usr/bin/env bash
# What keys of [[runners]] do to a job in a shell: scripts around its own, time limits, switches; and runners that
# can't be played here.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# order LINES: the job's own output that begins with "at ", joined by commas.
order() {
	local got
	got=$(grep '^at ' "$work/out" | tr '\n' ',')
	[[ $got == "$1" ]] || fail "the order is $got, not $1"
}

project <<'END'
job:
  variables: {FF_SCRIPT_SECTIONS: "true", WHO: job}
  script: ['echo "at script, $WHO $OF_CONFIG $FROM_BEFORE"', 'echo "shell ${BASH_VERSION:+bash}"']
END
cat >.cilocal.toml <<'END'
[[runners]]
executor = "shell"
environment = ["WHO=config", "OF_CONFIG=config"]
pre_get_sources_script = "echo at pre-sources; test ! -e .gitlab-ci.yml"
post_get_sources_script = "echo at post-sources; test -e .gitlab-ci.yml"
pre_build_script = """
echo at pre-build
FROM_BEFORE=kept"""
post_build_script = "echo at post-build $FROM_BEFORE"
END
run 0 run
order 'at pre-sources,at post-sources,at pre-build,at script, job config kept,at post-build kept,'
has 'shell bash'
# The old names; post_build_script only where all before it went well.
sed -i 's/get_sources_script/clone_script/; s/^executor.*/&\nshell = "sh"/' .cilocal.toml
run 0 run
order 'at pre-sources,at post-sources,at pre-build,at script, job config kept,at post-build kept,'
cat >.gitlab-ci.yml <<'END'
job: {script: ["false"], after_script: [echo at after]}
END
run 1 run
order 'at pre-sources,at post-sources,at pre-build,at after,'
sed -i 's/^pre_build_script.*/pre_build_script = """\nfalse/' .cilocal.toml
run 1 run
order 'at pre-sources,at post-sources,at after,'

cat >.gitlab-ci.yml <<'END'
job: {script: ['echo "at script $CI_DEBUG_TRACE"'], variables: {CI_DEBUG_TRACE: "true"}}
END
printf '[[runners]]\nexecutor = "shell"\ndebug_trace_disabled = true\n' >.cilocal.toml
run 0 run
has_not '+ echo'
printf '[[runners]]\nexecutor = "shell"\nget_sources_timeout = "1s"\npre_get_sources_script = "sleep 30"\n' >.cilocal.toml
sed -i 's/true/false/' .gitlab-ci.yml
run 1 run
has 'get sources timeout: exceeded timeout of 1s'

# The files of the connection to GitLab are files of jobs too, as they are; paths count from the configuration's folder.
mkdir -p conf/tls
self_signed conf/tls
cat >.gitlab-ci.yml <<'END'
job:
  script:
    - for name in CA CERT KEY; do eval "file=\$CI_SERVER_TLS_${name}_FILE"; echo "at $name $(basename "$file") $(cksum <"$file")"; done
END
cat >conf/config.toml <<'END'
[[runners]]
executor = "shell"
tls-ca-file = "tls/cert.pem"
tls-cert-file = "tls/cert.pem"
tls-key-file = "tls/key.pem"
END
rm .cilocal.toml
run 0 run --config conf/config.toml
cert=$(cksum <conf/tls/cert.pem) key=$(cksum <conf/tls/key.pem)
order "at CA CI_SERVER_TLS_CA_FILE $cert,at CERT CI_SERVER_TLS_CERT_FILE $cert,at KEY CI_SERVER_TLS_KEY_FILE $key,"
run 0 vars job --config conf/config.toml
has CI_SERVER_TLS_CERT_FILE
has_not 'PRIVATE KEY'
# A variable of the job's own goes before it.
run 0 run --config conf/config.toml --var "CI_SERVER_TLS_CA_FILE=$PWD/conf/config.toml"
has "at CA config.toml $(cksum <conf/config.toml)"
run 0 doctor --config conf/config.toml
has 'the file that jobs have as CI_SERVER_TLS_KEY_FILE'
# A Runner goes on without what it can't read, and takes a certificate only with its key.
sed -i 's/key.pem/none.pem/; s/^tls-ca.*/tls-ca-file = "config.toml"/' conf/config.toml
run 0 run --config conf/config.toml
has "conf/config.toml:3:15: warning: 'tls-ca-file': 'conf/config.toml' holds no PEM text (-----BEGIN CERTIFICATE-----)"
has "conf/config.toml:5:16: warning: 'tls-key-file': cannot read 'conf/tls/none.pem': No such file or directory"
has_not 'at CA CI_SERVER'
has_not 'at CERT CI_SERVER'
sed -i '/key-file/d' conf/config.toml
run 0 run --config conf/config.toml
has "conf/config.toml:4:17: warning: 'tls-cert-file' has no effect without 'tls-key-file'"

# says CODE MESSAGE LINE...: these lines below [[runners]].
says() {
	local code=$1 message=$2
	shift 2
	printf '%s\n' '[[runners]]' "$@" >.cilocal.toml
	run "$code" list
	has "$message"
}
says 2 ".cilocal.toml:2:19: error: 'soon' in 'prepare_timeout' is no duration" 'prepare_timeout = "soon"'
says 2 ".cilocal.toml:2:9: error: 'zsh' is no value of 'shell': bash or sh" 'shell = "zsh"'
says 2 ".cilocal.toml:2:9: error: shell 'pwsh' can't be played here, only bash and sh can" 'shell = "pwsh"'
says 2 ".cilocal.toml:2:14: error: 'builds_dir' wants an absolute path" 'builds_dir = "builds"'
says 0 ".cilocal.toml:3:14: warning: 'builds_dir' has no effect with the shell executor" 'executor = "shell"' 'builds_dir = "/b"'
says 2 'note: its pods want a cluster; with executor = "docker"' 'executor = "kubernetes"'
says 2 'note: no machines are started here; executor = "docker" takes the same [runners.docker]' 'executor = "docker+machine"'
says 2 "note: did you mean 'docker'?" 'executor = "doker"'
says 2 'note: GitLab Runner has no executor of that name' 'executor = "abacus"'
# What else is wrong with such a runner is told at once.
says 2 ".cilocal.toml:4:14: error: 'privileged' wants true or false" 'executor = "Docker"' '[runners.docker]' 'privileged = "yes"'
has "note: did you mean 'docker'?"
# Notations, each with its line.
docker_says() {
	says "$1" "$2" 'executor = "docker"' '[runners.docker]' "$3"
}
docker_says 2 ".cilocal.toml:4:10: error: '12x' in 'memory' is no size" 'memory = "12x"'
docker_says 2 ".cilocal.toml:4:8: error: 'two' in 'cpus' is no number of processors" 'cpus = "two"'
docker_says 2 ".cilocal.toml:4:8: error: 'some' in 'gpus' is no choice of GPUs" 'gpus = "some"'
docker_says 2 ".cilocal.toml:4:31: error: 'a:b:c:d' in 'volumes' is no volume" 'volumes = ["/cache", "$X:/y", "a:b:c:d"]'
docker_says 2 ".cilocal.toml:4:23: error: '1:b' in 'ulimit' is no limit" 'ulimit = { "nofile" = "1:b" }'
docker_says 2 ".cilocal.toml:4:17: error: 'tag' is no option of 'log_options': env or labels" 'log_options = { tag = "x" }'
docker_says 0 'JOB ' 'memory_swap = "-1"'
# Keys that are near, here or elsewhere; keys of a newer Runner.
docker_says 0 'note: the image of a service is its '"'name'" '[[runners.docker.services]]
name = "redis"
image = "redis"'
docker_says 0 JOB '[[runners.docker.services]]
name = "redis"
suspend_data_path = "/data"'
has_not 'unknown key'
says 0 "note: did you mean 'privileged', which belongs to [runners.docker]?" 'priviledged = true'
sed -i '1s/.*/[[runner]]/' .cilocal.toml
run 0 list
has "note: did you mean 'runners'?"
printf 'labels = {a = "b"}\n' >.cilocal.toml
run 0 list
has_not 'unknown key'
printf '[[runners]]\n...\n[runners.docker]\nmemory = 5\n' >.cilocal.toml
run 2 list
has '.cilocal.toml:2:1: error: '"'...'"' is a placeholder of a tutorial'
has ".cilocal.toml:4:10: error: 'memory' wants a string"
# Beside another runner it is only left out.
says 0 ".cilocal.toml:2:9: note: shell 'powershell' can't be played here, only bash and sh can: this runner takes no jobs" \
	'shell = "powershell"' '[[runners]]' 'executor = "shell"'
