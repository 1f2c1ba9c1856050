/*
 * $[[ inputs.name | function ]] in every string and key of a file that has a header. GitLab,
 * lib/gitlab/ci/config/interpolation (template.rb, block.rb, access.rb).
 */
#include "base/base.h"

#include "config/inputs.h"

struct block {
	struct str whole; /* with the brackets */
	struct str data;
};

static const struct node *block_fault(
	struct interpolation *in, const char *code, struct span at, const char *gitlab)
{
	fault(in->root, code, at, fmt_in(in->root, "=%s", gitlab), "%s", gitlab);
	return NULL;
}

static bool is_blank_char(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t skip_blanks(struct str s, size_t at)
{
	while (at < s.n && is_blank_char(s.p[at]))
		at++;
	return at;
}

/*
 * The next block from *at on: "$[[", at least two characters that are no blanks at their ends and
 * have no line end inside, "]]". *dead: data that starts before it can't end.
 */
static bool next_block(struct str s, size_t *at, size_t *dead, struct block *out)
{
	for (size_t i = *at; i + 2 < s.n; i++) {
		size_t from, end;

		if (s.p[i] != '$' || s.p[i + 1] != '[' || s.p[i + 2] != '[')
			continue;
		from = skip_blanks(s, i + 3);
		if (from < *dead)
			continue;
		for (end = from + 2; end <= s.n; end++) {
			size_t close = end;

			if (end - from > 2 && s.p[end - 2] == '\n')
				break;
			if (is_blank_char(s.p[end - 1]))
				continue;
			close = skip_blanks(s, end);
			if (close + 1 < s.n && s.p[close] == ']' && s.p[close + 1] == ']') {
				out->data = str_sub(s, from, end);
				out->whole = str_sub(s, i, close + 2);
				*at = close + 2;
				return true;
			}
		}
		*dead = end;
	}
	return false;
}

/* --- access: inputs.a[0].b --- */

static const struct node *index_into(struct interpolation *in, const struct node *n,
	struct str path, struct str digits, struct span at)
{
	const struct frame *f = in->root;
	uint64_t i;

	if (!parse_u64(digits, &i))
		return block_fault(in, "bad-input-access", at,
			fmt_in(f,
				"invalid array index in `" STR_FMT "`: `" STR_FMT
				"` is not a valid index",
				STR_ARG(path), STR_ARG(digits)));
	if (!node_is(n, NODE_SEQ))
		return block_fault(in, "bad-input-access", at,
			fmt_in(f,
				"cannot index into non-array value at [" STR_FMT "] in `" STR_FMT
				"`",
				STR_ARG(digits), STR_ARG(path)));
	if (i >= n->u.seq.n)
		return block_fault(in, "bad-input-access", at,
			fmt_in(f,
				"array index " STR_FMT " out of bounds (size: %u) in `" STR_FMT "`",
				STR_ARG(digits), n->u.seq.n, STR_ARG(path)));
	return n->u.seq.items[i];
}

static struct diag *unknown(struct interpolation *in, struct str name, struct str path,
	struct span at, const char *ours)
{
	const struct frame *f = in->root;

	return fault(f, "unknown-input", at,
		fmt_in(f, "=unknown interpolation provided: `" STR_FMT "` in `" STR_FMT "`",
			STR_ARG(name), STR_ARG(path)),
		"%s", ours);
}

/* The first part behind `inputs.` or `component.`; or what stands there instead of them. */
static const struct node *no_such_name(
	struct interpolation *in, struct str root, struct str name, struct str path, struct span at)
{
	static const struct str roots[] = {STR_INIT("inputs"), STR_INIT("component")};
	const struct frame *f = in->root;
	struct diag *d;

	if (str_is(root, "inputs")) {
		d = unknown(in, name, path, at,
			fmt_in(f, "there is no input '" STR_FMT "'", STR_ARG(name)));
		note_nearest_key(f, d, name, &in->inputs, NULL, STR_NULL);
	} else if (str_is(root, "component")) {
		d = unknown(in, name, path, at,
			fmt_in(f, "'" STR_FMT "' is no fact that 'spec:component' asks for",
				STR_ARG(name)));
		note_nearest_key(f, d, name, &in->component, NULL, STR_NULL);
	} else {
		d = unknown(in, root, path, at,
			fmt_in(f,
				"a $[[ ]] block begins with 'inputs.' or 'component.', not "
				"'" STR_FMT ".'",
				STR_ARG(root)));
		note_nearest(f, d, root, roots, ARRAY_SIZE(roots));
	}
	return NULL;
}

static const struct node *named(struct interpolation *in, const struct node *n, struct str name,
	struct str path, struct span at)
{
	const struct node *value = node_is(n, NODE_MAP) ? node_get_str(n, name) : NULL;

	if (!value)
		unknown(in, name, path, at,
			fmt_in(in->root, "there is no '" STR_FMT "' in '" STR_FMT "'",
				STR_ARG(name), STR_ARG(path)));
	return value;
}

/* "name[1][2]": the name through get, then each index. */
static const struct node *take_part(struct interpolation *in, const struct node *n, bool first,
	struct str part, struct str path, struct span at)
{
	size_t bracket = str_chr(part, '[');
	struct str name = str_sub(part, 0, bracket == STR_NPOS ? part.n : bracket);
	struct str rest = bracket == STR_NPOS ? STR_NULL : str_from(part, bracket);
	unsigned count = 0;

	if (first) {
		struct input_def *def = map_get(&in->inputs, name);

		if (!def && in->inputs_unknown)
			return NULL;
		n = def ? def->value : NULL;
		if (!def)
			return no_such_name(in, STR("inputs"), name, path, at);
	} else {
		n = named(in, n, name, path, at);
	}
	while (n && rest.n) {
		size_t close = str_chr(rest, ']');

		if (rest.p[0] != '[' || close == STR_NPOS)
			return named(in, NULL, part, path, at);
		if (++count > LIMIT_ACCESS_DEPTH)
			return block_fault(in, "bad-input-access", at,
				fmt_in(in->root,
					"too many array indices in `" STR_FMT
					"` (maximum depth: %d)",
					STR_ARG(path), LIMIT_ACCESS_DEPTH));
		n = index_into(in, n, path, str_sub(rest, 1, close), at);
		rest = str_from(rest, close + 1);
	}
	return n;
}

static const struct node *access_value(struct interpolation *in, struct str path, struct span at)
{
	struct str_split it = str_split(path, '.');
	const struct node *n = NULL;
	struct str part, root;
	unsigned i = 0;

	if (path.n > LIMIT_ACCESS_BYTES)
		return block_fault(in, "bad-input-access", at,
			"maximum interpolation expression size exceeded");
	str_split_next(&it, &root);
	if (str_chr(path, '.') == STR_NPOS)
		return block_fault(in, "bad-input-access", at,
			"invalid pattern used for interpolation. valid pattern is $[[ inputs.input "
			"]]");
	if (!str_is(root, "inputs") && !str_is(root, "component"))
		return no_such_name(in, root, STR_NULL, path, at);
	while (str_split_next(&it, &part)) {
		/* The last of at most five parts takes the rest. */
		if (++i == LIMIT_ACCESS_DEPTH - 1 && !it.done)
			part = str_from(path, (size_t)(part.p - path.p));
		if (i == 1 && str_is(root, "component")) {
			n = map_get(&in->component, part);
			if (!n && in->component_unknown)
				return NULL;
			if (!n)
				return no_such_name(in, root, part, path, at);
		} else {
			n = take_part(in, n, i == 1, part, path, at);
		}
		if (!n || i == LIMIT_ACCESS_DEPTH - 1)
			break;
	}
	return n;
}

/* --- blocks --- */

static bool is_matrix(struct str data)
{
	struct str_split bars = str_split(data, '|');
	struct str first;

	str_split_next(&bars, &first);
	first = str_trim(first);
	return str_eq(str_sub(first, 0, MIN(str_chr(first, '.'), first.n)), STR("matrix"));
}

static const struct node *block_value(
	struct interpolation *in, const struct block *b, struct span at)
{
	struct str_split bars = str_split(b->data, '|');
	struct str part, calls[LIMIT_INPUT_FUNCTIONS + 1];
	const struct node *n;
	size_t count = 0;

	str_split_next(&bars, &part);
	n = access_value(in, str_trim(part), at);
	if (!n)
		return NULL;
	while (str_split_next(&bars, &part)) {
		if (count == LIMIT_INPUT_FUNCTIONS)
			return block_fault(in, "bad-function", at,
				"too many functions in interpolation block");
		calls[count++] = str_trim(part);
	}
	for (size_t i = 0; n && i < count; i++)
		n = input_function(in, calls[i], n, at);
	return n;
}

/* Each different block is evaluated, and complained about, once. */
static const struct node *cached_value(
	struct interpolation *in, const struct block *b, struct span at)
{
	static const struct node failed;
	const struct node *n = map_get(&in->cache, b->whole);

	if (!n) {
		if (++in->blocks > LIMIT_BLOCKS)
			return block_fault(
				in, "too-many-blocks", at, "too many interpolation blocks");
		n = block_value(in, b, at);
		map_put(&in->cache, b->whole, (void *)(n ? n : &failed));
	}
	return n == &failed ? NULL : n;
}

static void add_value(struct buf *out, const struct node *n)
{
	if (n->kind == NODE_SEQ || n->kind == NODE_MAP)
		node_inspect(out, n);
	else
		buf_addstr(out, n->text);
}

/* A copy with the block's place, so that messages point at it and origin at the value. */
static struct node *typed_value(struct interpolation *in, const struct node *value, struct span at)
{
	struct node *n = copy_via(frame_arena(in->root), value, VIA_INPUT);

	if (n != value)
		n->at = at;
	return n;
}

static struct node *replace_text(struct interpolation *in, struct node *n)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	size_t at = 0, dead = 0, copied = 0;
	struct block b;
	struct node *made;

	if (n->text.n > LIMIT_TEMPLATE_BYTES) {
		block_fault(in, "text-too-long", n->at, "config node has too many entries");
		return unknown_node(in->root->c, n->at);
	}
	while (next_block(n->text, &at, &dead, &b)) {
		const struct node *value;

		if (is_matrix(b.data))
			continue;
		value = cached_value(in, &b, n->at);
		if (in->blocks > LIMIT_BLOCKS)
			return n;
		if (!value)
			return unknown_node(in->root->c, n->at);
		if (b.whole.n == n->text.n)
			return typed_value(in, value, n->at);
		buf_addstr(&out, str_sub(n->text, copied, (size_t)(b.whole.p - n->text.p)));
		add_value(&out, value);
		copied = (size_t)(b.whole.p - n->text.p) + b.whole.n;
		if (out.n > LIMIT_EXPANDED_BYTES) {
			block_fault(in, "text-too-long", n->at, "a text with $[[ ]] is too long");
			return unknown_node(in->root->c, n->at);
		}
	}
	if (!copied)
		return n;
	buf_addstr(&out, str_from(n->text, copied));
	made = node_new_str(
		frame_arena(in->root), arena_str(frame_arena(in->root), buf_str(&out)), n->at);
	made->quoted = true;
	made->via = VIA_INPUT;
	made->origin = n;
	in->bytes += out.n;
	return made;
}

