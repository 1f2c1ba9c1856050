#!/usr/bin/env bash
# The keys of id_tokens are reachable from containers: from a plain one, and from a network of a job's own.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'CI'
default:
  image: busybox
.token:
  id_tokens:
    TOKEN: {aud: "https://vault.example.com"}
  script:
    - wget -q -O discovery.json "$CILOCAL_OIDC_URL/.well-known/openid-configuration"
    - wget -q -O keys.json "$CILOCAL_OIDC_URL/oauth/discovery/keys"
    - printf %s "$TOKEN" >token.jwt
  artifacts: {paths: [token.jwt, keys.json, discovery.json]}
plain:
  extends: .token
own-network:
  extends: .token
  services: [{name: busybox, alias: other, command: [sleep, "60"], variables: {SEES: "$TOKEN"}}]
CI
run 0 run --id-token-issuer local
for job in plain own-network; do
	"$cilocal" artifacts "$job" --to "$job" >/dev/null 2>&1
	[[ $(jq -r '.keys[0].kty' "$job/keys.json") == RSA ]] || fail "$job: $(<"$job/keys.json")"
	payload=$(cut -d. -f2 "$job/token.jwt" | tr -- '-_' '+/')
	while ((${#payload} % 4)); do payload+='='; done
	issuer=$(base64 -d <<<"$payload" | jq -r .iss)
	[[ $issuer == "$(jq -r .issuer "$job/discovery.json")" && $issuer == http://*:* ]] || fail "$job: issuer $issuer"
done
