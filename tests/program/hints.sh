#!/usr/bin/env bash
# Hints speak of what a job failed by: not of words that passed, in tests that are meant to see errors, in commands
# that may fail, in after_script.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Standard output and standard error are two pipes: what a command wrote a moment ago is there before the next one's name.
project <<'END'
tests:
  script:
    - 'echo "x509: certificate signed by unknown authority: refused, as it should be"'
    - 'echo "main.c:3: error: expected ;"; exit 2'
may-fail:
  script:
    - 'echo "Error: No such container: web" >&2; sleep 0.5'
    - no-such-tool build
status:
  script:
    - 'echo "no space left on device" >&2; status=3; sleep 0.5'
    - exit $status #status
lenient:
  script:
    - set +e
    - no-such-tool; status=$?
    - echo done
    - exit $status
after:
  script: ['echo "main.c:3: error: expected ;"; exit 2']
  after_script: [no-such-tool]
block:
  script:
    - |
      echo "connect: connection refused"
      false
END

# hints JOB: the causes that are told, a line each.
hints() {
	run 1 run "$1"
	sed -n 's/^hint: //p' "$work/out" >"$work/hints"
}
# told LINES: as many as these, each with its words.
told() {
	local words
	[[ $(wc -l <"$work/hints") == "$#" ]] || fail "not $# hints: $(<"$work/hints")"
	for words; do grep -qF -- "$words" "$work/hints" || fail "no hint '$words': $(<"$work/hints")"; done
}
hints tests
told
hints may-fail
told "'no-such-tool' is not there"
hints status
told 'an earlier command, which passed, may be the reason: a disk is full'
hints lenient
told "'no-such-tool' is not there"
hints after
told
hints block
told 'nothing listens there'
