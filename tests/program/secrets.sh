#!/usr/bin/env bash
# secrets out of the files of variables, by path; the job's token; what a trigger sent.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'CI'
job:
  variables: {STAGE: production, DB: overridden, USES: "user:$PLAIN"}
  id_tokens: {T: {aud: x}}
  secrets:
    DB: {vault: "$STAGE/db/password@ops"}
    DEFAULT: {vault: short/field, file: false}
    LONG: {vault: {engine: {name: kv-v2, path: long/engine}, path: a/b, field: c}, file: false}
    PLAIN: {gitlab_secrets_manager: {name: plain}, file: false}
    GCP: {gcp_secret_manager: {name: gcp, version: 2}, token: $T, file: false}
    AZURE: {azure_key_vault: {name: azure}, file: false}
    AWS: {aws_secrets_manager: "id#field", file: false}
    KEYLESS: {akeyless: {name: /x/y}, file: false}
  script:
    - test -f "$DB"
    - case $DB in *.tmp/DB) ;; *) exit 1 ;; esac
    - test "$(cat "$DB")" = 'hunter2 $HOME'
    - test "$DEFAULT $LONG $PLAIN" = "short-secret long-secret plain-secret"
    - test "$GCP $AZURE $AWS $KEYLESS" = "gcp-secret-2 azure-secret aws-secret keyless-secret"
    - test "$USES" = user:plain-secret
    - echo "the secrets are $(cat "$DB") and $LONG"
    - echo "the token is $CI_JOB_TOKEN," && test "${#CI_JOB_TOKEN}" -ge 64
    - printf '%s\n' "$CI_JOB_TOKEN" >>"$TOKENS"
other:
  script: ['printf "%s\n" "$CI_JOB_TOKEN" >>"$TOKENS"', 'test -z "$DB"']
CI
cat >.cilocal-variables.yml <<'YML'
TOKENS: /dev/null
secrets:
  ops/production/db/password: hunter2 $HOME
  kv-v2/short/field: short-secret
  long: {engine: {a: {b: {c: long-secret}}}}
  plain: plain-secret
  gcp: gcp-secret-1
  gcp#2: gcp-secret-2
  azure: azure-secret
  id#field: aws-secret
  /x/y: keyless-secret
YML
run 0 run --var TOKENS="$work/tokens"
has 'the secrets are [MASKED] and [MASKED]'
has 'the token is [MASKED],'
has_not warning
is "$(sort -u "$work/tokens" | wc -l)" 2
! grep -vqE '^glcbt-[0-9a-f]+_[A-Za-z0-9_-]{20,}$' "$work/tokens" || fail "no token of GitLab's form: $(<"$work/tokens")"
! grep -rqE 'hunter2|long-secret' .cilocal --include='*.log' --include='*.json' || fail "a secret in a record"
run 0 logs job
has 'Resolving secret "DB"...'
run 0 vars job
has_not long-secret
run 0 vars job --json
is "$(jq -r '.jobs[0].variables[] | select(.name == "DB") | [.value, .origin] | join(" ")' "$work/stdout")" \
	"[MASKED] secrets"

# One that has no value fails the job before its script, and says where it should be.
sed -i '/production/d' .cilocal-variables.yml
run 1 run job --var STAGE=testing
has "Job failed: secret 'DB' (vault) has no value here: put it into .cilocal-variables.yml as secrets: {\"ops/testing/db/password\": VALUE}"
has_not 'test -f'

# What would have no token to log in with on GitLab.
# shellcheck disable=SC2016 # as it stands in the file
sed -i 's/^  id_tokens.*//; s/token: $T/token: $OTHER/' .gitlab-ci.yml
sed -i 's/^secrets:/secrets:\n  ops: {testing: {db: {password: x-y-z-w}}}/' .cilocal-variables.yml
run 1 run job --var STAGE=testing
has "warning: job 'job': secret 'DB' needs one of the job's id_tokens to log in with on GitLab"
has "warning: job 'job': the token of secret 'GCP', '\$OTHER', is none of its id_tokens"

# The table stands beside sections too, and is none of pipeline variables.
cat >.cilocal-variables.yml <<'YML'
project: {}
secrets: {kv-v2/short/field: in-sections}
YML
cat >.gitlab-ci.yml <<'CI'
job: {id_tokens: {T: {aud: x}}, secrets: {S: {vault: short/field}}, script: ['test "$(cat "$S")" = in-sections']}
CI
run 0 run
printf 'secrets: {a: b}\n' >vars.yml
run 2 run --var-file vars.yml
has "'secrets' belongs to a file of settings"
printf 'secrets: {a: [b]}\n' >.cilocal-variables.yml
run 2 run
has ".cilocal-variables.yml:1:14: error: secret 'a' must be a text, not a "
printf 'secrets: text\n' >.cilocal-variables.yml
cat >.gitlab-ci.yml <<'CI'
job: {script: ['test "$secrets" = text']}
CI
run 0 run

# A trigger's request, and one that a file holds.
cat >.gitlab-ci.yml <<'CI'
job:
  rules: [{if: $TRIGGER_PAYLOAD}]
  script: ['cat "$TRIGGER_PAYLOAD"; echo', 'echo "triggered: $CI_PIPELINE_TRIGGERED"']
CI
run 0 run --event trigger --var A=b
has "triggered: true"
jq -e '.variables.A == "b" and .ref == "main"' <<<"$(grep '^{' "$work/stdout")" >/dev/null || fail "the payload"
echo '{"own": "payload"}' >body.json
run 0 run --event trigger --trigger-payload body.json
has '{"own": "payload"}'
run 2 run --trigger-payload body.json
has "'--trigger-payload' belongs to '--event trigger'"
run 2 run --event trigger --trigger-payload missing.json
has "cannot read 'missing.json'"