static struct node *replace(struct interpolation *in, struct node *n);

static struct node *replace_seq(struct interpolation *in, struct node *n)
{
	struct node *out = node_new(frame_arena(in->root), NODE_SEQ, n->at);

	out->via = n->via;
	out->origin = n->origin;
	node_each (item, n) {
		struct node *made = replace(in, item);

		/* An array in the place of an item is spliced in. */
		if (item->kind == NODE_STRING && made->kind == NODE_SEQ) {
			in->bytes += made->u.seq.n * sizeof(*made->u.seq.items);
			node_each (part, made) {
				node_seq_push(frame_arena(in->root), out, part);
			}
		} else {
			node_seq_push(frame_arena(in->root), out, made);
		}
	}
	return out;
}

/* A key that is not known stays as it is written, and others may be meant with the same words. */
static struct node *replace_key(struct interpolation *in, struct node *key)
{
	struct node *made = replace(in, key);

	if (!node_is_unknown(made))
		return made;
	in->root->c->incomplete = true;
	return key;
}

static struct node *replace_map(struct interpolation *in, struct node *n)
{
	struct node *out = node_new(frame_arena(in->root), NODE_MAP, n->at);

	out->via = n->via;
	out->origin = n->origin;
	node_each_pair(pair, n)
	{
		node_map_put(frame_arena(in->root), out, replace_key(in, pair->key),
			replace(in, pair->value));
	}
	return out;
}

static struct node *replace(struct interpolation *in, struct node *n)
{
	if (in->blocks > LIMIT_BLOCKS || in->bytes > LIMIT_INPUT_BYTES)
		return n;
	switch (n->kind) {
	case NODE_STRING:
		return str_find(n->text, STR("$[[")) == STR_NPOS ? n : replace_text(in, n);
	case NODE_SEQ:
		return replace_seq(in, n);
	case NODE_MAP:
		return replace_map(in, n);
	case NODE_NULL:
	case NODE_BOOL:
	case NODE_INT:
	case NODE_FLOAT:
	case NODE_REFERENCE: /* its arguments are opaque to GitLab's template */
		break;
	}
	return n;
}

struct node *interpolate(struct interpolation *in, struct node *content)
{
	struct node *out = replace(in, content);

	in->too_large = in->bytes > LIMIT_INPUT_BYTES || in->blocks > LIMIT_BLOCKS;
	if (in->bytes > LIMIT_INPUT_BYTES)
		block_fault(in, "text-too-long", content->at,
			"inputs make the file larger than can be computed with");
	return out;
}
