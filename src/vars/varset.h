/*
 * Variables and layered sets of them with GitLab's precedence. A set holds at most one definition a
 * name and layer; lookups give the highest layer's.
 */
#ifndef VARS_VARSET_H
#define VARS_VARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/diag.h"
#include "base/str.h"

struct arena;

/*
 * Lowest to highest precedence: the order in which GitLab concatenates its lists, where the last
 * occurrence of a name wins (GitLab, lib/gitlab/ci/variables/builder.rb; docs "CI/CD variable
 * precedence").
 */
enum var_layer {
	VAR_RUNNER_CONFIG,  /* [[runners]] environment; FF_* defaults; what the Runner itself adds
			       first */
	VAR_PERSISTED,      /* CI_JOB_ID, CI_JOB_TOKEN, CI_REGISTRY_PASSWORD, CI_REPOSITORY_URL,
			       id_tokens */
	VAR_JOB_PREDEFINED, /* CI_JOB_NAME, CI_JOB_STAGE, CI_NODE_INDEX, CI_ENVIRONMENT_NAME ... */
	VAR_PROJECT_PREDEFINED,
	VAR_PIPELINE_PREDEFINED,
	VAR_RUNNER, /* CI_RUNNER_* */
	VAR_DEPLOYMENT,
	VAR_YAML_ROOT, /* root variables, with workflow:rules:variables over them */
	VAR_YAML_JOB,  /* job variables, with rules:variables and matrix values over them */
	VAR_USER,      /* GITLAB_USER_* */
	VAR_DOTENV,
	VAR_INSTANCE,
	VAR_GROUP,
	VAR_PROJECT,
	VAR_PIPELINE, /* --var, --var-file, trigger, schedule */
	VAR_SCHEDULE,
	VAR_MANUAL,
	VAR_RELEASE,
	VAR_ENVIRONMENT, /* CI_ENVIRONMENT_SLUG, final CI_ENVIRONMENT_URL */
	VAR_RUNNER_JOB,  /* what the Runner adds last: CI_PROJECT_DIR, CI_BUILDS_DIR, CI_JOB_STATUS
			    ... */
	VAR_LAYERS
};

struct var {
	struct str key, value;
	struct span at;  /* where it was written; SPAN_NONE for predefined ones */
	struct str from; /* origin for people: "predefined", ".gitlab-ci.yml", "--var", a file's
			    path */
	enum var_layer layer;
	bool masked;   /* its value is replaced in every output */
	bool raw;      /* expand: false: never scanned for references */
	bool file;     /* the job sees the path of a file that holds the value */
	bool internal; /* not public: services do not get it (tokens, UI variables, dotenv) */
	struct str env_scope; /* of UI variables: "*" or a pattern; empty = any */
};

struct varset {
	struct arena *arena;
	struct var *v; /* in order of insertion */
	size_t n, cap;
	uint32_t *slots; /* hash index over names: newest entry of that name; see varset.c */
	size_t n_slots;
};

void varset_init(struct varset *s, struct arena *a);
/* Copies var (not its strings). Same name and layer: replaces it in place. */
void varset_put(struct varset *s, const struct var *var);
/* Shorthand for predefined ones. */
void varset_set(struct varset *s, enum var_layer layer, struct str key, struct str value);
void varset_setf(struct varset *s, enum var_layer layer, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void varset_add_all(struct varset *s, const struct varset *from);
/* The definition that wins, or NULL. */
const struct var *varset_get(const struct varset *s, struct str key);
struct str varset_value(const struct varset *s, const char *key); /* {NULL, 0} when undefined */
bool varset_unset(struct varset *s, struct str key); /* removes every layer's definition */
/*
 * The definitions that win, ordered by layer and within a layer by insertion: the order in which
 * the Runner exports them. The array lives in the arena.
 */
size_t varset_winners(const struct varset *s, struct arena *a, const struct var ***out);

/*
 * Expansion algorithms (GitLab, lib/expand_variables.rb and lib/gitlab/ci/variables/collection.rb;
 * Runner, common/spec/variables.go). Results live in the arena.
 */
enum expand_mode {
	EXPAND_SERVER,          /* $A ${A} %A%, undefined -> "" */
	EXPAND_SERVER_EXISTING, /* the same, undefined left as written */
	EXPAND_RUNNER           /* $A ${A} and $$ -> $, undefined -> "" */
};
struct str expand(
	struct arena *a, struct str text, const struct varset *vars, enum expand_mode mode);

/*
 * sort_and_expand: every non-raw value with the references to other variables replaced in
 * dependency order. keep_undefined: as for the job payload (unknown references and references to
 * raw or file variables stay text); else as for server use. On a cycle returns false and sets
 * *cycle to the names as GitLab prints them (["A", "B"]). The result set is new; s is untouched.
 */
bool varset_sort_and_expand(
	const struct varset *s, bool keep_undefined, struct varset *out, struct str *cycle);

#endif
