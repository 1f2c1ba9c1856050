/*
 * What each language's own documentation does in CI, with what its files say: lock files become
 * cache keys, scripts of package.json become commands. Images are official ones of Docker Hub, with
 * a version that a human can raise.
 */
#include "base/base.h"

#include "emulator/cli/init.h"
#include "emulator/cli/settings.h"
#include "base/arena.h"
#include "base/diag.h"
#include "source/source.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

#include <dirent.h>
#include <unistd.h>

static bool has(const struct init *in, const char *path)
{
	return access(arena_printf(in->arena, "%s/%s", in->root, path).p, F_OK) == 0;
}

/* The text of a file in the root; empty where there is none. */
static struct str text_of(const struct init *in, const char *path)
{
	struct str text;
	if (read_small_file(in->arena, arena_printf(in->arena, "%s/%s", in->root, path).p, &text))
		return STR_NULL;
	return text;
}

static bool says(const struct init *in, const char *path, const char *words)
{
	return str_find(text_of(in, path), str_c(words)) != STR_NPOS;
}

/* The first of these files that is there, or NULL. */
static const char *first_of(const struct init *in, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (has(in, paths[i]))
			return paths[i];
	return NULL;
}
#define FIRST_OF(in, ...)                                  \
	first_of((in), (const char *const[]){__VA_ARGS__}, \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static struct buf *begin(
	struct init *in, const char *language, const char *file, const char *job, const char *image)
{
	struct init_found f = {language, file, job};
	vec_push_in(in->arena, &in->found, f);
	buf_printf(&in->jobs, "\n%s:\n  stage: test\n  image: %s\n", job, image);
	return &in->jobs;
}

static void put_cache(struct buf *out, const char *key_file, const char *path)
{
	buf_adds(out, "  cache:\n");
	if (key_file)
		buf_printf(out, "    key:\n      files: [%s]\n", key_file);
	buf_printf(out, "    paths: [%s]\n", path);
}

static void put_junit(struct buf *out, const char *path)
{
	buf_printf(out, "  artifacts:\n    when: always\n    reports:\n      junit: %s\n", path);
}

/* ---- languages ---- */

static void find_cmake(struct init *in)
{
	if (!has(in, "CMakeLists.txt"))
		return;
	struct buf *out = begin(in, "CMake", "CMakeLists.txt", "cmake", "debian:bookworm-slim");
	buf_adds(out,
		"  before_script:\n"
		"    - apt-get update\n"
		"    - apt-get install -y --no-install-recommends cmake g++ make\n"
		"  script:\n"
		"    - cmake -B build -DCMAKE_BUILD_TYPE=Release\n"
		"    - cmake --build build --parallel\n"
		"    - ctest --test-dir build --output-on-failure --output-junit junit.xml\n");
	put_junit(out, "build/junit.xml");
}

/* A target at the beginning of a line. */
static bool has_target(struct str makefile, const char *name)
{
	struct str_split it = str_split(makefile, '\n');
	struct str line;
	while (str_split_next(&it, &line))
		if (str_starts(line, str_c(name)) &&
			str_starts(str_trim(str_from(line, strlen(name))), STR(":")))
			return true;
	return false;
}

static void find_make(struct init *in)
{
	const char *file = FIRST_OF(in, "GNUmakefile", "makefile", "Makefile");
	const char *configure = FIRST_OF(in, "configure", "configure.ac");
	if (has(in, "CMakeLists.txt") || (!file && !configure))
		return;
	struct str text = file ? text_of(in, file) : STR_NULL;
	struct buf *out = begin(in, "make", file ? file : configure, "make", "gcc:14");
	buf_adds(out, "  script:\n");
	if (!file && !has(in, "configure"))
		buf_adds(out, "    - autoreconf --install\n");
	if (!file)
		buf_adds(out, "    - ./configure\n");
	buf_adds(out, "    - make\n");
	if (!file || has_target(text, "check"))
		buf_adds(out, "    - make check\n");
	else if (has_target(text, "test"))
		buf_adds(out, "    - make test\n");
}

static const struct node *package_scripts(const struct init *in)
{
	struct source_set sources;
	struct diags ignored;
	source_set_init(&sources, in->arena);
	diags_init(&ignored, in->arena);
	uint32_t id =
		source_add(&sources, STR("package.json"), text_of(in, "package.json"), SPAN_NONE);
	const struct node *root = yaml_read(in->arena, source_get(&sources, id), &ignored);
	return node_get(root, "scripts");
}

static void find_node(struct init *in)
{
	static const char *const wanted[] = {"lint", "build", "test"};
	if (!has(in, "package.json"))
		return;
	const struct node *scripts = package_scripts(in);
	struct buf *out = begin(in, "Node.js", "package.json", "node", "node:22");
	const char *run = "npm run";
	bool any = false;
	if (has(in, "pnpm-lock.yaml")) {
		put_cache(out, "pnpm-lock.yaml", ".pnpm-store/");
		buf_adds(out, "  script:\n    - corepack enable\n"
			      "    - pnpm install --frozen-lockfile --store-dir .pnpm-store\n");
		run = "pnpm run";
	} else if (has(in, "yarn.lock")) {
		put_cache(out, "yarn.lock", ".yarn-cache/");
		buf_adds(out, "  variables:\n    YARN_CACHE_FOLDER: $CI_PROJECT_DIR/.yarn-cache\n"
			      "  script:\n    - corepack enable\n    - yarn install\n");
		run = "yarn run";
	} else {
		bool locked = has(in, "package-lock.json");
		put_cache(out, locked ? "package-lock.json" : "package.json", ".npm/");
		buf_printf(out, "  script:\n    - npm %s --cache .npm --prefer-offline\n",
			locked ? "ci" : "install");
	}
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		/* What `npm init` writes before there are tests. */
		const struct node *s = node_get(scripts, wanted[i]);
		if (!s || str_find(s->text, STR("no test specified")) != STR_NPOS)
			continue;
		buf_printf(out, "    - %s %s\n", run, wanted[i]);
		any = true;
	}
	if (!any)
		buf_adds(out, "    - node --test\n");
}

