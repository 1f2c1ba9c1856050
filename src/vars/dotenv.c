#include "base/base.h"
#include "vars/dotenv.h"
#include "source/source.h"

/* One line of a report: split at the first '=', both sides trimmed. GitLab's words on a bad one. */
static const char *report_line(struct str line, struct str *key, struct str *value)
{
	size_t eq = str_chr(line, '=');

	if (eq == STR_NPOS)
		return "Invalid Format";
	*key = str_trim(str_sub(line, 0, eq));
	*value = str_trim(str_from(line, eq + 1));
	if (!key->n)
		return "Validation failed: Key can't be blank";
	if (!str_is_word(*key))
		return "Validation failed: Key can contain only letters, digits and '_'.";
	if (key->n > 255)
		return "Validation failed: Key is too long (maximum is 255 characters)";
	return NULL;
}

bool dotenv_report(struct arena *a, struct str text, struct dotenv_limits limits,
	struct varset *out, struct str *error, unsigned *line)
{
	struct arena scratch = ARENA_INIT;
	struct varset vars;
	unsigned at = 0;
	bool ok = false;

	*line = 0;
	varset_init(&vars, &scratch);
	if (text.n >= limits.max_bytes) {
		*error = arena_printf(a, "Dotenv Artifact Too Big. Maximum Allowable Size: %zu",
			limits.max_bytes);
		goto out;
	}
	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_from(text, 3);
	while (text.n) {
		size_t end = str_chr(text, '\n');
		struct str one = str_sub(text, 0, end == STR_NPOS ? text.n : end);
		struct var v = {.layer = VAR_DOTENV, .internal = true, .from = "dotenv"};
		const char *bad = report_line(one, &v.key, &v.value);

		at++;
		if (bad) {
			*error = arena_str(a, str_c(bad));
			*line = at;
			goto out;
		}
		varset_put(&vars, &v);
		text = end == STR_NPOS ? STR_NULL : str_from(text, end + 1);
	}
	if (vars.n > limits.max_vars) {
		*error = arena_printf(
			a, "Dotenv files cannot have more than %zu variables", limits.max_vars);
		goto out;
	}
	for (size_t i = 0; i < vars.n; i++) {
		struct var v = vars.v[i];

		v.key = arena_str(a, v.key);
		v.value = arena_str(a, v.value);
		varset_put(out, &v);
	}
	ok = true;
out:
	arena_release(&scratch);
	return ok;
}

struct reader {
	struct arena *a;
	const struct source *src;
	struct diags *d;
	size_t at;
	bool ok;
};

static struct span span_from(const struct reader *r, size_t from)
{
	return (struct span){source_loc(r->src, from), source_loc(r->src, r->at)};
}

static bool at_end_of_line(const struct reader *r)
{
	return r->at >= r->src->text.n || r->src->text.p[r->at] == '\n';
}

static void skip_blanks(struct reader *r)
{
	struct str t = r->src->text;

	while (r->at < t.n && (t.p[r->at] == ' ' || t.p[r->at] == '\t' || t.p[r->at] == '\r'))
		r->at++;
}

static void skip_line(struct reader *r)
{
	while (!at_end_of_line(r))
		r->at++;
	r->at++;
}

/* A quoted value; the reader stands on the opening quote. */
static bool quoted(struct reader *r, struct buf *b)
{
	struct str t = r->src->text;
	size_t from = r->at;
	char quote = t.p[r->at++];

	for (; r->at < t.n && t.p[r->at] != quote; r->at++) {
		char c = t.p[r->at];

		if (c == '\\' && quote == '"' && r->at + 1 < t.n) {
			c = t.p[++r->at];
			if (c == '\n')
				continue;
			if (!strchr("nrt\"\\$`", c))
				buf_addc(b, '\\');
			c = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
		}
		buf_addc(b, c);
	}
	if (r->at >= t.n) {
		r->at = from + 1;
		diag_error(r->d, "dotenv-quote", span_from(r, from), "quote without an end");
		r->ok = false;
		skip_line(r);
		return false;
	}
	r->at++;
	skip_blanks(r);
	if (!at_end_of_line(r) && t.p[r->at] != '#') {
		size_t rest = r->at;

		skip_line(r);
		r->at--;
		diag_error(r->d, "dotenv-quote", span_from(r, rest), "text behind a quoted value");
		r->ok = false;
		return false;
	}
	return true;
}

/* An unquoted value ends at the line's end or at a '#' behind white space. */
static void unquoted(struct reader *r, struct buf *b)
{
	struct str t = r->src->text;
	size_t from = r->at;

	while (!at_end_of_line(r)) {
		bool blank = r->at == from || t.p[r->at - 1] == ' ' || t.p[r->at - 1] == '\t';

		if (t.p[r->at] == '#' && blank)
			break;
		r->at++;
	}
	buf_addstr(b, str_trim(str_sub(t, from, r->at)));
}

static void read_line(struct reader *r, enum var_layer layer, struct varset *out)
{
	struct str t = r->src->text, word;
	size_t from = r->at;

	while (!at_end_of_line(r) && t.p[r->at] != '=')
		r->at++;
	word = str_trim(str_sub(t, from, r->at));
	if (str_starts(word, STR("export ")) || str_starts(word, STR("export\t")))
		word = str_trim(str_from(word, 7));
	if (at_end_of_line(r) || !str_is_word(word)) {
		diag_error(r->d, "dotenv-line", span_from(r, from),
			at_end_of_line(r) ? "line is not NAME=VALUE"
					  : "'" STR_FMT "' is no variable name",
			STR_ARG(word));
		r->ok = false;
		skip_line(r);
		return;
	}
	struct buf b = BUF_INIT;
	bool good = true;
	struct span at = span_from(r, from);

	r->at++;
	skip_blanks(r);
	if (r->at < t.n && (t.p[r->at] == '"' || t.p[r->at] == '\''))
		good = quoted(r, &b);
	else
		unquoted(r, &b);
	if (good) {
		struct var v = {
			.key = arena_str(r->a, word),
			.value = arena_str(r->a, buf_str(&b)),
			.at = at,
			.from = r->src->name.p,
			.layer = layer,
		};
		varset_put(out, &v);
		skip_line(r);
	}
	buf_release(&b);
}

bool dotenv_read(struct arena *a, const struct source *src, struct diags *d, enum var_layer layer,
	struct varset *out)
{
	struct reader r = {.a = a, .src = src, .d = d, .ok = true};

	while (r.at < src->text.n) {
		skip_blanks(&r);
		if (at_end_of_line(&r) || src->text.p[r.at] == '#')
			skip_line(&r);
		else
			read_line(&r, layer, out);
	}
	return r.ok;
}
