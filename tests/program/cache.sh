#!/usr/bin/env bash
# Keys of caches in all forms, processes that save the same one, the limit, and jobs without sources.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# CACHE_FALLBACK_KEY gets no suffix, comes last, and must not name a protected cache.
project <<'E'
stages: [a, b]
fill: {stage: a, script: ["echo here >f"], cache: {key: base, unprotect: true, paths: [f]}}
use: {stage: b, script: ["cat f"], cache: {key: none, fallback_keys: [other], policy: pull, paths: [f]}, variables: {CACHE_FALLBACK_KEY: base-non_protected}}
refused: {stage: b, script: ["cat f || echo none"], cache: {key: none, policy: pull, paths: [f]}, variables: {CACHE_FALLBACK_KEY: base-protected}}
slash: {stage: b, script: ["echo s >s"], cache: {key: "$K", paths: [s]}, variables: {K: 'feature/x'}}
nothing: {stage: b, script: ["true"], cache: {key: k, paths: [missing]}}
E
run 0 run
has 'Checking cache for none-protected...'
has 'Checking cache for other-protected...'
has 'Checking cache for base-non_protected...'
has 'here'
has 'CACHE_FALLBACK_KEY "base-protected" not allowed to end in "-protected"'
has 'Creating cache feature/x-protected...'
has 'WARNING: No files to cache.'
[[ ! -e .cilocal/cache/k-protected/cache.tar ]] || fail "an empty cache was kept"

# A word that is no policy ends the job.
project <<'E'
job: {script: ["true"], cache: {key: k, policy: $P, paths: [x]}, variables: {P: sometimes}}
E
run 1 run
has 'unknown cache policy sometimes for k-protected'

# Without sources there is no git repository to ask for untracked files.
project <<'E'
job: {script: ["echo x >x"], variables: {GIT_STRATEGY: none}, cache: {key: k, untracked: true, paths: [x]}}
E
run 0 run
has 'there is no git repository'
has 'x: found 1 matching'

# Keys of files: by content, and by the last commit that touched them.
project <<'E'
content: {script: ["cat c || echo c-miss", "echo c-hit >c"], cache: {key: {files: [lock]}, paths: [c]}}
commit: {script: ["cat k || echo k-miss", "echo k-hit >k"], cache: {key: {files_commits: [lock], prefix: "$CI_JOB_NAME"}, paths: [k]}}
E
echo one >lock
git add lock
git commit -qm lock
run 0 run
has c-miss
has k-miss
git commit -qm "Nothing of the file" --allow-empty
run 0 run
has c-hit
has k-hit
# The same content by another commit.
echo two >lock
git commit -qam two
echo one >lock
git commit -qam one
run 0 run
has c-hit
has k-miss
is "$(find .cilocal/cache -name 'commit-*' | wc -l)" 2

# Several processes save the same cache: one of their archives stays, whole.
project <<'E'
job: {script: ["head -c 3000000 /dev/urandom >big", "echo $N >n"], cache: {key: shared, paths: [big, n], policy: push}}
E
pids=()
for n in 1 2 3 4; do
	"$cilocal" run --var N=$n >"$work/out.$n" 2>&1 &
	pids+=($!)
done
for p in "${pids[@]}"; do
	wait "$p" || fail "a process failed: $(tail -n 5 "$work"/out.*)"
done
is "$(tar tf .cilocal/cache/shared-protected/cache.tar | sort | paste -sd ' ')" "big n"
is "$(find .cilocal/cache -name 'part-*')" ""

# The limit: what was used longest ago goes, what was just written stays.
run 0 run --var N=5 --cache-limit 4m
is "$(ls .cilocal/cache)" $'lock\nshared-protected'
sed -i 's/shared/other/' .gitlab-ci.yml
run 0 run --var N=6 --cache-limit 4m
has '1 caches that were not used for long were removed'
is "$(ls .cilocal/cache)" $'lock\nother-protected'
run 2 run --cache-limit much
sed -i 's/other/third/' .gitlab-ci.yml
run 0 run --var N=7
touch -d '2020-01-02 03:04' .cilocal/cache/other-protected/metadata.json
run 0 clean --caches --dry-run
is "$(sed -E 's/, last.*//; s/ \(.*MiB//' "$work/stdout")" $'would remove cache other-protected\nwould remove cache third-protected'
has 'MiB, last used 2020-01-02 03:04)'
run 0 clean --caches --dry-run --json
is "$(jq -r '[.items[] | .name, .used > 0, .bytes > 3000000] | join(" ")' "$work/stdout")" \
	"other-protected true true third-protected true true"

# What another process is about to save is not taken away under its hands.
touch .cilocal/cache/other-protected/part-abcdef
sed -i 's/third/fourth/' .gitlab-ci.yml
run 0 run --var N=8 --cache-limit 4m
is "$(ls .cilocal/cache)" $'fourth-protected\nlock\nother-protected'
run 0 clean --caches
[[ ! -e .cilocal/cache ]] || fail "caches are left"