static void find_python(struct init *in)
{
	const char *file =
		FIRST_OF(in, "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt");
	if (!file)
		return;
	bool pytest = has(in, "pytest.ini") || has(in, "conftest.py") ||
		      has(in, "tests/conftest.py") || says(in, "pyproject.toml", "pytest") ||
		      says(in, "requirements.txt", "pytest") || says(in, "setup.cfg", "pytest");
	struct buf *out = begin(in, "Python", file, "python", "python:3.12-slim");
	buf_adds(out, "  variables:\n    PIP_CACHE_DIR: $CI_PROJECT_DIR/.cache/pip\n");
	put_cache(out, file, ".cache/pip");
	buf_adds(out, "  script:\n    - python -m venv .venv && . .venv/bin/activate\n");
	if (has(in, "requirements.txt"))
		buf_adds(out, "    - pip install -r requirements.txt\n");
	if (strcmp(file, "requirements.txt") != 0)
		buf_adds(out, "    - pip install .\n");
	if (!pytest) {
		buf_adds(out, "    - python -m unittest discover\n");
		return;
	}
	buf_adds(out, "    - pip install pytest\n    - pytest --junitxml=junit.xml\n");
	put_junit(out, "junit.xml");
}

/* The version of go.mod's line `go 1.22` or `go 1.22.3`. */
static struct str go_version(const struct init *in)
{
	struct str_split it = str_split(text_of(in, "go.mod"), '\n');
	struct str line;
	while (str_split_next(&it, &line)) {
		struct str version = str_trim(str_from(line, 3));
		bool good = str_starts(line, STR("go ")) && version.n && version.n < 12;
		for (size_t i = 0; good && i < version.n; i++)
			good = isdigit((unsigned char)version.p[i]) || version.p[i] == '.';
		if (good)
			return version;
	}
	return STR("1.23");
}

