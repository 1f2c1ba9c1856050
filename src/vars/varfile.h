/*
 * Files of variables that stand for the CI/CD settings of project, group and instance, and for
 * --var-file. Pure: text in, variables out. Two forms are read, and told apart by their content:
 *
 * cilocal (variables.yml, .cilocal-variables.yml)    gitlab-ci-local (variables.yml in its home)
 *   instance: {NAME: value}                            global:  {NAME: value}
 *   group:    {"host/group": {NAME: value}}            group:   {"host/group/": {NAME: value}}
 *   project:  {"host/group/project": {NAME: value}}    project: {"host/group/project.git": {...}}
 * A file with none of these keys is one flat mapping NAME: value of the project; a text that is no
 * mapping is read as a .env file.
 *
 * Beside them, or in a flat mapping, `secrets` holds what jobs get from a vault by `secrets:`, by
 * path:
 * {"engine/path/field": value}, or nested mappings {engine: {path: {field: value}}}.
 *
 * A value is a scalar or {value: V, values: {ENVIRONMENT: V}, type: file|variable (env_var),
 * masked: bool, raw: bool (or expand: bool), environment: SCOPE, protected: bool, description:
 * text}.
 */
#ifndef VARS_VARFILE_H
#define VARS_VARFILE_H

#include <stdbool.h>
#include "base/diag.h"
#include "base/str.h"
#include "vars/varset.h"

struct arena;
struct source;

enum varfile_form {
	VARFILE_CILOCAL,        /* scalars are values, whatever they begin with */
	VARFILE_GITLAB_CI_LOCAL /* scalars that begin with / or ~ name a file whose content is the
				   value */
};

struct varfile_options {
	enum varfile_form form;
	enum var_layer
		flat_layer; /* of a flat mapping: VAR_PROJECT, or VAR_PIPELINE for --var-file */
	struct str project; /* host/group/name of this project; empty: group and project parts are
			       skipped */
	bool ref_protected; /* protected: true variables exist only for protected refs */
	/*
	 * Content of a file that a variable names by path, or -1: then the variable keeps the path
	 * and a warning tells. NULL: no file is read.
	 */
	int (*read_file)(void *ctx, struct str path, struct arena *a, struct str *out);
	void *ctx;
	/* Gets the values of the table `secrets`, by path; NULL: there may be none in the file. */
	struct varset *secrets;
};

/*
 * Adds what the source defines to out, in the layers VAR_INSTANCE, VAR_GROUP and VAR_PROJECT (or
 * flat_layer), with env_scope set; pick those of a job with varset_add_scoped(). Errors and
 * warnings (unknown keys, names that are no variable names) go to d. Returns false when there was
 * an error.
 */
bool varfile_read(struct arena *a, const struct source *src, struct diags *d,
	const struct varfile_options *opt, struct varset *out);

#endif
