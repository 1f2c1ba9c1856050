/*
 * The runner of cases: a folder with a .gitlab-ci.yml, what it is created from (facts.yml), and
 * what must come out (expect.yml or expect.err). README.md describes the formats.
 */
#ifndef CASE_RUNNER_H
#define CASE_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "config/config.h"
#include "pipeline/pipeline.h"
#include "source/loader.h"
#include "source/source.h"
#include "vars/facts.h"
#include "vars/varset.h"
#include "yaml/node.h"

struct changed_set {
	struct str compare_to;
	bool known, invalid;
	struct str_list paths;
};

/* All of one case. */
struct one_case {
	struct arena arena; /* the definition's: the pipeline takes it over */
	struct arena keep;  /* facts, expectations: lives as long as the case */
	const char *dir;
	struct source_set sources;
	struct diags diags;
	struct loader loader;
	struct facts facts;
	struct varset settings;
	struct config_options options;
	struct config *config;
	struct pipeline *pipeline;

	const struct node *facts_node; /* facts.yml, or NULL */
	const struct node *inputs;
	const struct node *answers; /* what includes that are not local are answered with */
	const struct node *file_ids;
	const struct node *projects; /* other projects: path -> list of files */
	struct changed_set *changed;
	size_t n_changed;
	struct str_list tree; /* files of the commit */
	struct buf report;    /* why the case failed */
	bool failed;
};

/* Adds a line to the report and marks the case as failed. */
void case_fail(struct one_case *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The text of a file of the case; false when there is none. */
bool case_read(struct one_case *c, const char *name, struct str *text);
/* Its YAML, or NULL without such a file; a broken one fails the case. */
struct node *case_yaml(struct one_case *c, const char *name);

/* Compiles the text as the definition of the case, with its facts and answers. */
void case_build(struct one_case *c, struct str text);

/* case_facts.c: defaults, then facts.yml; then the files of the tree. */
void case_facts(struct one_case *c);
/* The text that answers a want by facts.yml, or false. */
bool case_answer(struct one_case *c, const struct config_want *w, struct str *text);

/* case_expect.c */
void case_expect_pipeline(struct one_case *c, struct node *expect);
void case_expect_errors(struct one_case *c, struct str expect);
/* The same with the values that came out, for CILOCAL_UPDATE=1. */
struct node *case_updated(struct one_case *c, const struct node *expect);
void case_errors(struct one_case *c, struct buf *out);

/* case_expand.c: what `expand` writes makes the same pipeline as the case itself. */
void case_fixed_point(struct one_case *c);

#endif
