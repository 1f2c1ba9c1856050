#include "fuzz.h"

#include "expr/expr.h"

static bool lookup(void *ctx, struct str name, struct str *value)
{
	const struct str *text = ctx;

	/* Names with an odd number of characters are undefined; the others hold a piece of the
	 * input. */
	if (name.n % 2)
		return false;
	*value = str_from(*text, name.n);
	return true;
}

static void count(void *ctx, struct str name, struct span at)
{
	PROPERTY(name.n && at.begin.col, "a variable without a name or a place");
	++*(size_t *)ctx;
}

static bool no_atom(void *ctx, const struct expr_atom *atom)
{
	size_t *n = ctx;

	PROPERTY(atom->name.p != NULL, "an atom has no name");
	return ++*n & 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_n((const char *)data, size), text = first_line(&rest);
	struct span at = {{1, 1, 1}, {1, 1, (uint32_t)text.n + 1}};
	struct arena a = ARENA_INIT;
	const struct expr_env env = {lookup, NULL, &rest, NULL};
	struct expr_error err = {SPAN_NONE, STR_NULL};
	const struct expr *e = expr_parse(&a, text, at, &err);
	struct expr_value v;
	struct expr_trace t;
	struct str failed;
	size_t n = 0;

	if (e) {
		bool yes;

		expr_trace_init(&t);
		yes = expr_eval(e, &a, &env, &t, &v, &failed);
		PROPERTY(yes == expr_truthy(&v), "verdict and value differ");
		PROPERTY(yes == expr_eval(e, &a, &env, NULL, NULL, NULL), "not the same twice");
		expr_trace_text(&a, &t);
		expr_each_variable(e, count, &n);
		expr_holds(e, no_atom, &n);
	} else {
		PROPERTY(err.text.n, "refused without a word");
	}
	arena_release(&a);
	return 0;
}
