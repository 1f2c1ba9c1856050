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

static const struct node *access_fault(
	struct interpolation *in, struct span at, const char *fmt, ...) PRINTF_LIKE(3, 4);

static const struct node *access_fault(
	struct interpolation *in, struct span at, const char *fmt, ...)
{
	struct str text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vprintf(frame_arena(in->root), fmt, ap);
	va_end(ap);
	return block_fault(in, "bad-input-access", at, text.p);
}

static const struct node *index_into(struct interpolation *in, const struct node *n,
	struct str path, struct str digits, struct span at)
{
	uint64_t i;

	if (!node_is(n, NODE_SEQ))
		return access_fault(in, at,
			"cannot index into non-array value at [" STR_FMT "] in `" STR_FMT "`",
			STR_ARG(digits), STR_ARG(path));
	if (!parse_u64(digits, &i) || i >= n->u.seq.n)
		return access_fault(in, at,
			"array index " STR_FMT " out of bounds (size: %u) in `" STR_FMT "`",
			STR_ARG(digits), n->u.seq.n, STR_ARG(path));
	return n->u.seq.items[i];
}

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isdigit((unsigned char)s.p[i]))
			return false;
	return s.n > 0;
}

/* What is wrong with the brackets of a part (GitLab, interpolation/access.rb). */
static void bad_indices(struct interpolation *in, struct str part, struct str path, struct span at)
{
	struct str rest = part;
	size_t opened = 0, closed = 0, open, end;

	for (size_t i = 0; i < part.n; i++) {
		opened += part.p[i] == '[';
		closed += part.p[i] == ']';
	}
	if (opened != closed) {
		access_fault(in, at,
			"invalid array index in `" STR_FMT "`: missing closing bracket",
			STR_ARG(path));
		return;
	}
	while ((open = str_chr(rest, '[')) != STR_NPOS) {
		rest = str_from(rest, open + 1);
		end = str_chr(rest, ']');
		if (end == STR_NPOS)
			break;
		if (!all_digits(str_sub(rest, 0, end))) {
			access_fault(in, at,
				"invalid array index in `" STR_FMT "`: `" STR_FMT
				"` is not a valid index",
				STR_ARG(path), STR_ARG(str_sub(rest, 0, end)));
			return;
		}
		rest = str_from(rest, end + 1);
	}
	access_fault(in, at, "invalid array index syntax in `" STR_FMT "`", STR_ARG(path));
}

/* "name[1][2]" into its name and what follows. False after a fault. */
static bool split_part(struct interpolation *in, struct str part, struct str path, struct span at,
	struct str *name, struct str *indices)
{
	size_t bracket = str_chr(part, '['), count = 0;
	struct str rest;
	bool ok = true;

