#!/usr/bin/env bash
# init: a job for each language that is found, valid and without warnings; what is there stays.
# shellcheck source=tests/program/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# fresh FILE...: an empty project with these files.
fresh() {
	project <<<''
	rm .gitlab-ci.yml
	local file
	for file in "$@"; do
		mkdir -p "$(dirname "$file")"
		: >"$file"
	done
}

# writes JOB IMAGE: init writes a definition that is valid, has no warning, and has this job.
writes() {
	run 0 init
	has 'wrote .gitlab-ci.yml'
	has "cilocal run $1"
	run 0 lint
	has_not warning
	run 0 list --json
	is "$(jq -r --arg j "$1" '.jobs[] | select(.name == $j) | .image.name' "$work/stdout")" "$2"
}

fresh CMakeLists.txt Makefile
writes cmake debian:bookworm-slim
has_not '"make"'
fresh
printf 'all:\n\ncheck : all\n' >Makefile
writes make gcc:14
grep -qx '    - make check' .gitlab-ci.yml || fail "no make check"
fresh configure.ac
writes make gcc:14
fresh package-lock.json
echo '{"scripts": {"test": "echo \"Error: no test specified\" && exit 1", "build": "x"}}' >package.json
writes node node:22
grep -qx '    - npm run build' .gitlab-ci.yml || fail "no build"
! grep -q 'run test' .gitlab-ci.yml || fail "a test that is none"
grep -q 'npm ci' .gitlab-ci.yml || fail "the lock file is not used"
fresh package.json yarn.lock
writes node node:22
fresh package.json pnpm-lock.yaml
writes node node:22
fresh pyproject.toml tests/conftest.py
writes python python:3.12-slim
grep -q 'pytest --junitxml' .gitlab-ci.yml || fail "no pytest"
fresh requirements.txt
writes python python:3.12-slim
grep -q unittest .gitlab-ci.yml || fail "no unittest"
fresh go.sum
printf 'module x\n\ngo 1.22.3\n' >go.mod
writes go golang:1.22.3
printf 'module x\n\ngo $(rm)\n' >go.mod
rm .gitlab-ci.yml
writes go golang:1.23
fresh Cargo.toml Cargo.lock
writes rust rust:1.82
fresh pom.xml
writes maven maven:3.9-eclipse-temurin-21
fresh build.gradle.kts gradlew
writes gradle eclipse-temurin:21
fresh Gemfile spec/x
writes ruby ruby:3.3
fresh composer.json phpunit.xml
writes php composer:2
fresh scripts/deploy.sh
writes shellcheck koalaman/shellcheck-alpine:v0.10.0
fresh Dockerfile
writes docker-image docker:27
has_not '"test"'
fresh
writes hello alpine:3.20
fresh Dockerfile go.mod package.json requirements.txt Gemfile x.sh
writes node node:22
is "$(jq -r '[.jobs[].name] | join(" ")' "$work/stdout")" "node python go ruby shellcheck docker-image"
is "$(jq -r '.stages | join(" ")' "$work/stdout")" ".pre test package .post"
run 0 list --event merge_request_event --names
is "$(paste -sd' ' "$work/stdout")" "node python go ruby shellcheck"

# What is there stays; --print only prints, and the same.
cp .gitlab-ci.yml "$work/first"
run 2 init
has 'there is a .gitlab-ci.yml already'
cmp .gitlab-ci.yml "$work/first"
mkdir -p sub
run 0 init -C sub --print
cmp "$work/stdout" "$work/first" || fail "--print prints something else"
rm .gitlab-ci.yml
run 0 init --print
[[ ! -e .gitlab-ci.yml ]] || fail "--print writes"
printf '{"scripts": [' >package.json
run 0 init
run 0 lint
cd "$work"
run 4 -C / init
