#include "base/base.h"

#include "yaml/yaml_internal.h"

#include <yaml.h>

/*
 * Nodes in one document, what aliases add included. GitLab's measure of the loaded structure would
 * not bound the work: it comes last, and does not count the values that a later duplicate replaced.
 */
#define MAX_NODES ((size_t)350000)

/* Errors about values that are told; a document with more has one cause for them. */
#define MAX_FAULTS 100

struct anchor {
	struct node *node;
	size_t count;    /* nodes below and at it; 0 while it is open */
	unsigned height; /* containers nested in it, itself included */
};

struct frame {
	struct node *node;
	struct node *key; /* of a map: read, its value is awaited */
	bool key_merges;  /* that key is a `<<` that merges */
	struct yaml_flags flags;
	struct anchor *anchor;
	enum tag_effect effect;
	size_t count;
	unsigned height;
};

struct reader {
	struct yaml_builder b;
	const struct yaml_part *part;
	struct loc base;   /* place of the part's first byte */
	uint32_t *char_at; /* byte offset of each character, where libyaml's lines are not ours */
	size_t n_chars;
	yaml_parser_t parser;
	struct map anchors;
	VEC(struct frame) stack;
	struct node *root;
	size_t nodes;
	unsigned faults;
	bool failed;  /* an error was added */
	bool stopped; /* reading on makes no sense */
};

/* Number of the character at or in front of a byte offset of the part. */
static size_t char_number(const struct reader *r, size_t offset)
{
	size_t lo = 0, hi = r->n_chars + 1;

	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (r->char_at[mid] <= offset)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* The place of a character by its number, with the lines that editors count. */
static struct loc place_of_char(const struct reader *r, size_t n)
{
	const struct source *src = r->part->src;
	size_t offset = r->part->from + r->char_at[MIN(n, r->n_chars)];
	size_t lo = 0, hi = src->n_lines, start;

	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (src->line_at[mid] <= offset)
			lo = mid;
		else
			hi = mid;
	}
	start = src->line_at[lo];
	if (start <= r->part->from)
		return loc_at(r->base.source, lo + 1, r->base.col + n);
	return loc_at(
		r->base.source, lo + 1, (uint32_t)(n - char_number(r, start - r->part->from)) + 1);
}

static struct loc place(const struct reader *r, yaml_mark_t m)
{
	if (r->char_at)
		return place_of_char(r, m.index);
	return loc_at(r->base.source, r->base.line + m.line, (m.line ? 1 : r->base.col) + m.column);
}

static struct span place_of(const struct reader *r, const yaml_event_t *e)
{
	return (struct span){place(r, e->start_mark), place(r, e->end_mark)};
}

/* Notes a fault; true where it is to be told. */
static bool tell(struct reader *r)
{
	r->failed = true;
	return r->faults++ < MAX_FAULTS;
}

static void fail(
	struct reader *r, const char *code, struct span at, const char *gitlab, struct str text)
{
	struct diag *d;

	if (!tell(r))
		return;
	d = diag_error(r->b.diags, code, at, STR_FMT, STR_ARG(text));
	diag_set_gitlab(r->b.diags, d, "%s", gitlab);
}

static void fail_too_big(struct reader *r, struct span at, const char *text)
{
	r->faults = 0; /* this one is told in any case */
	fail(r, "yaml-too-big", at, "The parsed YAML is too big", str_c(text));
	r->stopped = true;
}

static void fail_class(struct reader *r, struct span at, struct str klass, struct str what)
{
	struct diag *d;

	if (!tell(r))
		return;
	d = diag_error(r->b.diags, "yaml-class", at, STR_FMT, STR_ARG(what));
	diag_set_gitlab(r->b.diags, d, "Tried to load unspecified class: " STR_FMT, STR_ARG(klass));
}

static void fail_alias(struct reader *r, struct span at, struct str name)
{
	struct diag *d;

	if (!tell(r))
		return;
	d = diag_error(r->b.diags, "unknown-alias", at,
		"alias '*" STR_FMT "' has no anchor before it in this file", STR_ARG(name));
	diag_set_gitlab(r->b.diags, d, "Unknown alias: " STR_FMT, STR_ARG(name));
}

static void fail_invalid(struct reader *r, struct span at, struct str what)
{
	fail(r, "yaml-invalid", at, "Invalid YAML syntax", what);
}

/* ------------------------------------------------------------------ scalars */

