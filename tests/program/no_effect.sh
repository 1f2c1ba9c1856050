#!/usr/bin/env bash
# A keyword that a run gives no effect is named in a warning, each once.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
a:
  script: ["true"]
  identity: google_cloud
  dast_configuration: {site_profile: x}
  environment: {name: x, kubernetes: {agent: "a:b"}}
  variables: {GIT_CLONE_PATH: $CI_BUILDS_DIR/x}
b:
  script: ["true"]
  needs: [{project: other/thing, job: c, ref: main, artifacts: true}]
END
run 0 run --executor shell
for word in identity dast_configuration environment:kubernetes variables:GIT_CLONE_PATH; do
	has "job 'a' has '$word'"
done
has "job 'b' has 'needs:project': artifacts of other projects are not fetched"

# Options that go with another verb are refused before anything is asked.
run 2 registry start --purge
has "'--purge' goes with 'registry stop'"
