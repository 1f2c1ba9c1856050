#!/usr/bin/env bash
# Retries: as often as asked, only for what was asked, each with a log of its own.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<END
flaky:
  script:
    - echo x >>$work/tries
    - test \$(wc -l <$work/tries) -ge 3
  retry: 2
END
run 0 run --json
is "$(wc -l <"$work/tries")" 3
is "$(events 'select(.event == "job_finished") | "\(.attempt):\(.status):\(.retried)"')" \
	"1:failed:true 2:failed:true 3:success:false"
is "$(cd .cilocal/runs/*/ && find . -name 'trace*' | wc -l)" 3

project <<'END'
picky: {script: ["exit 7"], retry: {max: 2, when: [runner_system_failure]}}
coded: {script: ["exit 7"], retry: {max: 1, exit_codes: [7]}}
END
run 1 run --json
is "$(events 'select(.event == "job_finished" and .job == "picky") | .attempt')" 1
is "$(events 'select(.event == "job_finished" and .job == "coded") | .attempt')" "1 2"
