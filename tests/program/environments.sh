#!/usr/bin/env bash
# environment: the variables that a job sees, the record from run to run, URLs out of a dotenv report, stopping,
# auto_stop_in, and variables of the settings by scope.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project feature <<'CI'
stages: [deploy, check, stop]
deploy:
  stage: deploy
  environment:
    name: review/$CI_COMMIT_REF_NAME
    url: https://$HOST/$CI_ENVIRONMENT_SLUG
    on_stop: stop
    auto_stop_in: 2 days
  script:
    - echo "$CI_ENVIRONMENT_NAME $CI_ENVIRONMENT_SLUG $CI_ENVIRONMENT_ACTION $CI_ENVIRONMENT_TIER id=$CI_ENVIRONMENT_ID"
    - echo "HOST=dynamic.example.com" >url.env
    - test "$SCOPED" = for-review
  artifacts: {reports: {dotenv: url.env}}
broken:
  stage: deploy
  environment: staging
  script: exit 1
  allow_failure: true
check:
  stage: check
  environment: {name: review/$CI_COMMIT_REF_NAME, action: verify}
  script: [echo "checks $CI_ENVIRONMENT_URL $CI_ENVIRONMENT_ACTION"]
stop:
  stage: stop
  environment: {name: review/$CI_COMMIT_REF_NAME, action: stop}
  when: manual
  script: [echo "stops $CI_ENVIRONMENT_URL"]
CI
cat >.cilocal-variables.yml <<'YML'
project:
  gitlab.example.com/group/project:
    SCOPED: {values: {"review/*": for-review, "*": for-all}}
YML
record() {
	jq -r ".environments[] | select(.name == \"$1\") | $2" .cilocal/environments.json
}

run 0 runs
run 0 run
has "deploy | review/feature review-feature-"
has " start development id=1"
slug=$(record review/feature .slug)
has "check  | checks https://dynamic.example.com/$slug verify"
has "environment review/feature: deployed by 'deploy', https://dynamic.example.com/$slug, to be stopped at "
has "to stop it: cilocal run 'stop'"
has_not "environment staging: deployed"
is "$(record review/feature '[.state, .deployments, .job, .ref, .tier] | join(" ")')" \
	"available 1 deploy feature development"
is "$(record review/feature '.auto_stop - .deployed')" 172800
is "$(record review/feature .sha)" "$(git rev-parse HEAD)"
is "$(record staging '[.state, .deployments, .deployed] | join(" ")')" "available 0 "
run 0 runs
has "environment  review/feature  available  by 'deploy' of $(record review/feature .run)  https://dynamic.example.com/"
run 0 runs --json
is "$(jq -r '.environments[0] | [.name, .on_stop, .url] | join(" ")' "$work/stdout")" \
	"review/feature stop https://dynamic.example.com/$slug"
run 0 artifacts deploy
has "deploy: environment"

# The job that stops it knows its URL from the record; afterwards it may be deployed again.
run 0 run stop
has "stops https://dynamic.example.com/$slug"
has "environment review/feature: stopped"
is "$(record review/feature '[.state, .auto_stop] | join(" ")')" "stopped "
run 0 run --manual stop --json
is "$(events 'select(.event == "job_finished" and .environment) | [.job, .environment.action, .environment.state] | join(":")')" \
	"deploy:start:available check:verify:available stop:stop:stopped"
is "$(record review/feature .deployments)" 2

# A deadline that is over is told; prepare and access prolong it, verify does not.
run 0 run deploy
jq '.environments[0].auto_stop = 1000000000' .cilocal/environments.json >changed
mv changed .cilocal/environments.json
run 0 runs
has "  OVERDUE: was to be stopped at 2001-09-0"
has ", cilocal run 'stop' stops it"
run 0 runs --json
is "$(jq -r '[.environments[] | select(.overdue) | .name] | join(" ")' "$work/stdout")" review/feature
run 0 run check
has "environment 'review/feature' was to be stopped at 2001-09-0"
has "(auto_stop_in), which happens here only when you say so: 'cilocal run stop' stops it"
is "$(record review/feature .state)" available
# One that no job stops is marked, no more happens on GitLab.
jq '.environments[0].on_stop = ""' .cilocal/environments.json >changed
mv changed .cilocal/environments.json
run 0 run check
has "environment 'review/feature' counts as stopped since 2001-09-0"
is "$(record review/feature '[.state, .auto_stop] | join(" ")')" "stopped "
run 0 run check
has_not "counts as stopped"
cat >>.gitlab-ci.yml <<'CI'
use:
  stage: check
  environment: {name: review/$CI_COMMIT_REF_NAME, action: access, auto_stop_in: 1 hour}
  script: ["true"]
wrong:
  stage: check
  environment: {name: other, auto_stop_in: soon}
  script: ["true"]
never:
  stage: check
  environment: {name: review/$CI_COMMIT_REF_NAME, action: prepare, auto_stop_in: never}
  script: ["true"]
CI
run 0 run use
[[ $(record review/feature .auto_stop) -gt $(date +%s) ]] || fail "access did not prolong it"
run 0 run never
is "$(record review/feature .auto_stop)" null
run 0 run wrong
has "warning: job 'wrong': environment:auto_stop_in is no duration: 'soon'"

# Several runs at once lose nothing.
for i in 1 2 3 4 5 6; do
	printf '%s:\n  environment: e%s\n  script: ["true"]\n' "job$i" "$i"
done >.gitlab-ci.yml
for i in 1 2 3 4 5 6; do
	"$cilocal" run "job$i" >/dev/null 2>&1 &
done
wait
is "$(jq -r '[.environments[] | select(.name | startswith("e")) | .deployments] | add' .cilocal/environments.json)" 6
is "$(jq -r '[.environments[].id] | unique | length == ([.[]] | length)' .cilocal/environments.json)" true

# A record that can't be read is named; clean removes it.
echo '{}' >.cilocal/environments.json
run 4 run job1
has "environments.json' is damaged: no list of environments: remove it"
run 0 clean --runs
[[ ! -e .cilocal/environments.json ]] || fail "clean --runs left the environments"