static void type_plain(struct reader *r, struct node *n, struct str text)
{
	struct arena *a = r->b.arena;

	switch (yaml_scan_scalar(a, text, n)) {
	case SCALAR_OK:
		break;
	case SCALAR_DATE:
		fail_class(r, n->at, STR("Date"),
			arena_printf(a,
				"'" STR_FMT "' is a date, which is not allowed: put it in quotes",
				STR_ARG(text)));
		break;
	case SCALAR_TIME:
		fail_class(r, n->at, STR("Time"),
			arena_printf(a,
				"'" STR_FMT "' is a time, which is not allowed: put it in quotes",
				STR_ARG(text)));
		break;
	case SCALAR_INVALID:
		fail_invalid(r, n->at,
			arena_printf(a,
				"'" STR_FMT "' looks like a number but is none: put it in quotes",
				STR_ARG(text)));
		break;
	case SCALAR_TOO_LONG:
		fail_invalid(r, n->at, STR("a number with too many digits: put it in quotes"));
		break;
	}
}

static struct str inspect(struct arena *a, const struct node *n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	node_inspect(&b, n);
	return arena_str(a, buf_str(&b));
}

/* A !reference of something that is no sequence: GitLab refuses it when it resolves references. */
static void make_bad_reference(struct reader *r, struct node *n, const struct node *data)
{
	/* Rails' presence: what is blank is passed over, and the empty sequence is left. */
	n->text = node_is_blank(data) ? STR("[]") : inspect(r->b.arena, data);
	n->kind = NODE_REFERENCE;
	memset(&n->u, 0, sizeof(n->u));
}

static void apply_scalar_tag(struct reader *r, struct node *n, struct str tag, struct str text)
{
	struct str klass;
	struct node tmp = {.kind = NODE_STRING, .text = text};

	switch (yaml_tag(tag, NODE_STRING, &klass)) {
	case TAG_STR:
		break;
	case TAG_BINARY:
		n->text = yaml_base64(r->b.arena, text);
		break;
	case TAG_FLOAT:
		type_plain(r, n, text);
		if (n->kind == NODE_INT)
			node_set_float(
				r->b.arena, n, strtod(arena_cstr(r->b.arena, n->text), NULL));
		else if (n->kind != NODE_FLOAT && !yaml_ruby_float(r->b.arena, text, n))
			fail_invalid(r, n->at,
				arena_printf(r->b.arena,
					"'" STR_FMT "' is tagged as a number but is none",
					STR_ARG(text)));
		break;
	case TAG_REFERENCE:
		make_bad_reference(r, n, &tmp);
		break;
	case TAG_NAMED:
		klass = text;
		__attribute__((fallthrough));
	case TAG_CLASS:
		fail_class(r, n->at, klass,
			arena_printf(r->b.arena, "tag '" STR_FMT "' is not allowed", STR_ARG(tag)));
		break;
	case TAG_NONE:
	case TAG_OMAP:
	case TAG_STR_MAP:
		type_plain(r, n, text);
		break;
	}
}

static struct str tag_of(const yaml_char_t *tag)
{
	return str_c((const char *)tag);
}

static struct node *scalar_node(struct reader *r, const yaml_event_t *e)
{
	struct node *n = node_new(r->b.arena, NODE_STRING, place_of(r, e));
	struct str text = arena_str(
		r->b.arena, str_n((const char *)e->data.scalar.value, e->data.scalar.length));
	struct str tag = tag_of(e->data.scalar.tag);

	n->text = text;
	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (e->data.scalar.quoted_implicit && !str_is(tag, "!reference"))
		return n;
	if (tag.n)
		apply_scalar_tag(r, n, tag, text);
	else
		type_plain(r, n, text);
	return n;
}

/* --------------------------------------------------------------- structure */

/* Counts nodes before they are made. */
static bool admit(struct reader *r, size_t n, struct span at)
{
	r->nodes += n;
	if (r->nodes > MAX_NODES && !r->stopped)
		fail_too_big(r, at,
			"the definition holds too many values once its aliases are expanded");
	return !r->stopped;
}

static struct anchor *define_anchor(struct reader *r, const yaml_char_t *name, struct node *n)
{
	struct anchor *an;

	if (!name)
		return NULL;
	an = arena_new(r->b.arena, struct anchor);
	an->node = n;
	map_put(&r->anchors, arena_str(r->b.arena, tag_of(name)), an);
	return an;
}

static struct frame *top(struct reader *r)
{
	return r->stack.n ? &r->stack.v[r->stack.n - 1] : NULL;
}

