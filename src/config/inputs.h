/*
 * spec:inputs, the values of the inputs of one file, and $[[ ]] interpolation with them. Only this
 * room may include it.
 */
#ifndef CONFIG_INPUTS_H
#define CONFIG_INPUTS_H

#include "config/config_internal.h"

enum input_type { INPUT_STRING, INPUT_NUMBER, INPUT_BOOLEAN, INPUT_ARRAY };

struct input_def {
	struct str name;
	enum input_type type;
	const struct node *spec; /* the mapping, or NULL */
	struct span at;
	bool has_default;
	const struct node *value; /* once done; NULL after a fault */
	bool done;
	bool faulty; /* its definition has a fault */
};

/* What $[[ ]] may read in one file. */
struct interpolation {
	const struct frame *root;  /* of the file, for messages */
	const struct varset *vars; /* that expand_vars may use */
	struct map inputs;         /* name -> struct input_def * */
	struct map component;      /* name -> struct node * */
	/* There may be more of them, in what could not be read. */
	bool inputs_unknown, component_unknown;
	bool too_large;   /* a limit was passed: what came out can't be used */
	struct map cache; /* block text -> const struct node * */
	size_t blocks;    /* different ones */
	size_t bytes;     /* of the texts made */
};

/* spec.c: the header's shape. extra: definitions of spec:include, in order. */
void read_spec(struct interpolation *in, const struct node *header, const struct node *const *extra,
	size_t n_extra);
/* description, options and regex of an input, of spec:inputs or of a job (GitLab, BaseInput), by
 * their types; whether the regex is one shows where a value is checked. */
void check_input_shape(const struct frame *f, const struct node *map);
/* Facts that spec:component asks for. */
struct config_resolved;
void read_spec_component(
	struct interpolation *in, const struct node *header, const struct config_resolved *as);

/* inputs.c: given is include:inputs or the pipeline's (NULL: none). */
void resolve_inputs(struct interpolation *in, const struct node *given, struct span at);
bool input_type_of(struct str name, enum input_type *out);
/* A fault with GitLab's words about an input: `name` input: ... */
void input_fault(const struct frame *f, struct str name, const char *code, struct span at,
	const char *fmt, ...) PRINTF_LIKE(5, 6);
/* What a value must fit; each may be NULL. */
struct input_limits {
	const struct node *options, *regex;
};
/* The value converted to the type, or NULL with a fault. what: "provided" or "default". */
const struct node *check_input_value(const struct frame *f, struct str name, enum input_type type,
	const struct node *value, const struct input_limits *limits, const char *what);

/*
 * input_rules.c: the first rule that holds, or NULL. Inputs are resolved in the order in which they
 * are declared; of one that comes later a rule sees what was given, not its default (GitLab,
 * lib/ci/inputs/builder.rb). *unknown: a rule read one that has a fault.
 */
const struct node *matching_input_rule(struct interpolation *in, const struct node *given,
	const struct input_def *def, bool *unknown);

/* interpolate.c: a new tree where something changed. A value with a fault is unknown. */
struct node *interpolate(struct interpolation *in, struct node *content);

/* functions.c: one function of a block; NULL with a fault at `at`. */
const struct node *input_function(
	struct interpolation *in, struct str call, const struct node *value, struct span at);

#endif
