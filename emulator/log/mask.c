#include "base/base.h"
#include "emulator/log/mask.h"
#include "emulator/log/mask_find.h"

/*
 * mask_find gives the places where a phrase may start; there the phrases with that first byte are
 * compared, longest first.
 */
enum phrase_kind { PHRASE_VALUE, PHRASE_TOKEN, PHRASE_URL };

struct phrase {
	struct str text;
	enum phrase_kind kind;
	uint32_t next; /* next shorter one with the same first byte, + 1; 0: none */
};

struct mask_set {
	struct arena arena;
	VEC(struct phrase) phrases; /* longest first */
	uint32_t first[256];        /* the longest with this first byte: index + 1; 0: none */
	struct mask_find find;
};

/* GitLab docs, "Token overview", prefixes; GitLab Runner, common/buildlogger/internal. */
static const char *const token_prefixes[] = {"glpat-", "gloas-", "gldt-", "glrt-", "glcbt-",
	"glrtr-", "glptt-", "glft-", "glimt-", "glagent-", "glsoat-", "glffct-",
	"_gitlab_session=", "gltok-"};
static const char *const url_params[] = {"private_token", "authenticity_token", "rss_token",
	"x-amz-signature", "x-amz-credential", "x-amz-security-token", "X-Amz-Signature",
	"X-Amz-Credential", "X-Amz-Security-Token"};

static void add_phrase(struct mask_set *s, struct str text, enum phrase_kind kind)
{
	struct phrase ph = {arena_str(&s->arena, text), kind, 0};

	vec_push_in(&s->arena, &s->phrases, ph);
}