static void take_key(struct frame *f, struct node *n, bool str_tagged)
{
	f->key = n;
	f->key_merges = n->kind == NODE_STRING && str_is(n->text, "<<") && !str_tagged;
}

/* Hands a finished node to the container that is open, or makes it the root. */
static void deliver(struct reader *r, struct node *n, size_t count, unsigned height,
	bool from_alias, bool str_tagged)
{
	struct frame *f = top(r);
	struct node *key;

	if (!f) {
		r->root = n;
		return;
	}
	f->count += count;
	f->height = MAX(f->height, height);
	if (f->node->kind != NODE_MAP) {
		f->node->u.seq.items = yaml_room(&r->b, f->node->u.seq.items, f->node->u.seq.n,
			&f->node->u.seq.cap, sizeof(struct node *));
		node_seq_push(r->b.arena, f->node, n);
		return;
	}
	if (!f->key) {
		take_key(f, n, str_tagged);
		return;
	}
	key = f->key;
	f->key = NULL;
	if (f->key_merges && yaml_merge(&r->b, f->node, &f->flags, key, n, from_alias))
		return;
	yaml_put(&r->b, f->node, &f->flags, key, n);
}

static void on_scalar(struct reader *r, const yaml_event_t *e)
{
	struct anchor *an;
	struct node *n;

	if (!admit(r, 1, place_of(r, e)))
		return;
	n = scalar_node(r, e);
	an = define_anchor(r, e->data.scalar.anchor, n);
	if (an) {
		an->count = 1;
		an->height = 0;
	}
	deliver(r, n, 1, 0, false, str_is(tag_of(e->data.scalar.tag), "tag:yaml.org,2002:str"));
}

/* Is the next node the value of a `<<`, or an item of the sequence that is? */
static bool in_merge(struct reader *r)
{
	struct frame *f = top(r), *up = r->stack.n > 1 ? f - 1 : NULL;

	if (f && f->node->kind == NODE_MAP)
		return f->key && f->key_merges;
	return f && f->node->kind == NODE_SEQ && up && up->node->kind == NODE_MAP && up->key &&
	       up->key_merges;
}

static size_t count_nodes(const struct node *n)
{
	size_t count = 1;

	if (n->kind == NODE_MAP)
		node_each_pair(p, n) count += count_nodes(p->key) + count_nodes(p->value);
	if (n->kind == NODE_SEQ || n->kind == NODE_REFERENCE)
		node_each (item, n)
			count += count_nodes(item);
	return count;
}

static void on_alias(struct reader *r, const yaml_event_t *e)
{
	struct str name = tag_of(e->data.alias.anchor);
	struct anchor *an = map_get(&r->anchors, name);
	struct span at = place_of(r, e);
	struct node *n;
	size_t count;

	if (!an) {
		fail_alias(r, at, name);
		deliver(r, node_new(r->b.arena, NODE_NULL, at), 1, 0, false, false);
		return;
	}
	/*
	 * Inside of its own anchor, Ruby makes a structure that contains itself, and GitLab's
	 * measure of it ends at the limit. Merging is the exception: it copies what the anchor
	 * holds so far.
	 */
	if (!an->count && (an->node->kind != NODE_MAP || !in_merge(r))) {
		fail(r, "yaml-too-big", at, "The parsed YAML is too big",
			arena_printf(r->b.arena,
				"alias '*" STR_FMT "' is used inside of its own anchor",
				STR_ARG(name)));
		deliver(r, node_new(r->b.arena, NODE_NULL, at), 1, 0, false, false);
		return;
	}
	count = an->count ? an->count : count_nodes(an->node);
	if (!admit(r, count, at))
		return;
	if (r->stack.n + an->height > YAML_MAX_DEPTH) {
		fail_too_big(
			r, at, "the definition is nested too deeply once its aliases are expanded");
		return;
	}
	n = node_clone(r->b.arena, an->node, VIA_ALIAS);
	n->at = at;
	deliver(r, n, count, an->height, true, false);
}

