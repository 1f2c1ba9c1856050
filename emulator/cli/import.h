/* Settings of gitlab-ci-local, and what they are here. */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"

struct arena;
struct cli;
struct diags;
struct source;
struct source_set;

/* One line of the report: what is there, and what it becomes or why it has no counterpart. */
struct import_row {
	struct str what, becomes;
};

struct import_part {
	struct str file; /* as people call it */
	VEC(struct import_row) rows;
};

/* A configuration file to be written, in parts that become one text. */
struct import_config {
	struct buf options; /* of [cilocal] */
	struct buf docker;  /* of [runners.docker] */
	struct buf pairs;   /* tables below [cilocal] */
	bool hide;          /* values of variables, which may be secrets: it is only shown */
};

void import_config_release(struct import_config *c);
/* The whole text; empty where nothing is to be written. from: the file it comes from. */
void import_config_text(const struct import_config *c, const char *from, struct buf *out);

/* .gitlab-ci-local-env, a .env file of options. target: the file that gets them, for the report. */
void import_options(struct arena *a, const struct source *src, struct diags *d, const char *target,
	struct import_part *part, struct import_config *out);
/* .gitlab-ci-local-inputs.yml */
void import_inputs(struct arena *a, const struct source *src, struct diags *d, const char *target,
	struct import_part *part, struct import_config *out);
/* A file of variables, which cilocal reads as it is. */
void import_variables(
	struct arena *a, const struct source *src, struct diags *d, struct import_part *part);
/* Its decorators ("# @Interactive") and rules for local jobs, in the text of a definition. */
void import_decorators(struct arena *a, const struct source *src, struct import_part *part);

#endif
