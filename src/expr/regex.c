#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/base.h"

#include "expr/regex.h"

#include "expr/regex_internal.h"

#include <pcre2.h>

/*
 * Steps a search may take (items of the pattern tried, and stretches of the subject passed over),
 * and those that each byte of the subject adds: a tenth of a second. RE2 needs no such bound; a
 * pattern that reaches it is tried once more with PCRE2's other matcher, which does not backtrack,
 * before we give up.
 */
#define MAX_STEPS      ((uint64_t)1000000)
#define STEPS_PER_BYTE 8
/* Heap in KiB that one search may use. */
#define MAX_HEAP_KIB 32768

struct regex {
	pcre2_code *code;
	size_t groups;
	struct str translated; /* for the second attempt */
	unsigned flags;
};

static void *take(PCRE2_SIZE n, void *arena)
{
	return arena_alloc(arena, n);
}

static void give(void *p, void *arena)
{
	UNUSED(p);
	UNUSED(arena);
}

static uint32_t options(unsigned flags)
{
	/* Callouts before each item let us count the steps of a search. */
	uint32_t o = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX |
		     PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT;

	o |= flags & REGEX_I ? PCRE2_CASELESS : 0;
	o |= flags & REGEX_M ? PCRE2_MULTILINE : 0;
	o |= flags & REGEX_S ? PCRE2_DOTALL : 0;
	o |= flags & REGEX_U ? PCRE2_UNGREEDY : 0;
	o |= flags & REGEX_ANCHOR ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0;
	return o;
}

static pcre2_code *compile(struct arena *a, struct str pattern, uint32_t options, struct str *why)
{
	pcre2_general_context *mem = pcre2_general_context_create(take, give, a);
	pcre2_compile_context *ctx = pcre2_compile_context_create(mem);
	PCRE2_SIZE where = 0;
	pcre2_code *code;
	int err;

	pcre2_set_newline(ctx, PCRE2_NEWLINE_LF);
	pcre2_set_parens_nest_limit(ctx, REGEX_MAX_NESTING + 1);
	code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, options, &err, &where, ctx);
	if (!code) {
		PCRE2_UCHAR text[128];

		pcre2_get_error_message(err, text, sizeof(text));
		*why = arena_str(a, str_c((const char *)text));
	}
	return code;
}

const struct regex *regex_new(
	struct arena *a, struct str pattern, unsigned flags, struct str *why, size_t *at)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct regex_src r = {.arena = a, .s = pattern, .out = &b};
	struct regex *re = arena_new(a, struct regex);

	*why = STR_NULL;
	if (!regex_translate(&r, &re->groups)) {
		*why = r.why;
		if (at)
			*at = r.why_at;
		return NULL;
	}
	re->flags = flags;
	re->translated = arena_str(a, buf_str(&b));
	re->code = compile(a, re->translated, options(flags) | PCRE2_MATCH_INVALID_UTF, why);
	if (!re->code && at)
		*at = 0;
	return re->code ? re : NULL;
}

bool regex_split(struct str text, struct str *pattern, unsigned *flags)
{
	struct str_split it = str_split(text, '\n');
	struct str line;

	/* Ruby's ^ and $ are line anchors: any line of the text may be the expression. */
	while (str_split_next(&it, &line)) {
		size_t close = str_rchr(line, '/');
		bool ok = line.n > 1 && line.p[0] == '/' && close > 0;

		*flags = 0;
		for (size_t i = close + 1; ok && i < line.n; i++) {
			static const char letters[] = "imsU";
			const char *hit = line.p[i] ? strchr(letters, line.p[i]) : NULL;

			ok = hit != NULL;
			*flags |= hit ? 1u << (hit - letters) : 0;
		}
		if (ok) {
			*pattern = str_sub(line, 1, close);
			return true;
		}
	}
	return false;
}

struct steps {
	uint64_t n, max;
	size_t last;
};

