#include "base/base.h"
#include "vars/vars_internal.h"

#define NO_SLOT ((size_t)-1)

void varset_init(struct varset *s, struct arena *a)
{
	*s = (struct varset){.arena = a};
}

void varset_init_on(struct varset *s, struct arena *a, const struct varset *below)
{
	*s = (struct varset){.arena = a, .below = below};
}

void varset_reserve(struct varset *s, size_t n)
{
	struct var *old = s->v;

	if (n <= s->cap)
		return;
	s->v = arena_array(s->arena, struct var, n);
	s->cap = n;
	if (s->n)
		memcpy(s->v, old, s->n * sizeof(*old));
}

/* The slot of key, or the free slot where it belongs; NO_SLOT while there is no index. */
static size_t find_slot(const struct varset *s, struct str key)
{
	if (!s->n_slots)
		return NO_SLOT;
	size_t mask = s->n_slots - 1;
	size_t i = str_hash(key) & mask;

	while (s->slots[i] && !str_eq(s->v[s->slots[i] - 1].key, key))
		i = (i + 1) & mask;
	return i;
}

/* Below this many entries a walk is quicker than an index, and most jobs set only a few. */
#define INDEX_FROM 9

static void rebuild(struct varset *s)
{
	s->n_refs = 0;
	if (s->n >= INDEX_FROM) {
		size_t want = 32;

		while (want < s->n * 2)
			want *= 2;
		s->slots = arena_array(s->arena, uint32_t, want);
		s->n_slots = want;
	} else {
		s->slots = NULL;
		s->n_slots = 0;
	}
	for (size_t i = 0; i < s->n; i++) {
		s->v[i].older = 0;
		s->n_refs += s->v[i].refs;
		size_t slot = find_slot(s, s->v[i].key);
		if (slot != NO_SLOT) {
			s->v[i].older = s->slots[slot];
			s->slots[slot] = (uint32_t)i + 1;
		}
	}
}

/* The newest own entry of key as index + 1, or 0. */
static uint32_t newest(const struct varset *s, struct str key)
{
	size_t slot = find_slot(s, key);

	if (slot != NO_SLOT)
		return s->slots[slot];
	for (size_t i = s->n; i; i--)
		if (str_eq(s->v[i - 1].key, key))
			return (uint32_t)i;
	return 0;
}

/* The own entry that follows i (index + 1) among those of the same name, newest first. */
static uint32_t next_older(const struct varset *s, uint32_t i)
{
	if (s->n_slots)
		return s->v[i - 1].older;
	for (uint32_t k = i - 1; k; k--)
		if (str_eq(s->v[k - 1].key, s->v[i - 1].key))
			return k;
	return 0;
}

static void replace(struct varset *s, struct var *old, struct var copy)
{
	copy.older = old->older;
	s->n_refs += (size_t)copy.refs - (size_t)old->refs;
	*old = copy;
}

static bool same_scope(const char *a, const char *b)
{
	return a == b || str_eq(str_c(a), str_c(b));
}

void varset_put(struct varset *s, const struct var *var)
{
	struct var copy = *var;

	copy.refs = !copy.raw && text_has_refs(copy.value);
	for (uint32_t i = newest(s, copy.key); i; i = next_older(s, i)) {
		struct var *old = &s->v[i - 1];

		if (old->layer == copy.layer && same_scope(old->env_scope, copy.env_scope)) {
			replace(s, old, copy);
			return;
		}
	}
	if (s->n == s->cap)
		s->v = vec_grow_arena(s->arena, s->v, s->n, &s->cap, sizeof(*s->v));
	s->v[s->n++] = copy;
	if (s->n == INDEX_FROM || (s->n_slots && s->n * 2 > s->n_slots)) {
		rebuild(s);
		return;
	}
	s->n_refs += copy.refs;
	size_t slot = find_slot(s, copy.key);
	if (slot != NO_SLOT) {
		s->v[s->n - 1].older = s->slots[slot];
		s->slots[slot] = (uint32_t)s->n;
	} else {
		s->v[s->n - 1].older = 0;
	}
}

static bool has_duplicates(const struct varset *s)
{
	for (size_t i = s->n; i; i--)
		if (next_older(s, (uint32_t)i))
			return true;
	return false;
}

void varset_init_with(
	struct varset *s, struct arena *a, const struct varset *below, struct var *v, size_t n)
{
	varset_init_on(s, a, below);
	for (size_t i = 0; i < n; i++)
		v[i].refs = !v[i].raw && text_has_refs(v[i].value);
	s->v = v;
	s->n = s->cap = n;
	rebuild(s);
	if (!has_duplicates(s))
		return;
	varset_init_on(s, a, below);
	for (size_t i = 0; i < n; i++)
		varset_put(s, &v[i]);
}

void varset_set(struct varset *s, enum var_layer layer, struct str key, struct str value)
{
	struct var v = {
		.key = key,
		.value = value.p ? value : STR(""),
		.from = "predefined",
		.layer = layer,
	};

	varset_put(s, &v);
}

void varset_setf(struct varset *s, enum var_layer layer, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str value = arena_vprintf(s->arena, fmt, ap);
	va_end(ap);
	varset_set(s, layer, str_c(key), value);
}

