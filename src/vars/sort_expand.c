/*
 * sort_and_expand: every variable's value with its references replaced, in dependency order. Only
 * the definitions that hold references take part in the walk; the others are leaves that cannot be
 * part of a cycle, and stay where they are in the set below the result.
 */
#include "base/base.h"
#include "vars/vars_internal.h"

#define NOWHERE UINT32_MAX

/* Variables that double each other grow without bound; GitLab stops them by time and memory. */
#define VALUE_MAX ((size_t)1 << 20)
#define TOTAL_MAX ((size_t)1 << 24)
/* Bytes of names after which the message about cycles ends. */
#define CYCLES_MAX 2000

/* One definition with references. */
struct entry {
	const struct var *var;
	uint32_t *to; /* indices of the entries that it refers to, in order */
	size_t n_to;
	uint32_t index, low; /* Tarjan; NOWHERE: not seen */
	bool on_stack;
	bool self;          /* refers to its own name */
	struct str value;   /* expanded */
	uint32_t emitted;   /* position in the order of emission + 1, 0 = not yet */
	uint32_t next_same; /* next entry of the same name, NOWHERE at the end */
};

struct sorter {
	struct arena *a;
	const struct varset *set;
	bool keep_undefined, check_only;
	const struct varset *settled; /* only entries of sets above this one take part, or NULL */
	size_t total;                 /* bytes of all expanded values */
	struct str too_big;           /* the variable that went over the limits */
	struct entry *e;
	size_t n;
	struct map first; /* name -> index + 1 of the first entry of that name */
	uint32_t *stack;
	size_t n_stack;
	uint32_t counter, emitted;
	struct buf cycles;
};

/*
 * YAML variables are one list to GitLab, in which a job's definition replaces the root's: so the
 * root's never shows under it. A definition of the same layer in an upper set replaces likewise.
 */
static bool replaced(const struct varset *set, const struct var *v)
{
	if (v->layer == VAR_YAML_ROOT && varset_get_layer(set, v->key, VAR_YAML_JOB))
		return true;
	return varset_get_layer(set, v->key, v->layer) != v;
}

static bool count_refs(void *ctx, const struct var *v)
{
	*(size_t *)ctx += v->refs;
	return true;
}

static bool collect(void *ctx, const struct var *v)
{
	struct sorter *t = ctx;

	if (v->refs && !replaced(t->set, v))
		t->e[t->n++] = (struct entry){
			.var = v, .index = NOWHERE, .next_same = NOWHERE, .value = v->value};
	return true;
}

static int by_layer(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->var->layer != b->var->layer)
		return a->var->layer < b->var->layer ? -1 : 1;
	/* index holds the order of collection until the walk begins */
	return a->low < b->low ? -1 : a->low > b->low;
}

static void link_entries(struct sorter *t)
{
	for (size_t i = 0; i < t->n; i++)
		t->e[i].low = (uint32_t)i;
	qsort(t->e, t->n, sizeof(*t->e), by_layer);
	map_init(&t->first, t->a);
	for (size_t i = t->n; i; i--) {
		struct entry *e = &t->e[i - 1];
		void *old = map_put(&t->first, e->var->key, (void *)(uintptr_t)i);

		e->next_same = old ? (uint32_t)(uintptr_t)old - 1 : NOWHERE;
	}
	for (size_t i = 0; i < t->n; i++) {
		VEC(uint32_t) to = {NULL, 0, 0};
		struct str text = t->e[i].var->value;

		for (struct ref r = ref_next(text, 0, true); r.kind != REF_NONE;
			r = ref_next(text, r.end, true)) {
			if (r.kind != REF_NAME)
				continue;
			uint32_t k = (uint32_t)(uintptr_t)map_get(&t->first, r.name);
			for (k = k ? k - 1 : NOWHERE; k != NOWHERE; k = t->e[k].next_same)
				vec_push_in(t->a, &to, k);
			t->e[i].self |= str_eq(r.name, t->e[i].var->key);
		}
		t->e[i].to = to.v;
		t->e[i].n_to = to.n;
	}
}

