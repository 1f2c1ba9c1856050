/* The functions of $[[ ]] blocks (GitLab, lib/gitlab/ci/config/interpolation/functions). */
#include "base/base.h"

#include "config/inputs.h"

#include "vars/varset.h"

struct call {
	struct interpolation *in;
	const char *name;
	const struct node *value;
	struct span at;
};

static const struct node *function_fault(const struct call *c, const char *what)
{
	const struct frame *f = c->in->root;

	fault(f, "bad-function", c->at, fmt_in(f, "=error in `%s` function: %s", c->name, what),
		"'%s' in a $[[ ]] block: %s", c->name, what);
	return NULL;
}

static bool want_text(const struct call *c)
{
	if (node_is(c->value, NODE_STRING))
		return true;
	function_fault(
		c, fmt_in(c->in->root, "invalid input type: %s can only be used with string inputs",
			   c->name));
	return false;
}

static const struct node *text_result(const struct call *c, struct str text)
{
	struct node *n = node_new_str(frame_arena(c->in->root), text, c->value->at);

	n->quoted = true;
	n->origin = c->value;
	return n;
}

/* Byte offset of the nth character. */
static size_t char_offset(struct str s, uint64_t nth)
{
	size_t at = 0;

	while (nth-- && at < s.n)
		at += MAX(utf8_len(s.p + at, s.n - at), (size_t)1);
	return at;
}

static const struct node *truncate_text(const struct call *c, uint64_t from, uint64_t length)
{
	struct str s;

	if (!want_text(c))
		return NULL;
	s = str_from(c->value->text, char_offset(c->value->text, from));
	s = str_sub(s, 0, char_offset(s, length));
	return text_result(c, arena_str(frame_arena(c->in->root), s));
}

static bool is_plain_char(char ch)
{
	return isalnum((unsigned char)ch) || memchr("_-.,:+/@", ch, 8);
}

/* Ruby's Shellwords.shellescape: a backslash in front of each character that is not plain. */
static const struct node *posix_escape(const struct call *c)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct str s;

	if (!want_text(c))
		return NULL;
	s = c->value->text;
	for (size_t i = 0; i < s.n;) {
		size_t len = MAX(utf8_len(s.p + i, s.n - i), (size_t)1);

		if (s.p[i] == '\n') {
			buf_adds(&b, "'\n'");
		} else {
			if (len > 1 || !is_plain_char(s.p[i]))
				buf_addc(&b, '\\');
			buf_add(&b, s.p + i, len);
		}
		i += len;
	}
	if (!s.n)
		buf_adds(&b, "''");
	return text_result(c, arena_str(frame_arena(c->in->root), buf_str(&b)));
}

static bool name_start(char ch)
{
	return isalpha((unsigned char)ch) || ch == '_';
}

/* The next $NAME, ${NAME} or %NAME% from *at on. */
static bool next_reference(struct str s, size_t *at, struct str *name)
{
	for (size_t i = *at; i < s.n; i++) {
		bool brace = s.p[i] == '$' && i + 1 < s.n && s.p[i + 1] == '{';
		size_t from = i + 1 + brace, to = from;
		char close = s.p[i] == '%' ? '%' : brace ? '}' : 0;

		if (s.p[i] != '$' && s.p[i] != '%')
			continue;
		if (from >= s.n || !name_start(s.p[from]))
			continue;
		while (to < s.n && (name_start(s.p[to]) || isdigit((unsigned char)s.p[to])))
			to++;
		if (close && (to >= s.n || s.p[to] != close))
			continue;
		*name = str_sub(s, from, to);
		*at = to;
		return true;
	}
	return false;
}

/* Only variables that includes may use; a masked one would end up in the definition. */
static const struct node *expand_vars(const struct call *c)
{
	struct str name;
	size_t at = 0;

	if (!want_text(c))
		return NULL;
	while (c->in->vars && next_reference(c->value->text, &at, &name)) {
		const struct var *var = varset_get(c->in->vars, name);

		if (var && var->masked)
			return function_fault(
				c, "variable expansion error: masked variables cannot be expanded");
	}
	if (!c->in->vars)
		return c->value;
	return text_result(c, expand(frame_arena(c->in->root), c->value->text, c->in->vars,
				      EXPAND_SERVER_EXISTING));
}

/* Parts without blanks around them; empty ones are dropped. */
static const struct node *split_text(const struct call *c, struct str separator)
{
	struct arena *a = frame_arena(c->in->root);
	struct node *seq;
	struct str rest;

	if (!want_text(c))
		return NULL;
	if (!separator.n)
		return function_fault(c, "invalid argument: separator cannot be empty");
	seq = node_new(a, NODE_SEQ, c->value->at);
	rest = c->value->text;
	for (;;) {
		size_t at = str_find(rest, separator);
		struct str part = str_trim(str_sub(rest, 0, at == STR_NPOS ? rest.n : at));

		if (part.n)
			node_seq_push(a, seq, (struct node *)text_result(c, arena_str(a, part)));
		if (at == STR_NPOS)
			return seq;
		rest = str_from(rest, at + separator.n);
	}
}

/* truncate(3, 5): the closing parenthesis may be missing, as in GitLab. */
static bool is_truncate(struct str call, uint64_t *from, uint64_t *length)
{
	struct str args;
	size_t comma;

	if (!str_starts(call, STR("truncate(")))
		return false;
	args = str_from(call, strlen("truncate("));
	if (str_ends(args, STR(")")))
		args.n--;
	comma = str_chr(args, ',');
	return comma != STR_NPOS && parse_u64(str_trim(str_sub(args, 0, comma)), from) &&
	       parse_u64(str_trim(str_from(args, comma + 1)), length);
}

static bool is_split(struct str call, struct str *separator)
{
	if (!str_starts(call, STR("split('")) || !str_ends(call, STR("')")) || call.n < 9)
		return false;
	*separator = str_sub(call, 7, call.n - 2);
	return str_chr(*separator, '\'') == STR_NPOS;
}

const struct node *input_function(
	struct interpolation *in, struct str call, const struct node *value, struct span at)
{
	struct call c = {.in = in, .value = value, .at = at};
	uint64_t from, length;
	struct str separator;

	if (is_truncate(call, &from, &length)) {
		c.name = "truncate";
		return truncate_text(&c, from, length);
	}
	if (is_split(call, &separator)) {
		c.name = "split";
		return split_text(&c, separator);
	}
	if (str_is(call, "expand_vars")) {
		c.name = "expand_vars";
		return expand_vars(&c);
	}
	if (str_is(call, "posix_escape")) {
		c.name = "posix_escape";
		return posix_escape(&c);
	}
	fault(in->root, "unknown-function", at,
		fmt_in(in->root,
			"=no function matching `" STR_FMT
			"`: check that the function name, arguments, and types are correct",
			STR_ARG(call)),
		"there is no function '" STR_FMT "' for $[[ ]] blocks", STR_ARG(call));
	return NULL;
}
