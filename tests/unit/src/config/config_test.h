/* Helpers of the config room's tests: compile texts, compare what came out. */
#ifndef CONFIG_TEST_H
#define CONFIG_TEST_H

#include "base/base.h"

#include "base/diag.h"
#include "config/config.h"
#include "source/source.h"
#include "vars/facts.h"
#include "vars/varset.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

#include <setjmp.h>
#include <cmocka.h>

/* A file that an include may get: kind and name as "local:a.yml", "project:g/p@ref:a.yml", ... */
struct test_file {
	const char *name, *text;
};

struct fixture {
	struct arena arena;
	struct source_set sources;
	struct diags diags;
	struct facts facts;
	struct varset vars;
	struct config_options options;
	struct config *config;
	enum config_status status;
	const struct test_file *files;
	size_t n_files;
	unsigned rounds; /* of config_compile */
};

void fixture_init(struct fixture *f);
void fixture_release(struct fixture *f);
void fixture_files(struct fixture *f, const struct test_file *files, size_t n);
void fixture_var(struct fixture *f, const char *name, const char *value);
void fixture_inputs(struct fixture *f, const char *yaml);
/* Compiles .gitlab-ci.yml, answering what it wants from the files. */
void fixture_compile(struct fixture *f, const char *text);

/* Compiles and expects success; the job's definition is returned (it must exist). */
const struct job_def *compile_job(struct fixture *f, const char *text, const char *job);

/* The YAML of a value: path of root keys, as "job/script"; compares with expected. */
#define assert_yaml(f, path, expected) assert_yaml_at((f), (path), (expected), __FILE__, __LINE__)
void assert_yaml_at(
	struct fixture *f, const char *path, const char *expected, const char *file, int line);

/* GitLab's lines of the errors (our code and text where it has none), by place. */
void collect_errors(struct fixture *f, struct buf *out);

/* One text in, GitLab's lines out ("\n" between), sorted by place. "" means that it compiles. */
struct error_row {
	const char *text, *gitlab;
};
void check_error_rows(const struct error_row *rows, size_t n);

#define assert_str(s, lit) assert_str_at((s), (lit), __FILE__, __LINE__)
void assert_str_at(struct str s, const char *lit, const char *file, int line);

#endif