static void open_container(struct reader *r, const yaml_event_t *e, enum node_kind kind,
	const yaml_char_t *anchor, const yaml_char_t *tag_text)
{
	struct str tag = tag_of(tag_text), klass;
	struct span at = place_of(r, e);
	struct node *n = node_new(r->b.arena, kind, at);
	enum tag_effect effect = yaml_tag(tag, kind, &klass);
	struct frame f = {.node = n, .effect = effect, .count = 1};

	if (!admit(r, 1, at))
		return;
	if (r->stack.n >= YAML_MAX_DEPTH) {
		fail_too_big(r, at, "the definition is nested too deeply");
		return;
	}
	if (effect == TAG_CLASS)
		fail_class(r, at, klass,
			arena_printf(r->b.arena, "tag '" STR_FMT "' is not allowed", STR_ARG(tag)));
	/* Psych does not register the anchor of a sequence that a class of its own takes over. */
	if (effect != TAG_REFERENCE || kind == NODE_MAP)
		f.anchor = define_anchor(r, anchor, n);
	vec_push(&r->stack, f);
}

/* !!omap [a: 1, b: 2]: the first key and the last value of each item. */
static void join_omap(struct reader *r, struct node *n)
{
	struct node *map = node_new(r->b.arena, NODE_MAP, n->at);

	node_each (item, n) {
		if (item->kind != NODE_MAP || !item->u.map.n) {
			fail_invalid(r, item->at,
				STR("an item of an ordered mapping must be a mapping"));
			continue;
		}
		node_map_put(r->b.arena, map, item->u.map.pairs[0].key,
			item->u.map.pairs[item->u.map.n - 1].value);
	}
	n->kind = NODE_MAP;
	n->u.map = map->u.map;
}

static void apply_container_tag(struct reader *r, struct frame *f)
{
	struct node *n = f->node, copy = *n;
	const struct node *s;

	switch (f->effect) {
	case TAG_OMAP:
		join_omap(r, n);
		break;
	case TAG_STR_MAP:
		s = node_get(n, "str");
		if (!n->u.map.n) {
			n->kind = NODE_NULL;
			break;
		}
		if (!node_is(s, NODE_STRING)) {
			fail_invalid(r, n->at, STR("a mapping cannot be tagged as a string"));
			break;
		}
		n->kind = NODE_STRING;
		n->text = s->text;
		memset(&n->u, 0, sizeof(n->u));
		break;
	case TAG_REFERENCE:
		if (n->kind == NODE_MAP) {
			make_bad_reference(r, n, &copy);
			break;
		}
		n->text = inspect(r->b.arena, n);
		n->kind = NODE_REFERENCE;
		break;
	case TAG_NONE:
	case TAG_STR:
	case TAG_BINARY:
	case TAG_FLOAT:
	case TAG_CLASS:
	case TAG_NAMED:
		break;
	}
}

/* A block collection ends, for libyaml, where the next token starts; for people at its last item.
 */
static void set_end(struct reader *r, struct node *n, const yaml_event_t *e)
{
	const struct node *last = NULL;

	if (e->end_mark.index > e->start_mark.index) {
		n->at.end = place(r, e->end_mark); /* a bracket closes it */
		return;
	}
	if (n->kind == NODE_MAP && n->u.map.n)
		last = n->u.map.pairs[n->u.map.n - 1].value;
	if (n->kind == NODE_SEQ && n->u.seq.n)
		last = n->u.seq.items[n->u.seq.n - 1];
	if (last && last->at.end.source == n->at.begin.source)
		n->at.end = last->at.end;
}

static void close_container(struct reader *r, const yaml_event_t *e)
{
	struct frame f = *top(r);

	set_end(r, f.node, e);
	apply_container_tag(r, &f);
	if (f.anchor) {
		f.anchor->count = f.count;
		f.anchor->height = f.height + 1;
	}
	vec_release(&f.flags);
	r->stack.n--;
	deliver(r, f.node, f.count, f.height + 1, false, false);
}

/* Handles one event; true when the document is over. */
static bool on_event(struct reader *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		on_scalar(r, e);
		break;
	case YAML_ALIAS_EVENT:
		on_alias(r, e);
		break;
	case YAML_SEQUENCE_START_EVENT:
		open_container(
			r, e, NODE_SEQ, e->data.sequence_start.anchor, e->data.sequence_start.tag);
		break;
	case YAML_MAPPING_START_EVENT:
		open_container(
			r, e, NODE_MAP, e->data.mapping_start.anchor, e->data.mapping_start.tag);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_container(r, e);
		break;
	case YAML_DOCUMENT_END_EVENT:
	case YAML_STREAM_END_EVENT:
		return true;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_START_EVENT:
		break;
	}
	return r->stopped;
}

/* --------------------------------------------------------- errors of libyaml */

/* Web servers answer with a page where a file is missing; GitLab has a message of its own for that.
 */