static void find_go(struct init *in)
{
	if (!has(in, "go.mod"))
		return;
	const char *image = arena_printf(in->arena, "golang:" STR_FMT, STR_ARG(go_version(in))).p;
	struct buf *out = begin(in, "Go", "go.mod", "go", image);
	buf_adds(out, "  variables:\n    GOPATH: $CI_PROJECT_DIR/.go\n");
	put_cache(out, has(in, "go.sum") ? "go.sum" : "go.mod", ".go/pkg/mod/");
	buf_adds(out, "  script:\n"
		      "    - test -z \"$(gofmt -l $(find . -name '*.go' -not -path './.go/*') | "
		      "tee /dev/stderr)\"\n"
		      "    - go vet ./...\n"
		      "    - go test -race ./...\n");
}

static void find_rust(struct init *in)
{
	if (!has(in, "Cargo.toml"))
		return;
	const char *locked = has(in, "Cargo.lock") ? " --locked" : "";
	struct buf *out = begin(in, "Rust", "Cargo.toml", "rust", "rust:1.82");
	buf_adds(out, "  variables:\n    CARGO_HOME: $CI_PROJECT_DIR/.cargo\n");
	put_cache(out, *locked ? "Cargo.lock" : "Cargo.toml", ".cargo/registry/, target/");
	buf_printf(out, "  script:\n    - cargo build%s\n    - cargo test%s\n", locked, locked);
}

static void find_maven(struct init *in)
{
	if (!has(in, "pom.xml"))
		return;
	bool wrapper = has(in, "mvnw");
	struct buf *out = begin(in, "Java with Maven", "pom.xml", "maven",
		wrapper ? "eclipse-temurin:21" : "maven:3.9-eclipse-temurin-21");
	buf_adds(out, "  variables:\n    MAVEN_OPTS: "
		      "-Dmaven.repo.local=$CI_PROJECT_DIR/.m2/repository\n");
	put_cache(out, "pom.xml", ".m2/repository/");
	buf_printf(out, "  script:\n    - %s --batch-mode verify\n", wrapper ? "sh ./mvnw" : "mvn");
	put_junit(out, "\"**/target/surefire-reports/TEST-*.xml\"");
}

static void find_gradle(struct init *in)
{
	const char *file = FIRST_OF(in, "build.gradle.kts", "build.gradle");
	if (!file)
		return;
	bool wrapper = has(in, "gradlew");
	struct buf *out = begin(in, "Java with Gradle", file, "gradle",
		wrapper ? "eclipse-temurin:21" : "gradle:8-jdk21");
	buf_adds(out, "  variables:\n    GRADLE_USER_HOME: $CI_PROJECT_DIR/.gradle\n");
	put_cache(out, file, ".gradle/caches/, .gradle/wrapper/");
	buf_printf(out, "  script:\n    - %s --no-daemon build\n",
		wrapper ? "sh ./gradlew" : "gradle");
	put_junit(out, "\"**/build/test-results/test/TEST-*.xml\"");
}

static void find_ruby(struct init *in)
{
	if (!has(in, "Gemfile"))
		return;
	struct buf *out = begin(in, "Ruby", "Gemfile", "ruby", "ruby:3.3");
	buf_adds(out, "  variables:\n    BUNDLE_PATH: vendor/bundle\n");
	put_cache(out, has(in, "Gemfile.lock") ? "Gemfile.lock" : "Gemfile", "vendor/bundle/");
	buf_printf(out, "  script:\n    - bundle install --jobs 4\n    - bundle exec %s\n",
		has(in, "spec") ? "rspec" : "rake test");
}

static void find_php(struct init *in)
{
	if (!has(in, "composer.json"))
		return;
	struct buf *out = begin(in, "PHP", "composer.json", "php", "composer:2");
	buf_adds(out, "  variables:\n    COMPOSER_CACHE_DIR: $CI_PROJECT_DIR/.composer-cache\n");
	put_cache(out, has(in, "composer.lock") ? "composer.lock" : "composer.json",
		".composer-cache/");
	buf_adds(out, "  script:\n    - composer validate\n"
		      "    - composer install --no-interaction --no-progress\n");
	if (!FIRST_OF(in, "phpunit.xml", "phpunit.xml.dist"))
		return;
	buf_adds(out, "    - vendor/bin/phpunit --log-junit junit.xml\n");
	put_junit(out, "junit.xml");
}

