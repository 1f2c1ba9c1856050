#!/usr/bin/env bash
# Names in the languages of the world: columns stand below each other in every table and picture, whatever the
# locale says, and nothing breaks at bytes that are no UTF-8.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

project <<'YML'
stages: [构建, "тест", "🚀 out"]
"编译 ab": {stage: 构建, script: [echo 你好]}
"👩🏽‍💻 dev": {stage: 构建, script: ["printf 'bad \\377 byte\\n'"]}
"🇩🇪 flag": {stage: "тест", script: ["true"]}
"étude": {stage: "тест", script: ["true"], needs: ["编译 ab"], tags: ["タグ"]}
"❤️ heart": {stage: "🚀 out", image: "registry.example.com/group/x:1", script: ["true"], when: manual, variables: {名前: 値}}
"कर्म": {stage: "🚀 out", script: [exit 1], allow_failure: true}
plain: {stage: "🚀 out", script: ["true"]}
YML

# The columns that each name takes, by hand.
names=("编译 ab" "👩🏽‍💻 dev" "🇩🇪 flag" "étude" "❤️ heart" "कर्म" plain)
widths=(7 6 7 5 8 3 5)

# column FIRST: in the output, behind each name that begins a line (and FIRST, a pattern), there are as many blanks
# as bring what follows to the same column.
column() {
	local i line rest want=-1 have found=0
	for i in "${!names[@]}"; do
		line=$(grep -E "^$1${names[i]} " "$work/stdout" | head -n 1) || continue
		[[ -n $line ]] || continue
		rest=${line#*"${names[i]}"}
		have=$((widths[i] + ${#rest} - $(printf %s "${rest#"${rest%%[! ]*}"}" | wc -m)))
		((want < 0)) && want=$have
		((have == want)) || fail "'${names[i]}' takes $have columns, not $want"
		((++found))
	done
	((found >= ${2:-7})) || fail "only $found of the names are there"
}

for locale in C.UTF-8 C; do
	export LC_ALL=$locale
	run 0 list
	LC_ALL=C.UTF-8 column ''
	cp "$work/stdout" "$work/list.$locale"
	run 0 explain --all
	LC_ALL=C.UTF-8 column ''
	run 0 explain --all "编译 ab"
	has "'编译 ab'"
	run 0 run --no-live --executor shell
	has '编译 ab'
	cp "$work/out" "$work/stdout"
	LC_ALL=C.UTF-8 column '  '
	LC_ALL=C grep -qaF $'bad \377 byte' "$work/out" || LC_ALL=C grep -qaF 'bad ' "$work/out" || fail 'the line is lost'
	run 0 runs show last
	has '🇩🇪 flag'
	run 0 graph
	has 'étude  <-  编译 ab'
	cp "$work/stdout" "$work/graph.$locale"
	run 0 vars "❤️ heart"
	has 名前
	run 0 logs "कर्म"
	has 'exit 1'
	run 0 list --names
	has '❤️ heart'
done
cmp -s "$work/list.C" "$work/list.C.UTF-8" || fail 'list differs in a C locale'
cmp -s "$work/graph.C" "$work/graph.C.UTF-8" || fail 'graph differs in a C locale'
unset LC_ALL

# A picture: columns of text, boxes wide enough.
diff - "$work/graph.C" <<'END' || fail 'not the picture'
构建     ->  тест     ->  🚀 out
-------      -------      -----------------
编译 ab      🇩🇪 flag      ❤️ heart (manual)
👩🏽‍💻 dev       étude        कर्म
                          plain

needs
  étude  <-  编译 ab
END

# In a narrow terminal names are cut between letters, never inside of one.
run 0 graph --format svg
iconv -f UTF-8 -t UTF-8 "$work/stdout" >/dev/null || fail 'the picture is no UTF-8'

# Bytes that are no UTF-8: in the definition an error with its place; in a branch they harm nothing.
printf 'a: {script: "x \377"}\n' >.gitlab-ci.yml
run 3 lint
has '.gitlab-ci.yml:1:'
run 3 lint --json
jq . "$work/stdout" >/dev/null || fail 'no JSON'
echo 'a: {script: "true"}' >.gitlab-ci.yml
branch=$(printf 'b\377x')
for format in 'list --json' 'explain a --json' 'explain --all --json' 'vars a --json' 'graph --format json' \
	'lint --format sarif' 'diff HEAD --json'; do
	read -ra words <<<"$format"
	got=0
	"$cilocal" "${words[@]}" --branch "$branch" >"$work/stdout" 2>"$work/stderr" || got=$?
	((got <= 1)) || fail "$format: exit code $got"
	iconv -f UTF-8 -t UTF-8 "$work/stdout" >/dev/null || fail "$format: no UTF-8"
	jq . "$work/stdout" >/dev/null || fail "$format: no JSON"
	cp "$work/stderr" "$work/out"
	sanitizers
done
"$cilocal" explain --all --branch "$branch" >"$work/out" 2>&1 || fail 'explain --all with such a branch'
sanitizers
"$cilocal" run --branch "$branch" >"$work/out" 2>&1 || fail 'run with such a branch'
sanitizers
run 0 runs --json
jq . "$work/stdout" >/dev/null || fail 'runs: no JSON'