static bool is_html(struct str text)
{
	static const char *const marks[] = {"<!doctype html", "<html"};
	char head[512];
	size_t n = MIN(text.n, sizeof(head));

	for (size_t i = 0; i < n; i++)
		head[i] = (char)tolower((unsigned char)text.p[i]);
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (str_find(str_n(head, n), str_c(marks[i])) != STR_NPOS)
			return true;
	return false;
}

static const char *advice(struct str text, struct span at, const char *problem)
{
	size_t i = at.begin.col;

	if (strstr(problem, "mapping values are not allowed"))
		return "a value that holds ': ' must be in quotes";
	if (strstr(problem, "cannot start any token") && i && i <= text.n) {
		if (text.p[i - 1] == '\t')
			return "YAML is indented with spaces, never with tabs";
		return "a value that starts with this character must be in quotes";
	}
	return NULL;
}

static void add_syntax_error(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "unknown problem";
	bool reading = p->error == YAML_READER_ERROR;
	struct loc at = reading ? source_loc(r->part->src, r->part->from + p->problem_offset)
				: place(r, p->context_mark);
	struct span span = {at, at};
	struct diag *d;
	const char *hint;

	r->failed = true;
	if (p->error == YAML_MEMORY_ERROR)
		die_oom(0);
	span.end.col++;
	d = diag_error(r->b.diags, "yaml-syntax", span, "invalid YAML: %s%s%s", problem,
		p->context ? " " : "", p->context ? p->context : "");
	if (is_html(str_sub(r->part->src->text, r->part->from, r->part->to)))
		diag_set_gitlab(r->b.diags, d, "Invalid configuration format");
	else
		diag_set_gitlab(r->b.diags, d, "(<unknown>): %s%s%s at line %zu column %zu",
			problem, p->context ? " " : "", p->context ? p->context : "",
			p->context_mark.line + 1, p->context_mark.column + 1);
	if (reading)
		return;
	if (p->problem_mark.index != p->context_mark.index) {
		struct loc seen = place(r, p->problem_mark);

		diag_note(r->b.diags, d, (struct span){seen, seen}, "noticed here");
	}
	hint = advice(source_line(r->part->src, at.line), span, problem);
	if (hint)
		diag_note(r->b.diags, d, SPAN_NONE, "%s", hint);
}

/* ------------------------------------------------------------------- reading */

/* U+0085, U+2028 and U+2029 end a line for libyaml; no editor counts them. */
static bool has_odd_breaks(struct str s)
{
	return str_find(s, STR("\xc2\x85")) != STR_NPOS ||
	       str_find(s, STR("\xe2\x80\xa8")) != STR_NPOS ||
	       str_find(s, STR("\xe2\x80\xa9")) != STR_NPOS;
}

static void index_chars(struct reader *r, struct str s)
{
	r->char_at = arena_alloc(r->b.arena, (s.n + 1) * sizeof(*r->char_at));
	for (size_t i = 0; i < s.n;) {
		size_t len = utf8_len(s.p + i, s.n - i);

		r->char_at[r->n_chars++] = (uint32_t)i;
		i += len ? len : 1;
	}
	r->char_at[r->n_chars] = (uint32_t)s.n;
}

static void run(struct reader *r)
{
	for (bool done = false; !done;) {
		yaml_event_t e;

		if (!yaml_parser_parse(&r->parser, &e)) {
			add_syntax_error(r);
			r->stopped = true;
			return;
		}
		done = on_event(r, &e);
		yaml_event_delete(&e);
	}
}

bool yaml_read_part(
	struct arena *a, const struct yaml_part *part, struct diags *d, struct node **out)
{
	struct reader r = {.b = {.arena = a, .diags = d}, .part = part};
	struct str text = str_sub(part->src->text, part->from, part->to);

	*out = NULL;
	r.base = source_loc(part->src, part->from);
	if (has_odd_breaks(text))
		index_chars(&r, text);
	map_init(&r.anchors, a);
	if (!yaml_parser_initialize(&r.parser))
		die_oom(0);
	/* GitLab hands over strings in UTF-8; libyaml must not guess UTF-16 from a byte order mark.
	 */
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&r.parser, (const unsigned char *)(text.n ? text.p : ""), text.n);
	run(&r);
	yaml_parser_delete(&r.parser);
	vec_each (struct frame *, f, &r.stack)
		vec_release(&f->flags);
	vec_release(&r.stack);
	if (!r.stopped)
		*out = r.root;
	return !r.failed;
}

void yaml_library(struct buf *out)
{
	buf_printf(out, "libyaml %s", yaml_get_version_string());
}
