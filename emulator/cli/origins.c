#include "base/base.h"

#include "emulator/cli/origins.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "config/config.h"
#include "pipeline/pipeline.h"
#include "source/diag_print.h"
#include "yaml/node.h"

/* GitLab refuses longer chains of extends; a definition that was accepted has none. */
#define MAX_PARENTS 16

static const char *via_words(enum node_via via)
{
	switch (via) {
	case VIA_ALIAS:
		return "an alias";
	case VIA_EXTENDS:
		return "extends";
	case VIA_DEFAULT:
		return "default";
	case VIA_REFERENCE:
		return "!reference";
	case VIA_INCLUDE:
		return "include";
	case VIA_INPUT:
		return "an input";
	case VIA_MATRIX:
		return "a matrix";
	case VIA_NONE:
	case VIA_UNKNOWN:
		break;
	}
	return NULL;
}

/* The place that wrote a value, behind all copies. */
static struct span written_at(const struct node *n)
{
	while (n->origin)
		n = n->origin;
	return n->at;
}

/* Keywords that are checked but that only a GitLab server can serve. */
static bool needs_gitlab(struct str keyword)
{
	static const char *const names[] = {
		"secrets", "identity", "pages", "publish", "dast_configuration"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_is(keyword, names[i]))
			return true;
	return false;
}

/* ---- the templates on the way ---- */

/* One keyword of a job, or one key of its mapping. */
struct path {
	struct str keyword, key; /* key: empty for the keyword itself */
};

static const struct node *value_in(const struct node *job, const struct path *p)
{
	const struct node *n = node_get_str(job, p->keyword);
	return p->key.n && n ? (n->kind == NODE_MAP ? node_get_str(n, p->key) : NULL) : n;
}

static bool same_place(const struct node *a, const struct node *b)
{
	struct loc x = written_at(a).begin, y = written_at(b).begin;
	return x.line && x.source == y.source && x.line == y.line && x.col == y.col;
}

/* The parent that the value was taken from: the last of the list that has the very same one. */
static const struct job_def *giver(const struct config *c, const struct node *job,
	const struct path *p, const struct node *value)
{
	const struct node *extends = node_get(job, "extends");
	bool many = node_is(extends, NODE_SEQ);
	for (size_t i = !extends ? 0 : many ? extends->u.seq.n : 1; i-- > 0;) {
		const struct node *name = many ? extends->u.seq.items[i] : extends;
		const struct job_def *one = config_job(c, name->text);
		const struct node *theirs = one ? value_in(one->node, p) : NULL;
		if (theirs && same_place(theirs, value))
			return one;
	}
	return NULL;
}

/* The templates on the way, nearest first. Keys of merged mappings have no mark of their own. */
static size_t givers(const struct load *l, const struct node *job, const struct path *p,
	struct str names[MAX_PARENTS])
{
	const struct job_def *parent;
	const struct node *value = value_in(job, p);
	size_t n = 0;
	if (!value || value->via == VIA_DEFAULT)
		return 0;
	while (n < MAX_PARENTS && (parent = giver(l->config, job, p, value))) {
		names[n++] = parent->name.s;
		job = parent->node;
	}
	return n;
}

/* ---- parts of lists ---- */

/* The next item that is not written where the list is, or NULL. */
static const struct node *next_part(const struct node *list, size_t *i)
{
	while (node_is(list, NODE_SEQ) && *i < list->u.seq.n) {
		const struct node *item = list->u.seq.items[(*i)++];
		if (item->via != list->via &&
			(item->via == VIA_REFERENCE || item->via == VIA_ALIAS))
			return item;
	}
	return NULL;
}

/* ---- keys of mappings ---- */

/* Whether its keys came from several places, or took several ways. */
static bool is_mixed(const struct node *value)
{
	if (!node_is(value, NODE_MAP))
		return false;
	struct span whole = written_at(value);
	node_each_pair(pair, value)
	{
		struct loc at = written_at(pair->value).begin;
		if (!at.line)
			continue;
		if (at.source != whole.begin.source || loc_before(at, whole.begin) ||
			loc_before(whole.end, at))
			return true;
	}
	return false;
}

/* ---- text ---- */

static void say_ways(struct buf *out, const struct load *l, const struct job *j,
	const struct node *value, const struct path *p)
{
	struct str names[MAX_PARENTS];
	size_t many = givers(l, j->def->node, p, names);
	unsigned seen = 1u << VIA_EXTENDS;
	const char *between = "  through ";
	for (size_t i = 0; i < many; i++)
		buf_printf(
			out, "%s" STR_FMT, i ? ", " : "  through extends of ", STR_ARG(names[i]));
	if (many)
		between = ", ";
	for (const struct node *n = value; n; n = n->origin) {
		const char *words = via_words(n->via);
		if (!words || seen >> n->via & 1)
			continue;
		seen |= 1u << n->via;
		buf_printf(out, "%s%s", between, words);
		between = ", ";
	}
}

static void say_parts(struct cli *c, const struct load *l, const struct node *value)
{
	size_t i = 0;
	const struct node *part;
	struct str last = STR_NULL;
	const char *between = "; parts from ";
	while ((part = next_part(value, &i))) {
		struct str at = place_text(&c->arena, &l->sources, written_at(part));
		if (!at.n || str_eq(at, last))
			continue;
		last = at;
		buf_printf(&c->out, "%s" STR_FMT " through %s", between, STR_ARG(at),
			via_words(part->via));
		between = ", ";
	}
}

