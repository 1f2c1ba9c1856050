#!/usr/bin/env bash
# An image without any daemon: buildah in a job without privileges logs in to the local registry, builds, and pushes
# what a later job then runs in. Without the line of the configuration that it needs, the hint says which one.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project main <<'END'
stages: [build, use]
build:
  stage: build
  image: quay.io/buildah/stable:latest
  variables:
    STORAGE_DRIVER: vfs
    BUILDAH_ISOLATION: chroot
    BUILDAH_FORMAT: docker
    IMAGE: $CI_REGISTRY_IMAGE/shell:$CI_COMMIT_REF_SLUG
  before_script:
    - grep CapEff /proc/self/status
    - echo "$CI_REGISTRY_PASSWORD" | buildah login --tls-verify=false -u "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY"
  script:
    - cp /bin/busybox .
    - buildah bud -t "$IMAGE" .
    - buildah push --tls-verify=false "$IMAGE"
run-in-it:
  stage: use
  image: $CI_REGISTRY_IMAGE/shell:$CI_COMMIT_REF_SLUG
  script:
    - cat /greeting /who
END
echo 'hello from an image' >greeting
cat >Dockerfile <<'END'
FROM scratch
COPY busybox /bin/
RUN ["/bin/busybox", "--install", "-s", "/bin"]
COPY greeting /
RUN id >/who
END
printf '[[runners]]\n  [runners.docker]\n    security_opt = ["seccomp=unconfined"]\n' >.cilocal.toml
git add -A && git commit -q -m "An image"
with_registry
at_end "api DELETE '/images/registry.gitlab.example.com/group/project/shell:main?force=1' -o /dev/null"
remember

run 0 run
has 'CapEff:	00000000a80425fb'
has 'Login Succeeded!'
has 'run-in-it | hello from an image'
has 'run-in-it | uid=0'
has_not "$password"
[[ -n $(registry_digest group/project/shell main) ]] || fail "the registry has no such image"
nothing_left

rm .cilocal.toml
run 1 run build
has 'hint: buildah and podman make a namespace of their own'
has 'security_opt = ["seccomp=unconfined"]'
nothing_left
