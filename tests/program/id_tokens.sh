#!/usr/bin/env bash
# id_tokens: the token's signature holds against the keys that the job fetches while it runs, its claims are
# GitLab's, it is masked, and the key stays the same from run to run.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'CI'
stages: [a, b]
token:
  stage: a
  id_tokens:
    ONE: {aud: "https://$SERVICE.example.com"}
    TWO: {aud: [first, $SERVICE]}
  variables: {SERVICE: vault}
  environment: {name: review/x, action: verify}
  script:
    - printf %s "$ONE" >one.jwt
    - printf %s "$TWO" >two.jwt
    - echo "the token is $ONE."
    - curl -fsS "$CILOCAL_OIDC_URL/.well-known/openid-configuration" >discovery.json
    - curl -fsS "$(jq -r .jwks_uri discovery.json)" >keys.json
    - curl -sS -o /dev/null -w '%{http_code}\n' "$CILOCAL_OIDC_URL/other" >codes
    - curl -sS -o /dev/null -w '%{http_code}\n' -d x "$CILOCAL_OIDC_URL/oauth/discovery/keys" >>codes
    - curl -sS -o /dev/null -w '%{http_code}\n' -H "X-Long:$(head -c 9000 /dev/zero | tr '\0' a)" "$CILOCAL_OIDC_URL/" >>codes
    - curl -sSI "$CILOCAL_OIDC_URL/oauth/discovery/keys?x=1" >answer
    - exec 3<>"/dev/tcp/127.0.0.1/${CILOCAL_OIDC_URL##*:}"
    - printf 'nonsense\r\n\r\n' >&3
    - timeout 5 cat <&3 >nonsense
    - echo "$CILOCAL_OIDC_URL" >url
  artifacts: {paths: [one.jwt, two.jwt, discovery.json, keys.json, codes, answer, nonsense, url]}
none:
  stage: b
  script: ['test -z "$CILOCAL_OIDC_URL$ONE"']
CI

b64() {
	local text
	text=$(tr -- '-_' '+/' <<<"$1")
	while ((${#text} % 4)); do text+='='; done
	base64 -d <<<"$text"
}

# verify TOKEN: its signature, with the key of its kid out of keys.json.
verify() {
	local token head n e
	token=$(<"$1")
	head=${token%%.*}
	n=$(jq -r --arg kid "$(b64 "$head" | jq -r .kid)" '.keys[] | select(.kid == $kid) | .n' keys.json)
	e=$(jq -r '.keys[0].e' keys.json)
	[[ -n $n && $e == AQAB ]] || fail "no key for $1: $(<keys.json)"
	b64 "$n" | od -An -v -tx1 | tr -d ' \n' >n.hex
	printf 'asn1=SEQUENCE:pub\n[pub]\nalg=SEQUENCE:alg\nkey=BITWRAP,SEQUENCE:rsa\n[alg]\noid=OID:rsaEncryption\np=NULL\n' >pub.cnf
	printf '[rsa]\nn=INTEGER:0x%s\ne=INTEGER:65537\n' "$(<n.hex)" >>pub.cnf
	openssl asn1parse -genconf pub.cnf -noout -out pub.der
	b64 "${token##*.}" >signature
	printf %s "${token%.*}" >signed
	openssl dgst -sha256 -verify pub.der -keyform DER -signature signature signed >verdict || :
	is "$(<verdict)" "Verified OK"
	# And not with one bit more.
	printf x >>signed
	! openssl dgst -sha256 -verify pub.der -keyform DER -signature signature signed >/dev/null 2>&1 ||
		fail "any text has this signature"
}

claim() {
	local token
	token=$(<"$1")
	token=${token#*.}
	b64 "${token%.*}" | jq -r "$2"
}

# take JOB: its artifacts of the last run, in got.
take() {
	rm -rf got
	"$cilocal" artifacts "$1" --run "$(events 'select(.event == "pipeline_started" and .run) | .run' | cut -d' ' -f1)" \
		--to got >/dev/null 2>&1
}

run 0 run --json
has "the token is [MASKED]."
take token
cd got
verify one.jwt
verify two.jwt
is "$(claim one.jwt .aud)" https://vault.example.com
is "$(claim two.jwt '.aud | join(",")')" first,vault
is "$(claim one.jwt .iss)" https://gitlab.example.com
is "$(claim one.jwt .sub)" project_path:group/project:ref_type:branch:ref:main
is "$(claim one.jwt '[.project_path, .namespace_path, .ref, .ref_path, .ref_protected, .pipeline_source] | join(" ")')" \
	"group/project group main refs/heads/main true push"
is "$(claim one.jwt '[.environment, .environment_action, .deployment_tier, .environment_protected] | join(" ")')" \
	"review/x verify development false"
is "$(claim one.jwt '.exp - .iat, .iat - .nbf' | paste -sd ' ')" "3600 5"
is "$(claim one.jwt .ci_config_ref_uri)" gitlab.example.com/group/project//.gitlab-ci.yml@refs/heads/main
is "$(claim one.jwt .sha)" "$(git -C .. rev-parse HEAD)"
[[ $(claim one.jwt .jti) != "$(claim two.jwt .jti)" ]] || fail "two tokens with one id"
is "$(jq -r .issuer discovery.json)" https://gitlab.example.com
is "$(paste -sd ' ' codes)" "404 405 400"
grep -q '^HTTP/1.1 400' nonsense || fail "what is no HTTP got: $(<nonsense)"
grep -q '^HTTP/1.1 200' answer || fail "no answer to HEAD: $(<answer)"
! curl -s -m 5 "$(<url)/oauth/discovery/keys" >/dev/null || fail "the keys are still served"
cd ..
is "$(stat -c %a .cilocal/oidc/key.pem)" 600
! grep -rq "$(<got/one.jwt)" .cilocal/runs --include='*.log' --include='*.json' || fail "the token is in a record"

# The same key the next time; the local issuer is the one that the discovery document names.
cp got/keys.json keys.before
run 0 run token --id-token-issuer local --json
take token
cmp -s keys.before got/keys.json || fail "another key"
is "$(claim got/one.jwt .iss)" "$(<got/url)"
is "$(jq -r .issuer got/discovery.json)" "$(<got/url)"
run 2 run token --id-token-issuer locl
has "'--id-token-issuer' wants a URL, or the word 'local', not 'locl'"
run 0 run token --id-token-issuer https://issuer.example.org --json
take token
is "$(claim got/one.jwt .iss)" https://issuer.example.org

# A tag; a child pipeline's jobs have tokens too.
cat >.gitlab-ci.yml <<'CI'
child: {trigger: {include: child.yml, strategy: depend}}
CI
cat >child.yml <<'CI'
below:
  id_tokens: {T: {aud: x}}
  script: ['printf %s "$T" >t.jwt', 'curl -fsS "$CILOCAL_OIDC_URL/oauth/discovery/keys" >/dev/null']
  artifacts: {paths: [t.jwt]}
CI
run 0 run --tag v1 --json
take "child > below"
is "$(claim got/t.jwt '[.sub, .ref_path, .ref_type] | join(" ")')" \
	"project_path:group/project:ref_type:tag:ref:v1 refs/tags/v1 tag"

# A key that is none is named, and what to do.
printf 'junk\n' >.cilocal/oidc/key.pem
cat >.gitlab-ci.yml <<'CI'
token: {id_tokens: {T: {aud: x}}, script: ["true"]}
CI
run 4 run
has "oidc/key.pem' holds no private key; remove it, and the next run makes a new one"