/* A script in the root or in a folder where scripts usually are; its path, or NULL. */
static const char *a_script(const struct init *in)
{
	static const char *const folders[] = {".", "bin", "scripts", "ci"};
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		DIR *d = opendir(arena_printf(in->arena, "%s/%s", in->root, folders[i]).p);
		struct dirent *e;
		const char *found = NULL;
		while (d && !found && (e = readdir(d)))
			if (str_ends(str_c(e->d_name), STR(".sh")))
				found = arena_printf(in->arena, "%s%s%s", i ? folders[i] : "",
					i ? "/" : "", e->d_name)
						.p;
		if (d)
			closedir(d);
		if (found)
			return found;
	}
	return NULL;
}

static void find_shell(struct init *in)
{
	const char *file = a_script(in);
	if (!file)
		return;
	struct buf *out = begin(
		in, "shell scripts", file, "shellcheck", "koalaman/shellcheck-alpine:v0.10.0");
	buf_adds(out, "  script:\n"
		      "    - find . -name '*.sh' -not -path './.git/*' -exec shellcheck {} +\n");
}

static void find_docker(struct init *in)
{
	static const char job[] =
		"\ndocker-image:\n"
		"  stage: package\n"
		"  image: docker:27\n"
		"  services: [docker:27-dind]\n"
		"  variables:\n"
		"    # Only this job reaches its daemon, so it needs no certificates.\n"
		"    DOCKER_HOST: tcp://docker:2375\n"
		"    DOCKER_TLS_CERTDIR: \"\"\n"
		"    IMAGE: $CI_REGISTRY_IMAGE:$CI_COMMIT_REF_SLUG\n"
		"  script:\n"
		"    - echo \"$CI_REGISTRY_PASSWORD\" | docker login -u \"$CI_REGISTRY_USER\" "
		"--password-stdin \"$CI_REGISTRY\"\n"
		"    - docker build --pull -t \"$IMAGE\" .\n"
		"    - docker push \"$IMAGE\"\n"
		"  rules:\n"
		"    - if: $CI_COMMIT_TAG\n"
		"    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n";
	struct init_found f = {"Docker image", "Dockerfile", "docker-image"};
	if (!has(in, "Dockerfile"))
		return;
	vec_push_in(in->arena, &in->found, f);
	in->builds_image = true;
	buf_adds(&in->jobs, job);
}

void init_make(struct init *in, struct buf *out)
{
	void (*const all[])(struct init * in) = {find_cmake, find_make, find_node, find_python,
		find_go, find_rust, find_maven, find_gradle, find_ruby, find_php, find_shell,
		find_docker};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i](in);
	bool tests = in->found.n > (in->builds_image ? 1u : 0u);
	if (!in->found.n) {
		buf_adds(&in->jobs, "\nhello:\n  stage: test\n  image: alpine:3.20\n  script:\n"
				    "    - echo \"hello from $CI_COMMIT_REF_NAME\"\n");
		tests = true;
	}
	buf_printf(out, "stages: [%s%s]\n", tests ? "test" : "",
		!in->builds_image ? ""
		: tests           ? ", package"
				  : "package");
	/* The rules that GitLab's documentation gives against two pipelines for one push. */
	buf_adds(out, "\n# For merge requests, tags, and branches without an open merge request.\n"
		      "workflow:\n"
		      "  rules:\n"
		      "    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"\n"
		      "    - if: $CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS\n"
		      "      when: never\n"
		      "    - if: $CI_COMMIT_BRANCH || $CI_COMMIT_TAG\n"
		      "\n# A newer pipeline of the same branch may cancel these jobs.\n"
		      "default:\n"
		      "  interruptible: true\n");
	buf_addstr(out, buf_str(&in->jobs));
}

void init_release(struct init *in)
{
	buf_release(&in->jobs);
}
