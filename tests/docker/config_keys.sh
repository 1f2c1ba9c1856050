#!/usr/bin/env bash
# The keys of config.toml that become settings of containers: one job with nearly all of them, and what the
# engine says of its containers afterwards.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cat >"$work/seccomp.json" <<'END'
{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdirat", "mkdir"], "action": "SCMP_ACT_ERRNO"}]}
END
self_signed "$work/tls"
mkdir "$work/host" && echo of-the-host >"$work/host/file"

# field_is CONTAINER FILTER WANT: a field of the container, by jq.
field_is() {
	local got
	got=$(jq -rc "$2" <<<"${!1}")
	[[ $got == "$3" ]] || fail "$1: $2 is $got, not $3"
}

project main <<'END'
fails:
  image: {name: busybox, entrypoint: ["/no/such"], docker: {user: daemon}}
  services: [{name: "redis:7", alias: db}]
  script:
    - echo "environment $OF_CONFIG $OF_JOB"
    - mkdir /tmp/x 2>/dev/null || echo "seccomp holds"
    - echo "shm $(df -k /dev/shm | awk 'NR == 2 { print $2 }')"
    - 'echo "user $(id -u):$(id -g) $(id -G)"'
    - echo "limits $(ulimit -Sn) $(ulimit -Hn)"
    - cat /from-host/file
    - echo "tmpfs $(grep -c '^tmpfs /scratch ' /proc/mounts)"
    - echo "hosts $(grep -c '192.0.2.7.*mirror.example.com' /etc/hosts)"
    - 'echo "sysctl $(cat /proc/sys/net/ipv4/ip_forward)"'
    - ls /dev/null2
    - 'echo "mac $(cat /sys/class/net/eth0/address)"'
    - echo "host $(hostname)"
    - echo "dir $PWD"
    - touch /cache/kept && echo "cache is open"
    - head -n 1 "$CI_SERVER_TLS_CA_FILE" "$CI_SERVER_TLS_CERT_FILE" "$CI_SERVER_TLS_KEY_FILE" | grep BEGIN
    - "false"
  variables: {OF_JOB: job}
END
cat >.cilocal.toml <<END
[[runners]]
name = "all-of-it"
executor = "docker"
environment = ["OF_CONFIG=config", "OF_JOB=config"]
builds_dir = "/somewhere/builds"
tls-ca-file = "$work/tls/cert.pem"
tls-cert-file = "$work/tls/cert.pem"
tls-key-file = "$work/tls/key.pem"
[runners.docker]
disable_entrypoint_overwrite = true
user = "1234:99"
hostname = "its-name"
mac_address = "02:42:ac:11:65:43"
volumes = ["/cache", "$work/host:/from-host:ro"]
shm_size = 16777216
memory = "256m"
memory_swap = "512m"
memory_reservation = "128m"
cpus = "1.5"
cpuset_cpus = "0"
cpuset_mems = "0"
cpu_shares = 512
cap_add = ["NET_ADMIN"]
cap_drop = ["MKNOD"]
group_add = ["4321"]
security_opt = ["seccomp=$work/seccomp.json"]
services_security_opt = ["no-new-privileges"]
devices = ["/dev/null:/dev/null2:rw"]
services_devices = {"redis:*" = ["/dev/zero:/dev/zero2"]}
device_cgroup_rules = ["c 1:* rmw"]
dns = ["192.0.2.53"]
dns_search = ["example.test"]
extra_hosts = ["mirror.example.com:192.0.2.7"]
ipcmode = "shareable"
pid_mode = "host"
userns_mode = "host"
oom_score_adjust = 123
network_mtu = 1400
enable_ipv6 = false
service_memory = "200m"
service_memory_swap = "300m"
service_memory_reservation = "100m"
service_cpus = "1/2"
service_cpuset_cpus = "1"
service_cpu_shares = 256
allowed_images = ["busybox", "redis:*"]
allowed_services = ["redis:*"]
services_limit = 2
[runners.docker.tmpfs]
"/scratch" = "rw,size=1m"
[runners.docker.services_tmpfs]
"/data" = "rw,size=2m"
[runners.docker.ulimit]
nofile = "1024:2048"
[runners.docker.sysctls]
"net.ipv4.ip_forward" = "0"
[runners.docker.container_labels]
team = "\$CI_PROJECT_NAME-team"
[runners.docker.log_options]
labels = "team"
[[runners.docker.services]]
name = "busybox"
alias = "beside"
entrypoint = ["/no/such"]
command = ["sh", "-c", "echo \$ONLY_HERE; sleep 100"]
environment = ["ONLY_HERE=here"]
END
at_end 'api DELETE /networks/cilocal-test-net -o /dev/null'
at_end 'api DELETE "/containers/cilocal-test-other?force=1&v=1" -o /dev/null'
# shellcheck disable=SC2016 # expanded when it runs
at_end '"$cilocal" clean --engine >/dev/null 2>&1'
remember
run 1 run --keep
has 'on all-of-it ('
has 'environment config job'
for line in 'seccomp holds' 'shm 16384' 'user 1234:99 99 4321' 'limits 1024 2048' of-the-host 'tmpfs 1' 'hosts 1' \
	'sysctl 0' 'mac 02:42:ac:11:65:43' 'host its-name' 'dir /somewhere/builds/group/project' 'cache is open' \
	'-----BEGIN CERTIFICATE-----' '-----BEGIN PRIVATE KEY-----'; do
	grep -qx -- "$line" "$work/out" || fail "not printed: $line"
done
has 'Entrypoint override disabled'

name=$(sed -n 's/.*to enter it: docker start \([^ ]*\) .*/\1/p' "$work/out")
job=$(api GET "/containers/$name/json")
redis=$(api GET "/containers/${name%-build}-svc-1/json")
beside=$(api GET "/containers/${name%-build}-svc-0/json")
network=$(api GET "/networks/${name%-build}-net")
field_is network '.Options["com.docker.network.driver.mtu"]' 1400
field_is network .EnableIPv6 false
for what in job redis beside; do
	field_is $what '.Config.Labels.team' project-team
	field_is $what '.HostConfig | [.LogConfig.Config.labels, .Dns, .DnsSearch, .UsernsMode, .ShmSize]' \
		'["team",["192.0.2.53"],["example.test"],"host",16777216]'
	field_is $what '.HostConfig.ExtraHosts | contains(["mirror.example.com:192.0.2.7"])' true
	field_is $what '[.Mounts[].Destination] | sort | map(select(. != "/data"))' '["/cache","/from-host","/somewhere/builds"]'
done
field_is job '.HostConfig | [.Memory, .MemorySwap, .MemoryReservation, .NanoCpus, .CpusetCpus, .CpusetMems, .CpuShares]' \
	'[268435456,536870912,134217728,1500000000,"0","0",512]'
field_is job '.HostConfig | [.CapAdd, .CapDrop, .IpcMode, .PidMode, .OomScoreAdj, .DeviceCgroupRules]' \
	'[["NET_ADMIN"],["MKNOD"],"shareable","host",123,["c 1:* rmw"]]'
field_is job '.HostConfig.Devices[0] | [.PathOnHost, .PathInContainer, .CgroupPermissions]' '["/dev/null","/dev/null2","rw"]'
field_is redis '.HostConfig | [.Memory, .MemorySwap, .MemoryReservation, .NanoCpus, .CpusetCpus, .CpuShares, .SecurityOpt]' \
	'[209715200,314572800,104857600,500000000,"1",256,["no-new-privileges"]]'
field_is redis '.HostConfig | [.Tmpfs, .Devices[0].PathInContainer]' '[{"/data":"rw,size=2m"},"/dev/zero2"]'
# Keys of jobs alone.
field_is redis '.HostConfig | [.CapAdd, .CapDrop, .PidMode, .OomScoreAdj, .Ulimits, .GroupAdd]' '[null,null,"",0,null,null]'
field_is beside '.HostConfig.Devices | length' 0
field_is beside '.Config.Env | contains(["ONLY_HERE=here"])' true
field_is redis '.Config.Env | map(select(startswith("ONLY_HERE"))) | length' 0
api GET "/containers/${name%-build}-svc-0/logs?stdout=1" -o - | tr -d '\0' | grep -q 'here$' ||
	fail "the service of the configuration did not run its command"
run 0 clean --engine
nothing_left

# A network, a container and a volume driver that are there already.
api POST /networks/create -f -o /dev/null -H 'Content-Type: application/json' -d '{"Name":"cilocal-test-net"}'
id=$(api POST '/containers/create?name=cilocal-test-other' -f -H 'Content-Type: application/json' \
	-d '{"Image":"busybox","Cmd":["sh","-c","echo from-other >/shared/file; sleep 1000"],"Volumes":{"/shared":{}}}' | jq -r .Id)
api POST "/containers/$id/start" -f
project main <<'END'
fails:
  image: busybox
  services: [{name: busybox, alias: near, command: ["sh", "-c", "sleep 100"]}]
  script:
    - cat /shared/file
    - 'echo "driver $(grep " /var/data " /proc/mounts | cut -d" " -f1,3)"'
    - nslookup near >/dev/null && echo near is found
    - "false"
END
cat >.cilocal.toml <<END
[[runners]]
executor = "docker"
[runners.docker]
network_mode = "cilocal-test-net"
wait_for_services_timeout = -1
volumes_from = ["cilocal-test-other:ro"]
volumes = ["/var/data"]
volume_driver = "local"
volume_driver_ops = {type = "tmpfs", device = "tmpfs", o = "size=3m"}
cgroup_parent = "/cilocal-test"
privileged = true
services_privileged = false
allowed_privileged_images = ["busy*"]
END
remember
run 1 run --keep
grep -qx 'from-other' "$work/out" || fail "volumes_from"
grep -qx 'driver tmpfs tmpfs' "$work/out" || fail "volume_driver_ops"
grep -qx 'near is found' "$work/out" || fail "network_mode"
name=$(sed -n 's/.*to enter it: docker start \([^ ]*\) .*/\1/p' "$work/out")
job=$(api GET "/containers/$name/json")
service=$(api GET "/containers/${name%-build}-svc-0/json")
field_is job '.HostConfig | [.NetworkMode, .CgroupParent, .Privileged, .VolumesFrom]' \
	'["cilocal-test-net","/cilocal-test",true,["cilocal-test-other:ro"]]'
field_is service '.HostConfig | [.NetworkMode, .CgroupParent, .Privileged, .VolumesFrom]' \
	'["cilocal-test-net","",false,null]'
run 0 clean --engine
nothing_left

# links and oom_kill_disable; a list of privileged images that does not hold this one; no cache between jobs.
cat >.gitlab-ci.yml <<'END'
job: {image: busybox, script: [nslookup other >/dev/null 2>&1 || grep -w other /etc/hosts && echo linked, 'echo "caps $(grep CapEff /proc/self/status)"', test ! -e /keep/file, touch /keep/file]}
END
cat >.cilocal.toml <<END
[[runners]]
executor = "docker"
[runners.docker]
runtime = "no-such-runtime"
links = ["cilocal-test-other:other"]
memory = "64m"
oom_kill_disable = true
privileged = true
allowed_privileged_images = ["alpine"]
disable_cache = true
volumes = ["/keep"]
END
run 1 run
has '.cilocal.toml:4: one of the engine'
sed -i /no-such-runtime/d .cilocal.toml
run 0 run
has linked
has 'caps CapEff:	00000000a80425fb'
run 0 run
sed -i 's/disable_cache = true//' .cilocal.toml
run 0 run
run 1 run
nothing_left
# ... which cache_dir keeps in a folder of the engine's machine.
sed -i "s#^volumes.*#&\ncache_dir = \"$work/kept\"#" .cilocal.toml
run 0 run
compgen -G "$work/kept/cilocal-cache-*/file" >/dev/null || fail "cache_dir holds nothing"
run 1 run

# gpus: an engine without any says that it was asked as it should be.
cat >.gitlab-ci.yml <<'END'
job: {image: busybox, script: [echo no]}
END
printf '[[runners]]\nexecutor = "docker"\n[runners.docker]\ngpus = "device=0,1"\n' >.cilocal.toml
run 1 run
# The second is said by Engine 29, which asks CDI (Container Device Interface).
has_line 'could not select device driver "" with capabilities: \[\[gpu\]\]|failed to discover GPU vendor from CDI'
has '.cilocal.toml:4: without this line'

# enable_ipv6: the network has it, or the engine says that it has no addresses (before Docker 27).
cat >.gitlab-ci.yml <<'END'
job: {image: busybox, services: ["redis:7"], script: [ip -6 addr show eth0]}
END
printf '[[runners]]\nexecutor = "docker"\n[runners.docker]\nenable_ipv6 = true\n' >.cilocal.toml
if "$cilocal" run >"$work/out" 2>&1 </dev/null; then
	has 'scope global'
else
	has 'non-overlapping IPv6 address pool'
	has '.cilocal.toml:4: enable_ipv6 = false'
fi

# What is not allowed is refused, with the line of the list.
refused() { # refused CODE WORDS PLACE LINE...: these lines below [runners.docker]
	local code=$1 words=$2 place=$3
	shift 3
	printf '%s\n' '[[runners]]' 'executor = "docker"' '[runners.docker]' "$@" >.cilocal.toml
	run "$code" run
	has "$words"
	has "$place"
	has_not 'went on'
}
cat >.gitlab-ci.yml <<'END'
job:
  image: {name: busybox, pull_policy: never, docker: {user: root}}
  services: [redis:7]
  script: [echo went on]
END
refused 1 'image "busybox" is not on the list of allowed images' '.cilocal.toml:4: add the image' 'allowed_images = ["ruby:*"]'
refused 1 'service "redis:7" is not on the list of allowed services' '.cilocal.toml:4: add the image' 'allowed_services = ["ruby:*"]'
refused 1 'too many services requested: 1, only 0 allowed' '.cilocal.toml:4: services_limit = -1' 'services_limit = 0'
refused 1 'user "root" is not an allowed user: [1000 daemon]' '.cilocal.toml:4: allowed_users' 'allowed_users = ["1000", "daemon"]'
refused 1 'is not one of the allowed_pull_policies' '.cilocal.toml:4: allowed_pull_policies' 'allowed_pull_policies = ["always"]'
refused 2 "'lots' in 'memory' is no size" '.cilocal.toml:4:10: error:' 'memory = "lots"'
nothing_left
