/*
 * JUnit XML reports, as far as a person wants to know: how many tests, which failed, and why.
 *
 * Source: GitLab docs, "Unit test reports"; GitLab, lib/gitlab/ci/parsers/test/junit.rb.
 */
#ifndef GITLAB_JUNIT_H
#define GITLAB_JUNIT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct arena;
struct error;

struct junit_failure {
	struct str suite, test; /* class name, name */
	struct str message;     /* the first line that says something */
	struct str file;        /* may be empty */
	bool error;             /* <error>: the test broke, it did not fail */
};

/* A sum over files. Zeroed: empty. */
struct junit {
	size_t tests, failed, errors, skipped;
	struct junit_failure *v; /* in the arena */
	size_t n, cap;
};

/* Adds what a file's text says. -1 with err (its line is in the text): nothing was added. */
int junit_read(struct arena *a, struct str text, struct junit *out, struct error *err);

#endif
