/*
 * KEY=VALUE texts: the strict form of `artifacts:reports:dotenv`, and the lenient one that people
 * write in .env files.
 */
#ifndef VARS_DOTENV_H
#define VARS_DOTENV_H

#include <stdbool.h>
#include <stddef.h>
#include "base/diag.h"
#include "base/str.h"
#include "vars/varset.h"

struct arena;
struct source;

struct dotenv_limits {
	size_t max_bytes; /* GitLab: 5120 */
	size_t max_vars;  /* GitLab self-managed: 20 */
};
#define DOTENV_LIMITS ((struct dotenv_limits){5120, 20})

/*
 * A dotenv report (GitLab, app/services/ci/parse_dotenv_artifact_service.rb). On success the
 * variables are added to out at layer VAR_DOTENV (internal, the last of equal names wins) and true
 * is returned. Else *error has GitLab's words ("Invalid Format", "Dotenv Artifact Too Big. ..."),
 * *line the 1-based line where there is one (0 otherwise), and out is untouched. Strings are
 * copied.
 */
bool dotenv_report(struct arena *a, struct str text, struct dotenv_limits limits,
	struct varset *out, struct str *error, unsigned *line);

/*
 * A .env file: comments, blank lines, `export `, single and double quotes with \n \t \" \\ and line
 * breaks in them. Errors go to d with their place; out gets the good lines at the layer given.
 * Returns false when there was an error.
 */
bool dotenv_read(struct arena *a, const struct source *src, struct diags *d, enum var_layer layer,
	struct varset *out);

#endif
