/*
 * Variables and layered sets of them with GitLab's precedence. A set holds at most one definition a
 * name and layer (settings: and environment scope); lookups give the highest layer's. A set may lie
 * on others (`below`), which it shares with its neighbours: thousands of jobs have the same project
 * and pipeline variables. Lookups see the whole stack, so walk it with varset_winners() or
 * varset_each(), never by `v`.
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
} __attribute__((packed));

/* Ten thousand jobs have ten each and more, hence the bit-fields. */
struct var {
	struct str key, value;
	struct span at;   /* where it was written; SPAN_NONE for predefined ones */
	const char *from; /* origin for people: "predefined", "--var", a file's path; or NULL */
	const char *env_scope; /* of UI variables: "*" or a pattern; NULL: any */
	uint32_t older;        /* index + 1 of an earlier entry of the same name in the same set */
	enum var_layer layer;
	bool masked : 1;   /* its value is replaced in every output */
	bool raw : 1;      /* expand: false: never scanned for references */
	bool file : 1;     /* the job sees the path of a file that holds the value */
	bool internal : 1; /* not public: services do not get it (tokens, UI variables, dotenv) */
	bool refs : 1;     /* set by varset_put: not raw, and the value holds $ or % */
};

struct varset {
	struct arena *arena;
	const struct varset *below; /* a set that this one lies on, or NULL; must outlive it */
	struct var *v;              /* the own entries, in order of insertion */
	size_t n, cap;
	size_t n_refs;   /* own entries with `refs` */
	uint32_t *slots; /* hash index over names: newest entry of that name; see varset.c */
	size_t n_slots;
};

void varset_init(struct varset *s, struct arena *a);
/* An empty set on top of below. On the same layer the upper set's definition wins. */
void varset_init_on(struct varset *s, struct arena *a, const struct varset *below);
/*
 * A set on top of below (or NULL) whose own entries are the n of v, which stay where they are:
 * others may lie on them too, but nobody may put more into it. Sets `refs` and `older` in them.
 */
void varset_init_with(
	struct varset *s, struct arena *a, const struct varset *below, struct var *v, size_t n);
/* Room for n own entries in all, where their number is known. */
void varset_reserve(struct varset *s, size_t n);
/* Copies var (not its strings). Same name, layer and env_scope: replaces it in place. */
void varset_put(struct varset *s, const struct var *var);
/* Shorthand for predefined ones. */
void varset_set(struct varset *s, enum var_layer layer, struct str key, struct str value);
void varset_setf(struct varset *s, enum var_layer layer, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Copies every definition of the whole stack of `from`. */
void varset_add_all(struct varset *s, const struct varset *from);
/*
 * Copies the definitions whose env_scope fits the environment's name (empty name: only those for
 * all environments). Of several for one name and layer the most specific scope wins, as GitLab
 * orders them: exact, then longer patterns, then "*" (GitLab,
 * app/models/concerns/has_environment_scope.rb).
 */
void varset_add_scoped(struct varset *s, const struct varset *from, struct str environment);
bool env_scope_matches(struct str scope, struct str environment);
/* The definition that wins, or NULL. */
const struct var *varset_get(const struct varset *s, struct str key);
struct str varset_value(const struct varset *s, const char *key); /* {NULL, 0} when undefined */
/* The newest own definition of the uppermost set, or NULL. */
const struct var *varset_get_own(const struct varset *s, struct str key);
/* Removes the own definitions of every layer; those of sets below stay. */
bool varset_unset(struct varset *s, struct str key);
/* Every definition of the stack, the lowest set first; stops when fn returns false. */
void varset_each(const struct varset *s, bool (*fn)(void *ctx, const struct var *v), void *ctx);
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
	EXPAND_RUNNER /* $A ${A} and $$ -> $, undefined -> "", file variables -> their path */
};
/* Text without references is returned as it is. A result is cut at 4 MiB (hostile input only). */
struct str expand(
	struct arena *a, struct str text, const struct varset *vars, enum expand_mode mode);

/*
 * sort_and_expand: every non-raw value with the references to other variables replaced in
 * dependency order. keep_undefined: as for the job payload (unknown references and references to
 * raw or file variables stay text); else as for server use. On a cycle returns false and sets
 * *error to GitLab's words (circular variable reference detected: ["A", "B"]), likewise when values
 * multiply beyond all measure; out is then as good as s. out is initialised here and lies on s,
 * which must outlive it; a is for out and may be a scratch arena.
 */
bool varset_sort_and_expand(struct arena *a, const struct varset *s, bool keep_undefined,
	struct varset *out, struct str *error);
/* Only the check for cycles; true where there is none. */
bool varset_check_cycles(struct arena *a, const struct varset *s, struct str *error);

/*
 * The same for many sets that lie on one: what concerns the lower alone is worked out once. base is
 * for the sets that lie on `set`, which must not change any more. work is a number of steps
 * that the caller has for all of them; when none is left, the functions return false with *work 0
 * and a text in *error that continues "too much:".
 */
struct var_base;
struct var_base *var_base_new(struct arena *a, const struct varset *set);
bool var_base_check_cycles(const struct var_base *base, struct arena *a, const struct varset *s,
	uint64_t *work, struct str *error);
/* keep_undefined is false; out lies on s, or on a view of it in the arena. */
bool var_base_sort_and_expand(struct var_base *base, struct arena *a, const struct varset *s,
	uint64_t *work, struct varset *out, struct str *error);
/* The text holds a reference ($NAME, ${NAME}, %NAME%) as the server sees them. */
bool text_has_refs(struct str text);
/* Names referred to in text, in order, duplicates included; the array lives in the arena. */
size_t text_refs(struct arena *a, struct str text, struct str **out);

#endif