void varset_each(const struct varset *s, bool (*fn)(void *ctx, const struct var *v), void *ctx)
{
	const struct varset *stack[16];
	size_t depth = 0;

	for (; s; s = s->below) {
		if (depth == ARRAY_SIZE(stack))
			BUG("varset: more than %zu sets on each other", ARRAY_SIZE(stack));
		stack[depth++] = s;
	}
	while (depth--)
		for (size_t i = 0; i < stack[depth]->n; i++)
			if (!fn(ctx, &stack[depth]->v[i]))
				return;
}

static bool put_one(void *ctx, const struct var *v)
{
	varset_put(ctx, v);
	return true;
}

void varset_add_all(struct varset *s, const struct varset *from)
{
	varset_each(from, put_one, s);
}

const struct var *varset_get_below(const struct varset *s, struct str key, int limit)
{
	const struct var *best = NULL;

	for (; s; s = s->below)
		for (uint32_t i = newest(s, key); i; i = next_older(s, i)) {
			const struct var *v = &s->v[i - 1];

			if ((int)v->layer < limit && (!best || v->layer > best->layer))
				best = v;
		}
	return best;
}

const struct var *varset_get_layer(const struct varset *s, struct str key, enum var_layer layer)
{
	for (; s; s = s->below)
		for (uint32_t i = newest(s, key); i; i = next_older(s, i))
			if (s->v[i - 1].layer == layer)
				return &s->v[i - 1];
	return NULL;
}

const struct var *varset_get(const struct varset *s, struct str key)
{
	return varset_get_below(s, key, VAR_LAYERS);
}

const struct var *varset_get_own(const struct varset *s, struct str key)
{
	uint32_t i = newest(s, key);

	return i ? &s->v[i - 1] : NULL;
}

struct str varset_value(const struct varset *s, const char *key)
{
	const struct var *v = varset_get(s, str_c(key));

	return v ? v->value : STR_NULL;
}

bool varset_unset(struct varset *s, struct str key)
{
	size_t kept = 0;

	if (!newest(s, key))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (!str_eq(s->v[i].key, key))
			s->v[kept++] = s->v[i];
	s->n = kept;
	rebuild(s);
	return true;
}

struct winners {
	const struct varset *set;
	const struct var **v;
	size_t n;
};

static bool count_one(void *ctx, const struct var *v)
{
	UNUSED(v);
	(*(size_t *)ctx)++;
	return true;
}

static bool take_winner(void *ctx, const struct var *v)
{
	struct winners *w = ctx;

	if (varset_get(w->set, v->key) == v)
		w->v[w->n++] = v;
	return true;
}

size_t varset_winners(const struct varset *s, struct arena *a, const struct var ***out)
{
	size_t all = 0, at[VAR_LAYERS + 1] = {0};
	struct winners w = {.set = s};

	varset_each(s, count_one, &all);
	w.v = arena_array(a, const struct var *, all + 1);
	varset_each(s, take_winner, &w);

	/* A counting sort by layer keeps the order of insertion. */
	const struct var **sorted = arena_array(a, const struct var *, w.n + 1);
	for (size_t i = 0; i < w.n; i++)
		at[w.v[i]->layer + 1]++;
	for (size_t l = 1; l <= VAR_LAYERS; l++)
		at[l] += at[l - 1];
	for (size_t i = 0; i < w.n; i++)
		sorted[at[w.v[i]->layer]++] = w.v[i];
	*out = sorted;
	return w.n;
}

/* '*' stands for any text, everything else for itself; linear apart from the last star. */
bool env_scope_matches(struct str scope, struct str environment)
{
	size_t i = 0, k = 0, star = STR_NPOS, mark = 0;

	if (!scope.n || str_is(scope, "*"))
		return true;
	while (k < environment.n) {
		if (i < scope.n && scope.p[i] == '*') {
			star = i++;
			mark = k;
		} else if (i < scope.n && scope.p[i] == environment.p[k]) {
			i++;
			k++;
		} else if (star != STR_NPOS) {
			i = star + 1;
			k = ++mark;
		} else {
			return false;
		}
	}
	while (i < scope.n && scope.p[i] == '*')
		i++;
	return i == scope.n;
}

/* How specific a scope is: any, by length of the pattern, exact. */
static size_t scope_weight(struct str scope)
{
	if (!scope.n || str_is(scope, "*"))
		return 0;
	return str_chr(scope, '*') == STR_NPOS ? SIZE_MAX : scope.n;
}

struct scoped {
	struct varset *to;
	struct str environment;
};

static bool put_scoped(void *ctx, const struct var *v)
{
	struct scoped *sc = ctx;

	if (!env_scope_matches(str_c(v->env_scope), sc->environment) ||
		(!sc->environment.n && scope_weight(str_c(v->env_scope))))
		return true;
	for (uint32_t i = newest(sc->to, v->key); i; i = next_older(sc->to, i)) {
		struct var *old = &sc->to->v[i - 1];

		if (old->layer != v->layer)
			continue;
		if (scope_weight(str_c(old->env_scope)) <= scope_weight(str_c(v->env_scope)))
			replace(sc->to, old, *v);
		return true;
	}
	varset_put(sc->to, v);
	return true;
}

void varset_add_scoped(struct varset *s, const struct varset *from, struct str environment)
{
	struct scoped sc = {s, environment};

	varset_each(from, put_scoped, &sc);
}
