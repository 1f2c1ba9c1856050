/*
 * `cilocal test`: files of cases, each a pipeline's circumstances (event, ref, changed files,
 * variables) and what must come of them. Read test_file.c for the format.
 */
#ifndef CLI_TEST_H
#define CLI_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/diag.h"
#include "base/str.h"
#include "base/vec.h"

struct arena;
struct cli;
struct job;
struct load;
struct node;
struct pipeline;
struct run_options;
struct source;

/* One place where a case differs: what was looked at, and both sides, line by line. */
struct test_difference {
	struct span at;  /* in the test file */
	struct str what; /* "jobs", "job 'deploy': when" */
	VEC(struct str) expected, got;
	VEC(struct str) notes; /* sentences that help to see why */
};

struct test_case {
	struct str name;
	struct span at;
	const struct node *node; /* the case; what test_file_read() has checked */
	/* what came of it */
	bool done;
	double seconds;
	VEC(struct test_difference) differences;
};

struct test_file {
	struct str path;
	VEC(struct test_case) cases;
};

/*
 * Reads and checks a file of cases; everything lives in the arena. false with errors in d: unknown
 * keys with the nearest one, wrong kinds of values, values that options would refuse.
 */
bool test_file_read(
	struct arena *a, const struct source *src, struct diags *d, struct test_file *out);

/* A new difference of the case; its texts go to the arena. */
struct test_difference *test_differs(struct arena *a, struct test_case *t, struct span at,
	const char *what, ...) PRINTF_LIKE(4, 5);
/* One side of it, from a printf format. */
void test_expected(struct arena *a, struct test_difference *d, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
void test_got(struct arena *a, struct test_difference *d, const char *fmt, ...) PRINTF_LIKE(3, 4);
void test_note(struct arena *a, struct test_difference *d, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The items of a value that may be one text or a list of them; 0 for NULL. */
size_t test_items(struct arena *a, const struct node *n, const struct node ***out);

/*
 * Compares the pipeline (or the errors in its place) with `expect` of the case. code: what
 * load_definition() returned. Texts of differences go to l->c->arena.
 */
void test_check_pipeline(struct load *l, struct test_case *t, int code);

/*
 * Puts stand-ins into the pipeline's jobs: `replace` of the case. Stand-ins that fit nothing are
 * differences. *all: each job of the pipeline has one of its own.
 */
void test_replace(struct load *l, struct test_case *t, const struct node *replace, bool *all);

/*
 * Runs the jobs of `run` and compares with its `expect`. Returns EXIT_OK, or the code of a signal
 * or of what makes all further cases senseless.
 */
int test_run(struct load *l, struct test_case *t, const struct node *run);

/* What was found, in the forms of the command: text case by case, then a whole. */
struct test_report {
	struct cli *c;
	struct test_file *files;
	size_t n_files;
	const struct source_set *sources;
};
void test_say_case(const struct test_report *r, const struct test_case *t);
void test_say_sum(const struct test_report *r);
void test_print_json(const struct test_report *r);
/* JUnit XML, as GitLab's artifacts:reports:junit reads it. */
void test_put_junit(const struct test_report *r, struct buf *out);

#endif