static int longest_first(const void *a, const void *b)
{
	const struct phrase *x = a, *y = b;

	if (x->text.n != y->text.n)
		return x->text.n > y->text.n ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

static void compile(struct mask_set *s)
{
	size_t i;

	qsort(s->phrases.v, s->phrases.n, sizeof(*s->phrases.v), longest_first);
	for (i = s->phrases.n; i-- > 0;) {
		struct phrase *ph = &s->phrases.v[i];
		uint32_t *slot = &s->first[(unsigned char)ph->text.p[0]];

		ph->next = *slot;
		*slot = (uint32_t)i + 1;
		mask_find_add(&s->find, ph->text);
	}
}

struct mask_set *mask_set_new(const struct str *values, size_t n, bool tokens)
{
	struct mask_set *s = xcalloc(1, sizeof(*s));
	size_t i;

	arena_init(&s->arena);
	for (i = 0; i < n; i++)
		if (values[i].n >= 2)
			add_phrase(s, values[i], PHRASE_VALUE);
	for (i = 0; tokens && i < ARRAY_SIZE(token_prefixes); i++)
		add_phrase(s, str_c(token_prefixes[i]), PHRASE_TOKEN);
	for (i = 0; tokens && i < ARRAY_SIZE(url_params); i++) {
		add_phrase(s, arena_printf(&s->arena, "?%s=", url_params[i]), PHRASE_URL);
		add_phrase(s, arena_printf(&s->arena, "&%s=", url_params[i]), PHRASE_URL);
	}
	if (s->phrases.n)
		compile(s);
	return s;
}

void mask_set_free(struct mask_set *s)
{
	if (!s)
		return;
	arena_release(&s->arena);
	free(s);
}

void mask_init(struct mask *m, const struct mask_set *set)
{
	m->set = set;
	buf_init(&m->held);
	m->token = MASK_NO_TOKEN;
	m->url = false;
}

void mask_release(struct mask *m)
{
	buf_release(&m->held);
}

static bool in_token(const struct mask *m, char c)
{
	unsigned char u = (unsigned char)c;

	if (m->url)
		return u > ' ' && u != 0x7f && !strchr("&#\"'<>;", c);
	return isalnum(u) || (c && strchr("_.=-", c));
}

static void emit_masked(struct mask *m, mask_out_fn *fn, void *arg)
{
	m->token = MASK_NO_TOKEN;
	fn(arg, STR("[MASKED]"));
}

/* Plain bytes: behind a token's prefix the rest of the token is replaced, then all passes. */
static void emit_plain(struct mask *m, const char *p, size_t n, mask_out_fn *fn, void *arg)
{
	size_t i = 0;

	if (!n)
		return;
	if (m->token != MASK_NO_TOKEN) {
		while (i < n && in_token(m, p[i]))
			i++;
		if (i && m->token == MASK_TOKEN_HEAD) {
			fn(arg, STR("[MASKED]"));
			m->token = MASK_TOKEN_REST;
		}
		if (i < n)
			m->token = MASK_NO_TOKEN;
	}
	if (i < n)
		fn(arg, str_n(p + i, n - i));
}

/*
 * The longest phrase that starts at p, of n bytes; *undecided when a longer one may still come
 * with the bytes behind n.
 */
static const struct phrase *match(
	const struct mask_set *s, const char *p, size_t n, bool final, bool *undecided)
{
	uint32_t i;

	for (i = s->first[(unsigned char)*p]; i; i = s->phrases.v[i - 1].next) {
		const struct phrase *ph = &s->phrases.v[i - 1];

		if (ph->text.n <= n) {
			if (!memcmp(p, ph->text.p, ph->text.n))
				return ph;
		} else if (!final && !memcmp(p, ph->text.p, n)) {
			*undecided = true;
			return NULL;
		}
	}
	return NULL;
}

static void hold(struct mask *m, const char *p, size_t n)
{
	buf_clear(&m->held);
	buf_add(&m->held, p, n);
}

static void scan(struct mask *m, const char *p, size_t n, bool final, mask_out_fn *fn, void *arg)
{
	const struct mask_set *s = m->set;
	size_t from = 0, at = 0; /* emitted up to from */

	while ((at = mask_find_next(&s->find, p, at, n)) < n) {
		bool undecided = false;
		const struct phrase *ph = match(s, p + at, n - at, final, &undecided);

		if (undecided)
			break;
		if (!ph) {
			at++;
			continue;
		}
		emit_plain(m, p + from, at - from, fn, arg);
		if (ph->kind == PHRASE_VALUE) {
			emit_masked(m, fn, arg);
		} else {
			emit_plain(m, p + at, ph->text.n, fn, arg);
			m->token = MASK_TOKEN_HEAD;
			m->url = ph->kind == PHRASE_URL;
		}
		at += ph->text.n;
		from = at;
	}
	emit_plain(m, p + from, at - from, fn, arg);
	hold(m, p + at, n - at);
}

void mask_feed(struct mask *m, const char *p, size_t n, mask_out_fn *fn, void *arg)
{
	struct buf joined;

	if (!n)
		return;
	if (!m->set || !m->set->phrases.n) {
		fn(arg, str_n(p, n));
		return;
	}
	if (!m->held.n) {
		scan(m, p, n, false, fn, arg);
		return;
	}
	joined = m->held;
	buf_init(&m->held);
	buf_add(&joined, p, n);
	scan(m, joined.p, joined.n, false, fn, arg);
	buf_release(&joined);
}

void mask_flush(struct mask *m, mask_out_fn *fn, void *arg)
{
	struct buf rest = m->held;

	buf_init(&m->held);
	if (rest.n)
		scan(m, rest.p, rest.n, true, fn, arg);
	buf_release(&rest);
	m->token = MASK_NO_TOKEN;
}

static void to_buf(void *arg, struct str bytes)
{
	buf_addstr(arg, bytes);
}

void mask_text(const struct mask_set *set, struct str text, struct buf *out)
{
	struct mask m;

	mask_init(&m, set);
	mask_feed(&m, text.p, text.n, to_buf, out);
	mask_flush(&m, to_buf, out);
	mask_release(&m);
}
