#include "base/base.h"

#include "expr/expr_internal.h"

/* The lexemes, tried in this order at each place, as in GitLab's lexer.rb. */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static char at(struct str s, size_t i)
{
	return i < s.n ? s.p[i] : '\0';
}

static size_t skip_blanks(struct str s, size_t i)
{
	while (i < s.n && (s.p[i] == ' ' || (s.p[i] >= '\t' && s.p[i] <= '\r')))
		i++;
	return i;
}

/* $[[ inputs.NAME ]] */
static bool lex_input(struct str s, size_t i, struct token *t)
{
	size_t name;

	if (!str_starts(str_from(s, i), STR("$[[")))
		return false;
	i = skip_blanks(s, i + 3);
	if (!str_starts(str_from(s, i), STR("inputs.")))
		return false;
	name = i + 7;
	for (i = name; is_word(at(s, i));)
		i++;
	t->value = str_sub(s, name, i);
	i = skip_blanks(s, i);
	if (!t->value.n || !str_starts(str_from(s, i), STR("]]")))
		return false;
	t->kind = TOK_INPUT;
	t->len = i + 2 - t->at;
	return true;
}

static bool lex_variable(struct str s, size_t i, struct token *t)
{
	size_t end = i + 1;

	if (at(s, i) != '$')
		return false;
	while (is_word(at(s, end)))
		end++;
	if (end == i + 1)
		return false;
	t->kind = TOK_VARIABLE;
	t->value = str_sub(s, i + 1, end);
	t->len = end - i;
	return true;
}

/* No escapes, and no line end inside. */
static bool lex_string(struct str s, size_t i, struct token *t)
{
	char quote = at(s, i);
	size_t end;

	if (quote != '"' && quote != '\'')
		return false;
	end = str_chr(str_from(s, i + 1), quote);
	if (end == STR_NPOS)
		return false;
	t->value = str_sub(s, i + 1, i + 1 + end);
	if (str_chr(t->value, '\n') != STR_NPOS)
		return false;
	t->kind = TOK_STRING;
	t->len = end + 2;
	return true;
}

/*
 * lexeme/pattern.rb: a slash, one or more of (no slash, or an escaped one), one character that is
 * no backslash, a slash, flags. Written out with the choices of a backtracking matcher: an escaped
 * slash followed by a slash ends the expression there.
 */
static size_t regex_end(struct str s, size_t i)
{
	size_t first = i + 1;

	for (i = first; i < s.n && s.p[i] != '/';) {
		if (s.p[i] != '\\' || at(s, i + 1) != '/') {
			i++;
			continue;
		}
		if (at(s, i + 2) == '/')
			return i + 3;
		i += 2;
	}
	if (i >= s.n || i == first)
		return 0;
	if (at(s, i + 1) == '/')
		return i + 2;
	/* The last character must not be the only one, nor the slash of an escaped one. */
	if (i - 1 == first || s.p[i - 1] == '/')
		return 0;
	return i + 1;
}

static bool lex_regex(struct str s, size_t i, struct token *t)
{
	size_t end = at(s, i) == '/' ? regex_end(s, i) : 0;

	if (!end)
		return false;
	while (at(s, end) && strchr("ismU", at(s, end)))
		end++;
	t->kind = TOK_REGEX;
	t->value = str_sub(s, i, end);
	t->len = end - i;
	return true;
}

static bool lex_fixed(struct str s, size_t i, struct token *t)
{
	static const struct {
		const char *text;
		enum token_kind kind;
	} fixed[] = {
		{"null", TOK_NULL},
		{"true", TOK_BOOL},
		{"false", TOK_BOOL},
		{"==", TOK_EQ},
		{"=~", TOK_MATCH},
		{"!=", TOK_NE},
		{"!~", TOK_NO_MATCH},
		{"&&", TOK_AND},
		{"||", TOK_OR},
		{"!", TOK_NOT},
	};

	for (size_t k = 0; k < ARRAY_SIZE(fixed); k++) {
		struct str text = str_c(fixed[k].text);

		if (!str_starts(str_from(s, i), text))
			continue;
		/* true and false end at a word's end; null does not mind what follows. */
		if (fixed[k].kind == TOK_BOOL && is_word(at(s, i + text.n)))
			continue;
		t->kind = fixed[k].kind;
		t->boolean = k == 1;
		t->len = text.n;
		t->value = text;
		return true;
	}
	return false;
}

static bool lex_one(struct str s, size_t i, struct token *t)
{
	*t = (struct token){.at = i};
	if (at(s, i) == '(' || at(s, i) == ')') {
		t->kind = at(s, i) == '(' ? TOK_OPEN : TOK_CLOSE;
		t->len = 1;
		return true;
	}
	return lex_input(s, i, t) || lex_variable(s, i, t) || lex_string(s, i, t) ||
	       lex_regex(s, i, t) || lex_fixed(s, i, t);
}

/* What to say about text that is no lexeme: the usual mistakes by name. */
static struct str complain(struct arena *a, struct str s, size_t i, size_t *to)
{
	struct str rest = str_from(s, i);
	size_t end = i;

	while (end < s.n && !isspace((unsigned char)s.p[end]))
		end++;
	*to = end;
	if (str_starts(rest, STR("${")))
		return STR("variables are written $NAME here, without braces");
	if (rest.p[0] == '"' || rest.p[0] == '\'')
		return STR("the string is not closed on its line");
	if (rest.p[0] == '/')
		return STR("not a regular expression: /.../ with at least two characters, no slash "
			   "inside "
			   "but \\/");
	if (rest.p[0] == '$')
		return STR("'$' must be followed by a name");
	if (rest.p[0] == '=')
		return STR("'=' is no operator: write == or =~");
	if (rest.p[0] == '&' || rest.p[0] == '|')
		return arena_printf(
			a, "'%c' is no operator: write %c%c", rest.p[0], rest.p[0], rest.p[0]);
	if (str_eq(str_sub(s, i, end), STR("and")) || str_eq(str_sub(s, i, end), STR("or")))
		return arena_printf(a, "'" STR_FMT "' is no operator: write %s",
			STR_ARG(str_sub(s, i, end)), rest.p[0] == 'a' ? "&&" : "||");
	return arena_printf(
		a, "unexpected '" STR_FMT "'", STR_ARG(str_sub(s, i, MIN(end, i + 40))));
}

bool expr_lex(struct arena *a, struct str text, struct token *v, size_t *n, struct expr_fault *f)
{
	size_t i = 0;

	for (*n = 0;; i = v[*n - 1].at + v[*n - 1].len) {
		i = skip_blanks(text, i);
		if (i >= text.n)
			return true;
		if (*n == EXPR_MAX_TOKENS) {
			*f = (struct expr_fault){
				i, text.n, arena_printf(a, "more than %d tokens", EXPR_MAX_TOKENS)};
			return false;
		}
		if (!lex_one(text, i, &v[*n])) {
			f->from = i;
			f->text = complain(a, text, i, &f->to);
			return false;
		}
		++*n;
	}
}
