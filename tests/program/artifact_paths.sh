#!/usr/bin/env bash
# Names and paths of artifacts and caches, as the Runner's helper expands them; reports that can't be sent.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# What is not set gives no path, not all of them; words of the shell; what a script left in GITLAB_ENV.
project <<'E'
empty:
  script: ["echo x >made"]
  artifacts: {paths: [$NO_SUCH, made]}
words:
  variables: {REF: feature/login, V: 1.2.3}
  script: ['mkdir -p out-1.2 out-x pwd', 'touch out-1.2/a out-x/b pwd/c']
  artifacts:
    name: '${REF//\//-}-${V%.*}'
    paths: ['out-${V%.*}/', '${NO_SUCH:-out-x}/', '$PWD/pwd']
    exclude: ['$(echo no)']
left:
  before_script: ['echo "DIR=built" >>$GITLAB_ENV', "echo 'NAME=  two words  ' >>$GITLAB_ENV"]
  script: ['mkdir built keep', 'touch built/it keep/it', 'echo "DIR2=keep" >>$GITLAB_ENV']
  after_script: ['echo "after: $DIR $NAME."']
  artifacts: {name: "$DIR-of-$CI_JOB_NAME", paths: [$DIR/it]}
  cache: {key: k, paths: ["${DIR2}"]}
E
run 0 run
has 'WARNING: No matching files. Path is empty.'
has 'made: found 1 matching'
has 'out-1.2/: found 2 matching'
has 'out-x/: found 2 matching'
has '/pwd: found 2 matching'
has 'WARNING: invalid path "$(echo no)": commands and arithmetic are not expanded'
has 'after: built   two words.'
has 'built/it: found 1 matching'
has 'keep: found 2 matching'
run 0 artifacts words
has "archive 'feature-login-1.2'"
run 0 artifacts left
has "archive 'built-of-left'"
run 0 artifacts empty
has_not '.gitlab-ci.yml'

# A line that is no assignment: every stage that reads the file fails, the script itself did not.
project <<'E'
job:
  script: ['printf "CERT=one\ntwo words\n" >>$GITLAB_ENV', 'touch a']
  after_script: [echo not reached]
  artifacts: {paths: [a]}
E
run 1 run
has "export: \`two words': not a valid identifier"
has 'WARNING: the file $GITLAB_ENV holds NAME=VALUE in each of its lines'
has_not "a: found"

# A report is sent as one file, or as files compressed one by one: folders and links can't be.
project <<'E'
folder: {script: ["mkdir r", "touch r/a.xml r/b.xml"], artifacts: {reports: {junit: r/}}}
link: {script: ["touch a", "ln -s a b"], artifacts: {reports: {coverage_report: {coverage_format: cobertura, path: b}}}}
two: {script: ["echo '[]' >a.json", "cp a.json b.json"], artifacts: {reports: {codequality: ["*.json"]}}}
dir: {script: ["mkdir d"], artifacts: {reports: {sast: d}}}
fine:
  script: ["mkdir r", "touch r/a.xml r/b.xml", "echo '[]' >a.json", "mkdir d", "ln -s d e"]
  artifacts: {paths: [r, e], reports: {junit: "r/*.xml", codequality: a.json, lsif: [d]}}
failed: {script: ["mkdir r", "exit 7"], artifacts: {reports: {junit: r}}}
E
run 1 run --json
for job in folder:failed:1 link:failed:1 two:failed:1 dir:failed:1 fine:success:0 failed:failed:7; do
	name=${job%%:*} rest=${job#*:}
	is "$name $(events "select(.event == \"job_finished\" and .job == \"$name\") | \"\(.status):\(.exit_code)\"")" "$name $rest"
done
run 1 run folder
has 'ERROR: Uploading artifacts as "junit" to coordinator... error (the "r" is not a regular file)'
has 'FATAL: the "r" is not a regular file'
run 1 run link
has 'Uploading artifacts as "cobertura" to coordinator... error (the "b" is not a regular file)'
run 1 run two
has 'only one file can be sent as raw'
run 1 run dir
has 'read d: is a directory'