/* The distance from the last place stands for what a loop ran over without a callout. */
static int count_step(pcre2_callout_block *block, void *data)
{
	struct steps *s = data;
	size_t at = block->current_position;

	s->n += 1 + ((at > s->last ? at - s->last : s->last - at) >> 4);
	s->last = at;
	return s->n > s->max ? PCRE2_ERROR_MATCHLIMIT : 0;
}

/*
 * The matcher that follows all paths at once. It refuses code that was compiled for subjects that
 * are not UTF-8, so the pattern is compiled anew; such a subject gets no second attempt.
 */
static int run_dfa(
	const struct regex *re, struct str s, pcre2_match_data *md, pcre2_match_context *mc)
{
	const size_t n = 65536;
	CLEANUP(free) int *space = xmalloc(n * sizeof(*space));
	struct arena scratch = ARENA_INIT;
	struct str why;
	pcre2_code *code = compile(&scratch, re->translated, options(re->flags), &why);
	int rc = PCRE2_ERROR_MATCHLIMIT;

	if (code)
		rc = pcre2_dfa_match(
			code, (PCRE2_SPTR)s.p, s.n, 0, PCRE2_DFA_SHORTEST, md, mc, space, n);
	arena_release(&scratch);
	return rc;
}

static void fill(
	struct str subject, pcre2_match_data *md, uint32_t found, struct str *caps, size_t n)
{
	const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(md);

	for (size_t i = 0; i < n; i++) {
		caps[i] = STR_NULL;
		if (i < found && ov[2 * i] != PCRE2_UNSET && ov[2 * i] <= ov[2 * i + 1])
			caps[i] = str_sub(subject, ov[2 * i], ov[2 * i + 1]);
	}
}

enum regex_result regex_search(
	const struct regex *re, struct str subject, struct str *caps, size_t n_caps)
{
	uint64_t steps = 0;

	return regex_search_counted(re, subject, caps, n_caps, &steps);
}

enum regex_result regex_search_counted(const struct regex *re, struct str subject, struct str *caps,
	size_t n_caps, uint64_t *taken)
{
	/* Made from the pattern it would take its memory from the pattern's arena. */
	pcre2_match_data *md = pcre2_match_data_create((uint32_t)re->groups + 1, NULL);
	pcre2_match_context *mc = pcre2_match_context_create(NULL);
	const uint64_t max = MAX_STEPS + (uint64_t)subject.n * STEPS_PER_BYTE;
	struct steps steps = {0, max, 0};
	enum regex_result res = REGEX_NO;
	int rc;

	if (!md || !mc)
		die_oom(0);
	if (!subject.p)
		subject = STR("");
	pcre2_set_callout(mc, count_step, &steps);
	pcre2_set_heap_limit(mc, MAX_HEAP_KIB);
	rc = pcre2_match(re->code, (PCRE2_SPTR)subject.p, subject.n, 0, 0, md, mc);
	if (rc > 0) {
		fill(subject, md, (uint32_t)rc, caps, n_caps);
		res = REGEX_YES;
	} else if (rc != PCRE2_ERROR_NOMATCH) {
		*taken += steps.n;
		steps = (struct steps){0, max, 0};
		rc = run_dfa(re, subject, md, mc);
		/* It knows no groups: without them, its answer is as good. */
		if (rc == PCRE2_ERROR_NOMATCH)
			res = REGEX_NO;
		else
			res = rc >= 0 && !n_caps ? REGEX_YES : REGEX_LIMIT;
	}
	*taken += steps.n;
	pcre2_match_data_free(md);
	pcre2_match_context_free(mc);
	return res;
}

size_t regex_groups(const struct regex *re)
{
	return re->groups;
}

void regex_library(struct buf *out)
{
	char version[64] = ""; /* "10.42 2022-12-11" */
	struct str text;

	pcre2_config(PCRE2_CONFIG_VERSION, version);
	text = str_c(version);
	buf_printf(out, "PCRE2 " STR_FMT, STR_ARG(str_sub(text, 0, str_chr(text, ' '))));
}
