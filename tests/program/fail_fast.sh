#!/usr/bin/env bash
# --fail-fast and workflow:auto_cancel:on_job_failure: the first failure ends the rest.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

statuses='select(.event == "job_finished") | .job + "=" + .status'
yaml() {
	cat <<'END'
stages: [a, b]
bad: {stage: a, script: ["sleep 0.3", "exit 1"]}
slow: {stage: a, script: ["sleep 60"], after_script: ["echo cleaning up"]}
always: {stage: b, script: ["true"], when: always}
END
}
project < <(yaml)
run 1 run --json -j 2 --fail-fast
for want in bad=failed slow=canceled always=canceled; do
	[[ " $(events "$statuses") " == *" $want "* ]] || fail "no $want in: $(events "$statuses")"
done
has "cleaning up"

{
	echo 'workflow: {auto_cancel: {on_job_failure: all}}'
	yaml
} >"$work/yaml"
project <"$work/yaml"
run 1 run --json -j 2
[[ " $(events "$statuses") " == *" slow=canceled "* ]] || fail "auto_cancel did nothing"