	*indices = STR_NULL;
	*name = part;
	if (bracket == STR_NPOS)
		return true;
	*name = str_sub(part, 0, bracket);
	*indices = rest = str_from(part, bracket);
	for (size_t i = 0; i < name->n; i++)
		ok = ok && (isalnum((unsigned char)name->p[i]) || name->p[i] == '_');
	for (; ok && rest.n; count++) {
		size_t close = str_chr(rest, ']');

		ok = rest.p[0] == '[' && close != STR_NPOS && all_digits(str_sub(rest, 1, close));
		if (ok)
			rest = str_from(rest, close + 1);
	}
	if (!ok)
		bad_indices(in, part, path, at);
	else if (!name->n)
		access_fault(in, at, "invalid indexed access without a key in `" STR_FMT "`",
			STR_ARG(path));
	else if (count > LIMIT_ACCESS_DEPTH)
		access_fault(in, at, "too many array indices in `" STR_FMT "` (maximum depth: %d)",
			STR_ARG(path), LIMIT_ACCESS_DEPTH);
	else
		return true;
	return false;
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
			fmt_in(f,
				in->component.n
					? "'" STR_FMT "' is no fact that 'spec:component' asks for"
					: "'component." STR_FMT "' is known only in a file that is "
					  "included as a component and asks for it in "
					  "'spec:component'",
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

/* "name[1][2]" in n, or for the first part in what the root holds. */
static const struct node *take_part(struct interpolation *in, const struct node *n, struct str root,
	struct str part, struct str path, struct span at)
{
	struct str name, rest;

	if (!split_part(in, part, path, at, &name, &rest))
		return NULL;
	if (str_is(root, "inputs")) {
		struct input_def *def = map_get(&in->inputs, name);

		if (!def && in->inputs_unknown)
			return NULL;
		n = def ? def->value : NULL;
		if (!def)
			return no_such_name(in, root, name, path, at);
	} else if (str_is(root, "component")) {
		n = map_get(&in->component, name);
		if (!n && in->component_unknown)
			return NULL;
		if (!n)
			return no_such_name(in, root, name, path, at);
	} else {
		n = named(in, n, name, path, at);
	}
	while (n && rest.n) {
		size_t close = str_chr(rest, ']');

		n = index_into(in, n, path, str_sub(rest, 1, close), at);
		rest = str_from(rest, close + 1);
	}
	return n;
}

/* `inputs` or `component`; neither can be indexed. */
static bool check_root(struct interpolation *in, struct str root, struct str path, struct span at)
{
	struct str name, indices;

	if (!split_part(in, root, path, at, &name, &indices))
		return false;
	if (!str_is(name, "inputs") && !str_is(name, "component"))
		return no_such_name(in, name, STR_NULL, path, at);
	return !indices.n ||
	       index_into(in, NULL, path, str_sub(indices, 1, str_chr(indices, ']')), at);
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
	if (!check_root(in, root, path, at))
		return NULL;
	while (str_split_next(&it, &part)) {
		/* The last of at most five parts takes the rest. */
		if (++i == LIMIT_ACCESS_DEPTH - 1 && !it.done)
			part = str_from(path, (size_t)(part.p - path.p));
		n = take_part(in, n, i == 1 ? root : STR_NULL, part, path, at);
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
		calls[count++] = part;
	}
	/* Ruby's split drops what is empty at the end. */
	while (count && !calls[count - 1].n)
		count--;
	for (size_t i = 0; n && i < count; i++)
		n = input_function(in, str_trim(calls[i]), n, at);
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

static struct node *made_text(struct interpolation *in, struct node *n, struct str text)
{
	struct node *made =
		node_new_str(frame_arena(in->root), arena_str(frame_arena(in->root), text), n->at);

	made->quoted = true;
	made->via = VIA_INPUT;
	made->origin = n;
	in->bytes += text.n;
	return made;
}

/* --- values that Ruby's gsub does not put in as they are --- */

/* What gsub makes of a backslash and what follows it in the text that it puts in. */
static void add_escaped(
	struct buf *out, char c, struct str before, struct str match, struct str after)
{
	if (c == '0' || c == '&')
		buf_addstr(out, match);
	else if (c == '`')
		buf_addstr(out, before);
	else if (c == '\'')
		buf_addstr(out, after);
	else if (c == '\\')
		buf_addc(out, c);
	else if (!isdigit((unsigned char)c))
		buf_printf(out, "\\%c", c);
}

/* Ruby's text.gsub(block, value) into out. False past the limit of bytes. */
static bool gsub(struct buf *out, struct str text, struct str block, struct str value)
{
	size_t copied = 0, hit;

	while ((hit = str_find(str_from(text, copied), block)) != STR_NPOS) {
		struct str before = str_sub(text, 0, copied + hit);
		struct str after = str_from(text, copied + hit + block.n);

		buf_addstr(out, str_from(before, copied));
		for (size_t i = 0; i < value.n; i++) {
			if (value.p[i] == '\\' && i + 1 < value.n)
				add_escaped(out, value.p[++i], before, block, after);
			else
				buf_addc(out, value.p[i]);
			if (out->n > LIMIT_EXPANDED_BYTES)
				return false;
		}
		copied += hit + block.n;
	}
	buf_addstr(out, str_from(text, copied));
	return out->n <= LIMIT_EXPANDED_BYTES;
}

static bool is_plain(const struct node *value)
{
	return value->kind != NODE_SEQ && value->kind != NODE_MAP &&
	       str_chr(value->text, '\\') == STR_NPOS &&
	       str_find(value->text, STR("$[[")) == STR_NPOS;
}

/* Bytes that one text may be searched through, in all its turns. */
#define MAX_SEARCHED ((size_t)256 << 20)

/*
 * GitLab replaces one block after the other with gsub (interpolation/template.rb). So backslashes
 * in a value act as in a replacement, and a block that comes out of a value is replaced by a later
 * one.
 */
static struct node *replace_in_turn(struct interpolation *in, struct node *n)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	size_t at = 0, dead = 0, searched = 0;
	struct block b;

	buf_addstr(&text, n->text);
	while (next_block(n->text, &at, &dead, &b)) {
		CLEANUP(buf_release) struct buf out = BUF_INIT, value = BUF_INIT;
		const struct node *v;

		if (is_matrix(b.data))
			continue;
		v = cached_value(in, &b, n->at);
		if (!v)
			return unknown_node(in->root->c, n->at);
		add_value(&value, v);
		searched += text.n;
		if (searched > MAX_SEARCHED ||
			!gsub(&out, buf_str(&text), b.whole, buf_str(&value))) {
			block_fault(in, "text-too-long", n->at, "a text with $[[ ]] is too long");
			return n;
		}
		buf_clear(&text);
		buf_addstr(&text, buf_str(&out));
	}
	return made_text(in, n, buf_str(&text));
}

static struct node *replace_text(struct interpolation *in, struct node *n)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	size_t at = 0, dead = 0, copied = 0;
	struct block b;

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
		if (!is_plain(value))
			return replace_in_turn(in, n);
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
	return made_text(in, n, buf_str(&out));
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
