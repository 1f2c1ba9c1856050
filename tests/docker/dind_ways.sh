#!/usr/bin/env bash
# The set-ups of Docker in a job that GitLab documents, side by side in one run, each of which builds an image,
# runs it, mounts the job's own files into it, and pushes it: a daemon without TLS, with TLS (by the entrypoints'
# own choice, and with all variables written out), on a socket in a shared volume, as a service of the runner's
# configuration, and the engine's own socket.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $DOCKER_HOST == unix://* ]] || skip "the engine has no socket here: $DOCKER_HOST"
project main <<'END'
.way:
  image: docker:20.10.16
  variables:
    IMAGE: $CI_REGISTRY_IMAGE/$CI_JOB_NAME_SLUG:1
  before_script:
    - cp /bin/busybox .
    - echo "at $DOCKER_HOST verify=$DOCKER_TLS_VERIFY certificates=$DOCKER_CERT_PATH number=$CI_CONCURRENT_ID"
    - echo "$CI_REGISTRY_PASSWORD" | docker login -u "$CI_REGISTRY_USER" --password-stdin "${IMAGE%%/*}"
  script:
    - docker build -t "$IMAGE" .
    - docker run --rm "$IMAGE"
    - docker run --rm -v "$CI_PROJECT_DIR:/src" "$IMAGE" sh -c 'cat /src/greeting && echo "from $0" >/src/$0' "$CI_JOB_NAME"
    - cat "$CI_JOB_NAME"
    - docker push "$IMAGE"

no-tls:
  extends: .way
  services:
    - name: docker:20.10.16-dind
      command: ["--tls=false", "--mtu=1360", "--storage-driver", "vfs", "--registry-mirror=http://mirror.example:5000",
                "--insecure-registry", "registry.gitlab.example.com"]
  variables:
    DOCKER_HOST: tcp://docker:2375
    DOCKER_TLS_CERTDIR: ""
    DOCKER_BUILDKIT: "1"
  after_script:
    - docker info
    - docker network inspect bridge

tls:
  extends: .way
  services:
    - {name: "docker:20.10.16-dind", command: ["--insecure-registry=registry.gitlab.example.com"]}

tls-written:
  extends: .way
  services:
    - {name: "docker:20.10.16-dind", alias: engine, command: ["--insecure-registry=registry.gitlab.example.com"]}
  variables:
    DOCKER_HOST: tcp://engine:2376
    DOCKER_TLS_CERTDIR: /certs
    DOCKER_TLS_VERIFY: "1"
    DOCKER_CERT_PATH: $DOCKER_TLS_CERTDIR/client
    DOCKER_TLS_SAN: DNS:engine

shared-socket:
  extends: .way
  services:
    - {name: "docker:20.10.16-dind", command: ["--tls=false", "--insecure-registry=registry.gitlab.example.com"]}
  variables:
    DOCKER_HOST: unix:///runner/services/docker/docker.sock
    DOCKER_TLS_CERTDIR: ""

runners-service:
  extends: .way
  tags: [service]

engines-socket:
  extends: .way
  tags: [socket]
  variables:
    IMAGE: $AT/group/project/engines-socket:1
  script:
    - docker build -t "$IMAGE" .
    - docker run --rm "$IMAGE"
    - docker push "$IMAGE"
  after_script:
    - docker rmi -f "$IMAGE"
END
echo 'hello from an image' >greeting
printf 'FROM scratch\nCOPY busybox greeting /bin/\nENTRYPOINT ["/bin/busybox"]\nCMD ["cat", "/bin/greeting"]\n' >Dockerfile
cat >.cilocal.toml <<END
[[runners]]
  name = "daemons"
  [runners.docker]
    privileged = true
    volumes = ["/certs/client", "/runner/services/docker", "/cache"]
[[runners]]
  name = "with a service of its own"
  tags = ["service"]
  environment = ["DOCKER_TLS_CERTDIR="]
  [runners.docker]
    privileged = true
    [[runners.docker.services]]
      name = "docker:20.10.16-dind"
      command = ["--tls=false", "--insecure-registry", "registry.gitlab.example.com"]
[[runners]]
  name = "the engine's socket"
  tags = ["socket"]
  [runners.docker]
    volumes = ["${DOCKER_HOST#unix://}:/var/run/docker.sock", "/cache"]
END
git add -A && git commit -q -m "An image"

with_registry
remember
run 0 run --var AT="$address" -j 6
for job in no-tls tls tls-written shared-socket runners-service; do
	has_line "^ *$job +\| from $job\$"
	[[ -n $(registry_digest "group/project/$job" 1) ]] || fail "the registry has no image of $job"
done
[[ -n $(registry_digest group/project/engines-socket 1) ]] || fail "the registry has no image of engines-socket"
[[ $(grep -cE '\| hello from an image$' "$work/out") == 11 ]] || fail "not each image said its words"

# Who chose what.
has_line '^ *no-tls +\| at tcp://docker:2375 verify= certificates= '
has_line '^ *tls +\| at tcp://docker:2376 verify=1 certificates=/certs/client '
has_line '^ *tls-written +\| at tcp://engine:2376 verify=1 certificates=/certs/client '
has_line '^ *shared-socket +\| at unix:///runner/services/docker/docker.sock verify= certificates= '
has_line '^ *runners-service +\| at tcp://docker:2375 verify= certificates= '
has_line '^ *engines-socket +\| at unix:///var/run/docker.sock verify= certificates= '

# The service's arguments came through.
has_line '^ *no-tls +\| +Storage Driver: vfs'
has_line '^ *no-tls +\| +http://mirror.example:5000/'
has_line '^ *no-tls +\| +"com.docker.network.driver.mtu": "1360"'

# No two of them had the same number, and with it the same volumes.
[[ $(grep -oE ' number=[0-9]+$' "$work/out" | sort -u | wc -l) == 6 ]] || fail "jobs that ran at once had one number"
# The engine of this machine knows the registry by another name than the jobs.
grep -qF "Docker commands on the mounted socket find the registry registry.gitlab.example.com as $address" \
	.cilocal/runs/*/engines-socket/trace.log || fail "the job was not told the registry's other name"
has_not "$password"
nothing_left
