#!/usr/bin/env bash
# Each run is a pipeline of its own: its ids are new. What starts nothing takes no number.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'END'
a: {script: ['echo ids=$CI_PIPELINE_ID,$CI_PIPELINE_IID,$CI_JOB_ID']}
END
run 0 run
has 'ids=1,1,'
run 0 run --dry-run
run 0 list
run 0 run
has 'ids=2,2,'
echo nonsense >.cilocal/pipeline
run 0 run
has 'ids=1,1,'