/*
 * A reference sees the last definition of that name that was emitted. Leaves are emitted before
 * whatever refers to their name, so all of them count, even for a variable that refers to itself:
 * then the definitions above it in the list are seen as well, and its own value ends up behind
 * them.
 */
static const struct entry *emitted_entry(const struct sorter *t, struct str name)
{
	const struct entry *best = NULL;
	uint32_t k = (uint32_t)(uintptr_t)map_get(&t->first, name);

	for (k = k ? k - 1 : NOWHERE; k != NOWHERE; k = t->e[k].next_same)
		if (t->e[k].emitted && (!best || t->e[k].emitted > best->emitted))
			best = &t->e[k];
	return best;
}

static const struct var *leaf(const struct sorter *t, struct str name)
{
	const struct var *v = varset_get(t->set, name);

	while (v && (v->refs || replaced(t->set, v)))
		v = varset_get_below(t->set, name, (int)v->layer);
	return v;
}

static void add_reference(struct sorter *t, struct buf *b, struct str written, struct str name)
{
	const struct entry *e = emitted_entry(t, name);
	const struct var *v = leaf(t, name);
	struct str value = v ? v->value : STR_NULL;

	if (e && (!v || e->self || e->var->layer > v->layer)) {
		v = e->var;
		value = e->value;
	}
	if (v && t->keep_undefined && (v->file || v->raw))
		buf_addstr(b, written);
	else if (v)
		buf_addstr(b, value);
	else if (t->keep_undefined)
		buf_addstr(b, written);
}

static void emit(struct sorter *t, struct entry *e)
{
	struct str text = e->var->value;
	size_t at = 0;
	struct buf b;

	buf_init_max(&b, VALUE_MAX);
	for (struct ref r = ref_next(text, 0, true); r.kind != REF_NONE;
		r = ref_next(text, r.end, true)) {
		struct str written = str_sub(text, r.begin, r.end);

		buf_addstr(&b, str_sub(text, at, r.begin));
		if (r.kind == REF_NAME)
			add_reference(t, &b, written, r.name);
		else
			buf_addstr(&b, written);
		at = r.end;
	}
	buf_addstr(&b, str_from(text, at));
	t->total += b.n;
	if (b.overflow || t->total > TOTAL_MAX)
		t->too_big = e->var->key;
	else
		e->value = arena_str(t->a, buf_str(&b));
	e->emitted = ++t->emitted;
	buf_release(&b);
}

/* Pops the component whose root is i; a component of several is a cycle. */
static void component(struct sorter *t, uint32_t i)
{
	size_t from = t->n_stack;

	while (t->stack[--from] != i)
		;
	size_t size = t->n_stack - from;
	if (size > 1 && t->cycles.n < CYCLES_MAX) {
		buf_adds(&t->cycles, t->cycles.n ? ", [" : "[");
		for (size_t k = from; k < t->n_stack && t->cycles.n < CYCLES_MAX; k++)
			buf_printf(&t->cycles, "%s\"" STR_FMT "\"", k > from ? ", " : "",
				STR_ARG(t->e[t->stack[k]].var->key));
		buf_adds(&t->cycles, t->cycles.n < CYCLES_MAX ? "]" : ", ...]");
	}
	for (size_t k = from; k < t->n_stack; k++)
		t->e[t->stack[k]].on_stack = false;
	t->n_stack = from;
	if (t->check_only)
		t->e[i].emitted = ++t->emitted;
	else if (size == 1 && !t->cycles.n && !t->too_big.n)
		emit(t, &t->e[i]);
}

struct frame {
	uint32_t entry, next;
};

static void enter(struct sorter *t, struct frame *frames, size_t *depth, uint32_t i)
{
	struct entry *e = &t->e[i];

	e->index = e->low = t->counter++;
	e->on_stack = true;
	t->stack[t->n_stack++] = i;
	frames[(*depth)++] = (struct frame){i, 0};
}