static void say_one(struct cli *c, const struct load *l, const struct job *j,
	const struct node *value, const struct path *p, size_t width)
{
	struct buf *out = &c->out;
	struct str at = place_text(&c->arena, &l->sources, written_at(value));
	buf_adds(out, p->key.n ? "    " : "  ");
	pad_text(out, p->key.n ? p->key : p->keyword, p->key.n ? width - 2 : width);
	buf_adds(out, "  ");
	buf_addstr(out, at.n ? at : STR("(not written)"));
	say_ways(out, l, j, value, p);
	say_parts(c, l, value);
	if (!p->key.n && needs_gitlab(p->keyword))
		buf_adds(out, "  (needs GitLab: has no effect here)");
	buf_addc(out, '\n');
}

/* ---- files ---- */

/* Marks the file of each place, and the files that included it. */
static void mark_file(const struct load *l, struct loc at, bool *used)
{
	while (at.line && at.source && at.source <= l->sources.n && !used[at.source - 1]) {
		used[at.source - 1] = true;
		at = l->sources.v[at.source - 1]->included_from.begin;
	}
}

static bool *used_files(const struct load *l, const struct job *j)
{
	bool *used = arena_array(&l->c->arena, bool, l->sources.n + 1);
	mark_file(l, j->def->name.at.begin, used);
	node_each_pair(pair, j->def->node)
	{
		mark_file(l, written_at(pair->value).begin, used);
		const struct node *part;
		size_t i = 0;
		while ((part = next_part(pair->value, &i)))
			mark_file(l, written_at(part).begin, used);
		if (is_mixed(pair->value))
			node_each_pair(sub, pair->value)
				mark_file(l, written_at(sub->value).begin, used);
	}
	return used;
}

static void say_files(struct cli *c, const struct load *l, const struct job *j)
{
	const bool *used = used_files(l, j);
	bool first = true;
	for (size_t i = 0; i < l->sources.n; i++) {
		const struct source *src = l->sources.v[i];
		if (!used[i] || !src->included_from.begin.line)
			continue;
		if (first)
			buf_adds(&c->out, "\nwhere these files come from:\n");
		first = false;
		struct str at = place_text(&c->arena, &l->sources, src->included_from);
		buf_printf(&c->out, "  " STR_FMT "  included at " STR_FMT "\n", STR_ARG(src->name),
			STR_ARG(at));
	}
}

void origins_say(struct cli *c, const struct load *l, const struct job *j)
{
	size_t width = 0;
	node_each_pair(pair, j->def->node)
	{
		width = MAX(width, str_width(pair->key->text));
		if (is_mixed(pair->value))
			node_each_pair(sub, pair->value) width =
				MAX(width, MIN(str_width(sub->key->text) + 2, 32));
	}
	buf_adds(&c->out, "\nwhere its keywords come from:\n");
	node_each_pair(pair, j->def->node)
	{
		struct path p = {pair->key->text, STR_NULL};
		say_one(c, l, j, pair->value, &p, width);
		if (!is_mixed(pair->value))
			continue;
		node_each_pair(sub, pair->value)
		{
			p.key = sub->key->text;
			say_one(c, l, j, sub->value, &p, width);
		}
	}
	say_files(c, l, j);
}

/* ---- JSON ---- */

static struct node *parts_tree(const struct load *l, const struct node *value)
{
	struct arena *a = &l->c->arena;
	struct node *seq = tree_seq(a);
	const struct node *part;
	size_t i = 0;
	while ((part = next_part(value, &i))) {
		struct node *m = tree_map(a);
		tree_int(a, m, "item", (int64_t)i - 1);
		tree_place(a, m, "source", &l->sources, written_at(part));
		tree_str(a, m, "through", str_c(via_words(part->via)));
		node_seq_push(a, seq, m);
	}
	return seq;
}

static struct node *one_tree(
	const struct load *l, const struct job *j, const struct node *value, const struct path *p)
{
	struct arena *a = &l->c->arena;
	struct node *m = tree_map(a), *through = tree_seq(a), *extends = tree_seq(a);
	struct str names[MAX_PARENTS];
	tree_str(a, m, p->key.n ? "key" : "keyword", p->key.n ? p->key : p->keyword);
	tree_place(a, m, "source", &l->sources, written_at(value));
	for (const struct node *n = value; n; n = n->origin)
		if (via_words(n->via))
			tree_push_str(a, through, str_c(via_words(n->via)));
	size_t many = givers(l, j->def->node, p, names);
	for (size_t i = 0; i < many; i++)
		tree_push_str(a, extends, names[i]);
	tree_put(a, m, "through", through);
	tree_put(a, m, "extends", extends);
	tree_put(a, m, "parts", parts_tree(l, value));
	return m;
}

struct node *origins_tree(const struct load *l, const struct job *j)
{
	struct arena *a = &l->c->arena;
	struct node *seq = tree_seq(a);
	node_each_pair(pair, j->def->node)
	{
		struct path p = {pair->key->text, STR_NULL};
		struct node *m = one_tree(l, j, pair->value, &p), *keys = tree_seq(a);
		if (is_mixed(pair->value))
			node_each_pair(sub, pair->value)
			{
				p.key = sub->key->text;
				node_seq_push(a, keys, one_tree(l, j, sub->value, &p));
			}
		tree_put(a, m, "keys", keys);
		tree_bool(a, m, "needs_gitlab", needs_gitlab(pair->key->text));
		node_seq_push(a, seq, m);
	}
	return seq;
}

struct node *origins_files(const struct load *l, const struct job *j)
{
	struct arena *a = &l->c->arena;
	struct node *seq = tree_seq(a);
	const bool *used = used_files(l, j);
	for (size_t i = 0; i < l->sources.n; i++) {
		const struct source *src = l->sources.v[i];
		if (!used[i])
			continue;
		struct node *m = tree_map(a);
		tree_str(a, m, "file", src->name);
		tree_place(a, m, "included_at", &l->sources, src->included_from);
		node_seq_push(a, seq, m);
	}
	return seq;
}
