#!/usr/bin/env bash
# Variables that are settings of the Runner: what it says of bad ones; names that no shell takes.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'E'
job:
  variables:
    GIT_STRATEGY: ftech
    GIT_CHECKOUT: maybe
    AFTER_SCRIPT_IGNORE_ERRORS: "yes"
    FF_SCRIPT_SECTIONS: "on"
    FF_ENABLE_BASH_EXIT_CODE_CHECK: "1"
    FF_MASK_ALL_DEFAULT_TOKENS: "false"
    FF_OF_OUR_OWN: blue
  script: ["test -e .gitlab-ci.yml"]
E
run 0 run
has '  feature flags: FF_ENABLE_BASH_EXIT_CODE_CHECK:true, FF_MASK_ALL_DEFAULT_TOKENS:false'
has "WARNING: GIT_STRATEGY: expected either 'clone', 'fetch', 'none' or 'empty' got \"ftech\", using default value 'fetch'"
has 'WARNING: GIT_CHECKOUT: expected bool got "maybe", using default value: true'
has 'WARNING: AFTER_SCRIPT_IGNORE_ERRORS: expected bool got "yes", using default value: true'
has 'WARNING: FF_SCRIPT_SECTIONS: could not parse feature flag, expected bool, got on'
has_not 'FF_OF_OUR_OWN: could'

project <<'E'
job: {script: ["true"], variables: {GIT_SUBMODULE_STRATEGY: all}}
E
run 1 run
has "GIT_SUBMODULE_STRATEGY: expected either 'normal', 'recursive' or 'none' got \"all\""
has 'unknown GIT_SUBMODULE_STRATEGY'

# The Runner exports all variables before anything else, and a shell refuses such names.
for name in foo-bar 1ST 'a b'; do
	project <<E
job: {script: [echo ran], variables: {"$name": "x"}}
E
	run 1 run --json
	is "$(events 'select(.event == "job_finished") | "\(.exit_code) \(.failure_reason)"')" '1 script_failure'
	run 1 run
	has "export: \`$name=...': not a valid identifier"
	has "the variable '$name' can't be exported by a shell"
	has_not 'echo ran'
done