/* Tarjan's components with an explicit stack: chains may be as long as the list of variables. */
static void walk(struct sorter *t, struct frame *frames, uint32_t root)
{
	size_t depth = 0;

	enter(t, frames, &depth, root);
	while (depth) {
		struct frame *f = &frames[depth - 1];
		struct entry *e = &t->e[f->entry];

		if (f->next < e->n_to) {
			struct entry *to = &t->e[e->to[f->next++]];

			if (to->index == NOWHERE)
				enter(t, frames, &depth, (uint32_t)(to - t->e));
			else if (to->on_stack)
				e->low = MIN(e->low, to->index);
			continue;
		}
		if (e->low == e->index)
			component(t, f->entry);
		depth--;
		if (depth) {
			struct entry *up = &t->e[frames[depth - 1].entry];

			up->low = MIN(up->low, e->low);
		}
	}
}

/* Like varset_each() for the sets above `end`. */
static void each_above(const struct varset *s, const struct varset *end,
	bool (*fn)(void *ctx, const struct var *v), void *ctx)
{
	if (!s || s == end)
		return;
	each_above(s->below, end, fn, ctx);
	for (size_t i = 0; i < s->n; i++)
		fn(ctx, &s->v[i]);
}

static bool sort_entries(struct sorter *t, struct str *error)
{
	size_t all = 0;

	each_above(t->set, t->settled, count_refs, &all);
	if (!all)
		return true;
	t->e = arena_array(t->a, struct entry, all);
	each_above(t->set, t->settled, collect, t);
	link_entries(t);
	t->stack = arena_array(t->a, uint32_t, t->n + 1);
	struct frame *frames = arena_array(t->a, struct frame, t->n + 1);
	buf_init(&t->cycles);
	for (uint32_t i = 0; i < t->n; i++)
		if (t->e[i].index == NOWHERE)
			walk(t, frames, i);
	bool ok = !t->cycles.n && !t->too_big.n;
	if (!ok && error && t->cycles.n)
		*error =
			arena_printf(t->a, "circular variable reference detected: %s", t->cycles.p);
	else if (!ok && error)
		*error = arena_printf(t->a,
			"the expanded value of variable '" STR_FMT "' is too large",
			STR_ARG(t->too_big));
	buf_release(&t->cycles);
	return ok;
}

/*
 * The layer at which a self-reference wins over all that was emitted before it: every leaf of its
 * name, and the other entries of its name that came earlier.
 */
static enum var_layer last_layer(const struct sorter *t, const struct entry *e)
{
	const struct var *top = varset_get(t->set, e->var->key);
	enum var_layer layer = e->var->layer;

	if (top && !top->refs && top->layer > layer)
		layer = top->layer;
	for (uint32_t k = (uint32_t)(uintptr_t)map_get(&t->first, e->var->key); k;) {
		const struct entry *other = &t->e[k - 1];

		if (other->emitted < e->emitted && other->var->layer > layer)
			layer = other->var->layer;
		k = other->next_same == NOWHERE ? 0 : other->next_same + 1;
	}
	return layer;
}

bool varset_check_cycles(struct arena *a, const struct varset *s, struct str *error)
{
	struct sorter t = {.a = a, .set = s, .check_only = true};

	return sort_entries(&t, error);
}

/* In the order of emission: the last one of a name is the one that GitLab's list ends with. */
static void put_expanded(const struct sorter *t, struct varset *out)
{
	const struct entry **order = arena_array(t->a, const struct entry *, t->n + 1);

	varset_reserve(out, t->n);
	for (size_t i = 0; i < t->n; i++)
		order[t->e[i].emitted - 1] = &t->e[i];
	for (size_t i = 0; i < t->n; i++) {
		struct var v = *order[i]->var;

		if (order[i]->self)
			v.layer = last_layer(t, order[i]);
		v.value = order[i]->value;
		varset_put(out, &v);
	}
}

bool varset_sort_and_expand(struct arena *a, const struct varset *s, bool keep_undefined,
	struct varset *out, struct str *error)
{
	struct sorter t = {.a = a, .set = s, .keep_undefined = keep_undefined};

	varset_init_on(out, a, s);
	if (!sort_entries(&t, error))
		return false;
	put_expanded(&t, out);
	return true;
}

