#include "base/base.h"

#include <wchar.h>

struct str str_from(struct str s, size_t from)
{
	if (from >= s.n)
		return str_n(s.p ? s.p + s.n : NULL, 0);
	return str_n(s.p + from, s.n - from);
}

struct str str_sub(struct str s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from > to)
		from = to;
	return str_n(s.p ? s.p + from : NULL, to - from);
}

int str_cmp(struct str a, struct str b)
{
	size_t n = MIN(a.n, b.n);
	int c = n ? memcmp(a.p, b.p, n) : 0;

	if (c)
		return c;
	return a.n < b.n ? -1 : a.n > b.n;
}

int str_qcmp(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

bool str_ieq(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (tolower((unsigned char)a.p[i]) != tolower((unsigned char)b.p[i]))
			return false;
	return true;
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq(str_sub(s, 0, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_from(s, s.n - suffix.n), suffix);
}

size_t str_find(struct str s, struct str needle)
{
	const char *hit;

	if (!needle.n)
		return 0;
	if (!s.n)
		return STR_NPOS;
	hit = memmem(s.p, s.n, needle.p, needle.n);
	return hit ? (size_t)(hit - s.p) : STR_NPOS;
}

size_t str_chr(struct str s, char c)
{
	const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;

	return hit ? (size_t)(hit - s.p) : STR_NPOS;
}

size_t str_rchr(struct str s, char c)
{
	const char *hit = s.n ? memrchr(s.p, c, s.n) : NULL;

	return hit ? (size_t)(hit - s.p) : STR_NPOS;
}

struct str str_trim(struct str s)
{
	while (s.n && isspace((unsigned char)s.p[0]))
		s = str_from(s, 1);
	while (s.n && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s;
}

bool str_is_blank(struct str s)
{
	/* NEL, NBSP, U+1680, U+2000 to U+200A, the separators, U+202F, U+205F, U+3000. */
	static const struct str wide[] = {STR_INIT("\xc2\x85"), STR_INIT("\xc2\xa0"),
		STR_INIT("\xe1\x9a\x80"), STR_INIT("\xe2\x80\xa8"), STR_INIT("\xe2\x80\xa9"),
		STR_INIT("\xe2\x80\xaf"), STR_INIT("\xe2\x81\x9f"), STR_INIT("\xe3\x80\x80")};

	while ((s = str_trim(s)).n) {
		bool known = s.n >= 3 && !memcmp(s.p, "\xe2\x80", 2) &&
			     (unsigned char)s.p[2] >= 0x80 && (unsigned char)s.p[2] <= 0x8a;
		size_t len = 3;

		for (size_t i = 0; !known && i < ARRAY_SIZE(wide); i++) {
			known = str_starts(s, wide[i]);
			len = wide[i].n;
		}
		if (!known)
			return false;
		s = str_from(s, len);
	}
	return true;
}

struct str_split str_split(struct str s, char sep)
{
	return (struct str_split){.rest = s, .sep = sep};
}

bool str_split_next(struct str_split *it, struct str *out)
{
	size_t at;

	if (it->done)
		return false;
	at = str_chr(it->rest, it->sep);
	if (at == STR_NPOS) {
		*out = it->rest;
		it->done = true;
	} else {
		*out = str_sub(it->rest, 0, at);
		it->rest = str_from(it->rest, at + 1);
	}
	return true;
}

static unsigned char fold(char c)
{
	return (unsigned char)tolower((unsigned char)c);
}

/* Optimal string alignment with three rows; words beyond 64 bytes are not misspelt keywords. */
size_t str_distance(struct str a, struct str b)
{
	size_t row[3][65];
	size_t *two = row[0], *one = row[1], *cur = row[2];

	if (a.n > 64 || b.n > 64)
		return MAX(a.n, b.n);
	for (size_t j = 0; j <= b.n; j++)
		one[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t *spare = two;

		cur[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			bool same = fold(a.p[i - 1]) == fold(b.p[j - 1]);
			size_t best = one[j - 1] + (same ? 0 : 1);

			best = MIN(best, MIN(one[j], cur[j - 1]) + 1);
			if (i > 1 && j > 1 && fold(a.p[i - 1]) == fold(b.p[j - 2]) &&
				fold(a.p[i - 2]) == fold(b.p[j - 1]))
				best = MIN(best, two[j - 2] + 1);
			cur[j] = best;
		}
		two = one;
		one = cur;
		cur = spare;
	}
	return one[b.n];
}

const struct str *str_nearest(struct str word, const struct str *candidates, size_t n)
{
	const struct str *best = NULL;
	size_t limit = MAX(word.n / 3, (size_t)1), best_at = limit + 1;

	/* Help for people, who have not so many; comparing them all would take its time. */
	if (n > NEAREST_MAX)
		return NULL;

	for (size_t i = 0; i < n; i++) {
		size_t d = str_distance(word, candidates[i]);

		/* A distance as long as the candidate shares nothing with it. */
		if (d < best_at && d < candidates[i].n) {
			best = &candidates[i];
			best_at = d;
		}
	}
	return best;
}

uint32_t utf8_char(const char *p, size_t n, size_t *len)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t want;
	uint32_t cp, min;

	*len = 0;
	if (!n)
		return 0;
	if (u[0] < 0x80) {
		*len = 1;
		return u[0];
	}
	if (u[0] >= 0xc2 && u[0] <= 0xdf) {
		want = 2;
		cp = u[0] & 0x1fu;
		min = 0x80;
	} else if (u[0] >= 0xe0 && u[0] <= 0xef) {
		want = 3;
		cp = u[0] & 0x0fu;
		min = 0x800;
	} else if (u[0] >= 0xf0 && u[0] <= 0xf4) {
		want = 4;
		cp = u[0] & 0x07u;
		min = 0x10000;
	} else {
		return u[0];
	}
	if (n < want)
		return u[0];
	for (size_t i = 1; i < want; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return u[0];
		cp = cp << 6 | (u[i] & 0x3fu);
	}
	if (cp < min || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return u[0];
	*len = want;
	return cp;
}

size_t utf8_len(const char *p, size_t n)
{
	size_t len;

	utf8_char(p, n, &len);
	return len;
}

bool str_is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '_')
			return false;
	return s.n > 0;
}

bool str_is_identifier(struct str s)
{
	return str_is_word(s) && !isdigit((unsigned char)s.p[0]);
}
