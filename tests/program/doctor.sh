#!/usr/bin/env bash
# `cilocal doctor` where things are missing, and a configuration file explained.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# No engine: a failure only where jobs want one.
project <<'END'
job: {script: [echo]}
END
run 0 doctor
has 'git         ok       git version '
has "$work/project, branch main"
has 'definition  ok       .gitlab-ci.yml, 1 job'
has 'engine      warning  cannot connect'
has '-> start Docker or Podman'
project <<'END'
job: {image: busybox, script: [echo]}
END
run 4 doctor
has 'engine      failure  cannot connect'
run 4 doctor --json
grep -q '^{"healthy":false,"checks":\[{"name":"git","state":"ok",' "$work/stdout" || fail "not the JSON"

# A definition with errors.
echo 'job: {image: busybox}' >.gitlab-ci.yml
run 0 doctor
has 'definition  warning  .gitlab-ci.yml has 2 errors'
has "-> 'cilocal lint' shows them"

# Not in a work tree.
cd "$work"
run 4 doctor
has 'git         failure'
has "'git init' makes one"

# A configuration file, key by key; secrets are not shown.
project <<'END'
job: {script: [echo]}
END
cat >config.toml <<'END'
concurrent = 2
check_interval = 0
[[runners]]
  token = "glrt-secret"
  executor = "docker"
  environment = ["PASSWORD=hunter2"]
  clone_url = "https://elsewhere"
  [runners.docker]
    privileged = true
    nonsense = 1
  [[runners.docker.services]]
    name = "docker:20.10.16-dind"
    command = ["--insecure-registry", "registry.gitlab.example.com"]
[cilocal]
jobs = 3
[cilocal.images]
"a:1" = "b:1"
END
run 0 doctor --config config.toml
has '    1  concurrent'
has_line '^    2  check_interval +0 +\(not needed\)'
has_line '^    4  token +\(not shown\)'
has_line '^    7  clone_url .*\(no effect\)'
has_line '^   10  nonsense .*\(unknown\)'
has_line '^   13  command +\["--insecure-registry", '
has_line '^   16  images +use image TO'
has '[PASSWORD=...]'
has_not 'glrt-secret'
has_not 'hunter2'
run 0 doctor --config config.toml --json
grep -qF '{"line":9,"key":"privileged","value":"true","effect":"used","text":"containers may do' "$work/stdout" || fail "not the JSON"

# shellcheck source=tests/program/lib_engine.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib_engine.sh"
# A newer engine than this program knows (API 1.52, none below 1.44), without root, whose clock is off.
engine <<'END'
on GET /_ping
header Api-Version: 1.52
body OK
on GET /version
body {"Version":"29.0.0","ApiVersion":"1.52","MinAPIVersion":"1.44","Os":"linux","Arch":"amd64"}
on GET /info
body {"OSType":"linux","Architecture":"x86_64","Driver":"overlayfs","CgroupVersion":"2","NCPU":2,"MemTotal":1000000000,"SystemTime":"2020-01-02T03:04:05.123456789+01:00","SecurityOptions":["name=rootless"]}
on GET /images/json
body []
END
run 0 doctor
has 'engine      ok       Docker 29.0.0 (API 1.47) at unix://'
has ': linux/amd64, rootless, overlayfs, cgroup v2, 2 processors'
has "clock       warning  the engine's clock is "
has " s behind this machine's"
has 'privileges  note     not tried: the engine has no image with a shell that is known'
run 0 doctor --json
grep -qF '"engines":[{"kind":"Docker","version":"29.0.0","api":"1.47","url":"unix://' "$work/stdout" || fail "not the engine"
grep -qF '"remote":false,"rootless":true,"storage_driver":"overlayfs","cgroup_version":"2"}]' "$work/stdout" || fail "not the engine"
has_not 'limits'

# One that can't limit what jobs use: a note, and a warning where the configuration asks for it.
engine <<END
$ping
on GET /version
body {"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12","Os":"linux","Arch":"amd64"}
on GET /info
body {"OSType":"linux","Architecture":"x86_64","Driver":"overlay2","CgroupDriver":"none","CgroupVersion":"1","MemoryLimit":false,"CpuCfsQuota":false,"CPUSet":true,"NCPU":2,"MemTotal":1000000000,"SecurityOptions":["name=rootless"]}
on GET /images/json
body []
END
run 0 doctor
has "limits      note     the engine can't limit memory, CPU time: such keys of [runners.docker] would have no effect"
has 'an engine without root limits jobs with cgroup v2'
printf '[[runners]]\n[runners.docker]\ncpuset_cpus = "0"\n' >.cilocal.toml
run 0 doctor
has 'limits      note '
printf '[[runners]]\n[runners.docker]\nservice_memory = "64m"\n' >.cilocal.toml
run 0 doctor
has "limits      warning  the engine can't limit memory, CPU time: such keys of [runners.docker] are set, and have no effect"
rm .cilocal.toml

# Containers that try something out are waited for, not asked about.
cat >"$work/tries" <<'EOF'
on GET /_ping
header Api-Version: 1.41
body OK
on GET /version
body {"Version":"20.10.0","ApiVersion":"1.41","MinAPIVersion":"1.12","Os":"linux","Arch":"amd64"}
on GET /info
body {"OSType":"linux","Architecture":"x86_64"}
on GET /images/json*
body [{"Id":"sha256:1","RepoTags":["busybox:latest"],"Size":1}]
on POST /containers/create*
status 201
body {"Id":"tries"}
on POST /containers/tries/start
status 204
on GET /containers/tries/logs*
chunk \x02\x00\x00\x00\x00\x00\x00\x0amount: no\n
on DELETE /containers/tries*
status 204
on POST /containers/tries/wait*
EOF
engine < <(cat "$work/tries" && echo 'body {"StatusCode":0}')
run 0 doctor
has 'privileged containers work'
engine < <(cat "$work/tries" && echo 'body {"StatusCode":32}')
run 0 doctor
has 'privileged containers do not work: mount: no'