/* --- what is worked out once about a set that many others lie on --- */

struct var_base {
	const struct varset *set;
	struct arena *a;
	bool acyclic, simple;
	bool ordered; /* one definition with references a name: `used` and `names` hold */
	bool selfish; /* a definition refers to its own name */
	struct str error;
	/*
	 * Names that its definitions refer to, and of the definitions with references: with the
	 * place in an order in which whatever is referred to comes first.
	 */
	struct map used, names;
	uint64_t cost; /* of a walk through it, in steps */
	bool is_expanded;
	struct varset expanded; /* its values expanded, on top of set */
};

static uint64_t walk_cost(const struct varset *s, const struct varset *end)
{
	uint64_t cost = 1;

	for (; s && s != end; s = s->below)
		for (size_t i = 0; s->n_refs && i < s->n; i++)
			if (s->v[i].refs)
				cost += 2 + s->v[i].value.n / 16;
	return cost;
}

static bool spend(uint64_t *work, uint64_t steps, struct str *error)
{
	*work -= MIN(*work, steps);
	if (!*work)
		*error = STR("their variables refer to each other too often");
	return *work > 0;
}

/* Leaves stand right in front of the first that refers to them. */
static void add_order(struct var_base *base, const struct sorter *t)
{
	for (size_t i = 0; i < t->n; i++)
		base->ordered &= !map_put(
			&base->names, t->e[i].var->key, (void *)(uintptr_t)(2 * t->e[i].emitted));
	base->simple = base->ordered;
	for (size_t i = 0; i < t->n; i++)
		base->selfish |= t->e[i].self;
	for (size_t i = 0; i < t->n; i++) {
		struct str text = t->e[i].var->value;
		uintptr_t at = 2 * t->e[i].emitted - 1;

		for (struct ref r = ref_next(text, 0, true); r.kind != REF_NONE;
			r = ref_next(text, r.end, true)) {
			uintptr_t old = (uintptr_t)map_get(&base->used, r.name);

			if (r.kind == REF_NAME && (!old || at < old))
				map_put(&base->used, r.name, (void *)at);
		}
	}
}

struct var_base *var_base_new(struct arena *a, const struct varset *set)
{
	struct arena scratch = ARENA_INIT;
	struct sorter t = {.a = &scratch, .set = set, .check_only = true};
	struct var_base *base = arena_new(a, struct var_base);

	base->a = a;
	base->set = set;
	base->ordered = true;
	base->acyclic = sort_entries(&t, &base->error);
	if (base->error.n)
		base->error = arena_str(a, base->error);
	base->cost = walk_cost(set, NULL);
	map_init(&base->used, a);
	map_init(&base->names, a);
	add_order(base, &t);
	arena_release(&scratch);
	return base;
}

/* Whether s, which lies on the base, defines one of the names; only_refs: with references. */
static bool defines_any(const struct var_base *base, const struct varset *s,
	const struct map *names, bool only_refs)
{
	for (; names->n && s != base->set; s = s->below)
		for (size_t i = 0; i < s->n; i++)
			if ((s->v[i].refs || !only_refs) && map_has(names, s->v[i].key))
				return true;
	return false;
}

static size_t refs_above(const struct var_base *base, const struct varset *s)
{
	size_t n = 0;

	for (; s != base->set; s = s->below)
		n += s->n_refs;
	return n;
}

/* The place in the base's order; 0: it neither defines the name with references nor uses it. */
static uintptr_t place_of(const struct var_base *base, struct str name)
{
	uintptr_t at = (uintptr_t)map_get(&base->names, name);

	return at ? at : (uintptr_t)map_get(&base->used, name);
}

static bool has_refs_above(const struct var_base *base, const struct varset *s, struct str name)
{
	for (; s != base->set; s = s->below) {
		const struct var *v = varset_get_own(s, name);

		if (v && v->refs)
			return true;
	}
	return false;
}

