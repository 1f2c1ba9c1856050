/*
 * From texts to typed job definitions: load, interpolate inputs, include, extends, !reference,
 * stages, then validation, defaults and the typed readers. Read this file first.
 *
 * Ask, do not fetch: compilation returns CONFIG_WANT with the list of sources that it lacks; the
 * caller obtains them in whatever way, hands them over with config_provide() and calls again.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include "base/diag.h"
#include "base/map.h"
#include "base/str.h"
#include "config/job_def.h"

struct arena;
struct facts;
struct node;
struct source_set;
struct varset;

enum config_status { CONFIG_OK, CONFIG_FAILED, CONFIG_WANT };

enum want_kind {
	WANT_LOCAL,      /* path below the root of `project` at `ref` (both empty: this project) */
	WANT_LOCAL_GLOB, /* path is a pattern; answer with the matching paths, sorted
			    (config_provide_glob) */
	WANT_PROJECT,    /* path in project at ref (ref may be empty: HEAD of the default branch) */
	WANT_REMOTE,     /* path is a URL */
	WANT_TEMPLATE,   /* path is a template's name: Jobs/SAST.gitlab-ci.yml */
	WANT_COMPONENT,  /* path is host/project/name, ref a version; answered with the component's
			    text */
	WANT_ARTIFACT    /* child pipelines: path in the artifacts of job `project` */
};

struct config_want {
	enum want_kind kind;
	struct str path, project, ref;
	struct str integrity; /* remote: sha256-..., checked by config after the text is provided */
	struct str cache;     /* remote: include:cache duration text, empty without */
	struct span at;       /* the include entry that asked */
	bool answered;
	struct config_want *next;
};

/* What a WANT_COMPONENT or WANT_PROJECT answer may add: what the name resolved to. */
struct config_resolved {
	struct str name;                    /* name for messages: group/project:path@ref */
	struct str sha, version, reference; /* of components: $[[ component.sha ]] ... */
};

struct workflow_def {
	struct rule_defs rules;
	struct text name;
	struct text auto_cancel_on_new_commit, auto_cancel_on_job_failure;
};

struct config {
	struct arena *arena;
	struct source_set *sources;
	struct diags *diags;
	const struct facts *facts;

	struct config_want *wants; /* after CONFIG_WANT: those with answered == false */
	struct node *root;         /* merged, extended, references resolved; no include key */
	struct texts stages;       /* flattened, .pre first, .post last */
	struct map
		jobs; /* name -> struct job_def *, in order of first appearance; hidden ones too */
	struct var_defs vars; /* root variables */
	struct workflow_def workflow;
	const struct node
		*defaults;     /* the `default` mapping with the root keywords in it, or NULL */
	struct text *includes; /* every file that took part, in order, for `lint` and `explain` */
	size_t n_includes;

	/*
	 * After CONFIG_FAILED: an included file is not there, or keys of the root are not known;
	 * and the names of keys of the root whose value could not be read in full.
	 */
	bool incomplete;
	struct map unsure;
};

struct config_options {
	const struct varset
		*include_vars;     /* variables that include paths and include:rules may use */
	const struct node *inputs; /* pipeline inputs (--input): mapping name -> value, or NULL */
	bool (*file_exists)(void *ctx, struct str path); /* include:rules:exists, local tree */
	void *ctx;
};

/* text is the content of the main file, shown as `name`. Everything lives in the arena. */
struct config *config_new(struct arena *a, struct source_set *sources, struct diags *d,
	const struct facts *facts, const struct config_options *opt, struct str name,
	struct str text);
/*
 * CONFIG_OK: everything above is set; root's visible jobs then hold what they inherit from
 * `default`. CONFIG_FAILED: c->diags has errors. Each pass goes on after its own, without what
 * would only follow from them; root, jobs and stages are as far as the passes came, and
 * pipeline_check() adds what it finds in the rest.
 */
enum config_status config_compile(struct config *c);
/*
 * After CONFIG_FAILED: whether a job of that name (also of a parallel copy) may be there, for all
 * that is known.
 */
bool config_may_have(const struct config *c, struct str name);
/* The definition of that name, or NULL. */
const struct job_def *config_job(const struct config *c, struct str name);

/*
 * Answers; texts are copied. config_refuse: it cannot be had, why is shown at the include. GitLab's
 * own wording is chosen by why: "no file" or "no reference" of a project, "HTTP 404", "after 3
 * attempts".
 */
void config_provide(
	struct config *c, struct config_want *w, struct str text, const struct config_resolved *as);
void config_provide_glob(
	struct config *c, struct config_want *w, const struct str *paths, size_t n);
void config_refuse(struct config *c, struct config_want *w, struct str why);

/*
 * After CONFIG_OK: the definition with all that it takes over written out, a definition itself that
 * makes the same pipeline. Hidden jobs are left out, for what they were for has been taken over.
 */
struct node *config_expanded(struct arena *a, const struct config *c);
/* The mapping of a job, without `extends`, which has been followed already. */
struct node *config_expanded_job(struct arena *a, const struct node *job);

#endif