/* Its own name is no cycle where no other definition of it refers to the name. */
static bool may_name_itself(
	const struct var_base *base, const struct varset *s, const struct var *v)
{
	for (; !base->selfish && s != base->set; s = s->below)
		for (size_t i = 0; i < s->n; i++)
			if (&s->v[i] != v && s->v[i].refs && str_eq(s->v[i].key, v->key))
				return false;
	return !base->selfish;
}

/* What v refers to comes before it in the base's order. */
static bool keeps_order(const struct var_base *base, const struct varset *s, const struct var *v)
{
	uintptr_t at = place_of(base, v->key);

	for (struct ref r = ref_next(v->value, 0, true); r.kind != REF_NONE;
		r = ref_next(v->value, r.end, true)) {
		uintptr_t to = r.kind == REF_NAME ? place_of(base, r.name) : 0;

		if (r.kind != REF_NAME || (str_eq(r.name, v->key) && may_name_itself(base, s, v)))
			continue;
		/* The base refers to no name without a place: such a one ends a way. */
		if (to ? at && to >= at : has_refs_above(base, s, r.name))
			return false;
	}
	return true;
}

/*
 * Whether the definitions above the base fit into its order, so that there is no cycle: this saves
 * a walk through the base for each of ten thousand jobs. false: they may be cyclic or not.
 */
static bool fits_order(const struct var_base *base, const struct varset *s)
{
	if (!base->acyclic || !base->ordered)
		return false;
	for (const struct varset *up = s; up != base->set; up = up->below)
		for (size_t i = 0; up->n_refs && i < up->n; i++)
			if (up->v[i].refs && !keeps_order(base, s, &up->v[i]))
				return false;
	return true;
}

bool var_base_check_cycles(const struct var_base *base, struct arena *a, const struct varset *s,
	uint64_t *work, struct str *error)
{
	struct sorter t = {.a = a, .set = s, .check_only = true};
	size_t refs = refs_above(base, s);

	if (!base->acyclic && !refs && !defines_any(base, s, &base->names, false)) {
		*error = base->error;
		return false;
	}
	if (base->acyclic && (!refs || fits_order(base, s)))
		return true;
	/* Every cycle has a definition of an upper set in it, so the lower must refer to one. */
	if (base->acyclic && !defines_any(base, s, &base->used, true))
		t.settled = base->set;
	return spend(work, walk_cost(s, t.settled), error) && sort_entries(&t, error);
}

/* The base's values hold whatever lies on it, unless that defines what they refer to. */
static bool base_holds(struct var_base *base, const struct varset *s, uint64_t *work)
{
	struct str why;

	if (!base->acyclic || !base->simple || defines_any(base, s, &base->used, false))
		return false;
	if (base->is_expanded)
		return true;
	base->is_expanded = true;
	base->simple = spend(work, base->cost, &why) &&
		       varset_sort_and_expand(base->a, base->set, false, &base->expanded, &why);
	if (!base->simple)
		return false;
	for (size_t i = 0; i < base->expanded.n; i++)
		base->expanded.v[i].refs = false;
	base->expanded.n_refs = 0;
	return true;
}

/* The sets above the base once more, on its expanded values. */
static const struct varset *on_expanded(
	const struct var_base *base, struct arena *a, const struct varset *s)
{
	struct varset *copy;

	if (s == base->set)
		return &base->expanded;
	copy = arena_new(a, struct varset);
	*copy = *s;
	copy->below = on_expanded(base, a, s->below);
	return copy;
}

bool var_base_sort_and_expand(struct var_base *base, struct arena *a, const struct varset *s,
	uint64_t *work, struct varset *out, struct str *error)
{
	struct sorter t = {.a = a, .set = s};

	varset_init_on(out, a, s);
	if (base_holds(base, s, work))
		t.settled = base->set;
	if (!spend(work, walk_cost(s, t.settled), error))
		return false;
	if (t.settled) {
		t.set = out->below = on_expanded(base, a, s);
		t.settled = &base->expanded;
	}
	bool ok = sort_entries(&t, error);
	if (ok)
		put_expanded(&t, out);
	return spend(work, 1 + t.total / 64, error) && ok;
}
