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

size_t utf8_len(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t len;
	uint32_t cp, min;

	if (!n)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] >= 0xc2 && u[0] <= 0xdf) {
		len = 2;
		cp = u[0] & 0x1fu;
		min = 0x80;
	} else if (u[0] >= 0xe0 && u[0] <= 0xef) {
		len = 3;
		cp = u[0] & 0x0fu;
		min = 0x800;
	} else if (u[0] >= 0xf0 && u[0] <= 0xf4) {
		len = 4;
		cp = u[0] & 0x07u;
		min = 0x10000;
	} else {
		return 0;
	}
	if (n < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (u[i] & 0x3fu);
	}
	if (cp < min || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	return len;
}

/* East Asian wide and emoji blocks, combining marks: by range, so that a C locale does not matter.
 */
static size_t cp_width(uint32_t cp)
{
	static const struct {
		uint32_t lo, hi;
		size_t w;
	} ranges[] = {
		{0x0300, 0x036f, 0},
		{0x0483, 0x0489, 0},
		{0x0591, 0x05bd, 0},
		{0x0610, 0x061a, 0},
		{0x064b, 0x065f, 0},
		{0x0e31, 0x0e31, 0},
		{0x0e34, 0x0e3a, 0},
		{0x0e47, 0x0e4e, 0},
		{0x1100, 0x115f, 2},
		{0x1ab0, 0x1aff, 0},
		{0x1dc0, 0x1dff, 0},
		{0x200b, 0x200f, 0},
		{0x20d0, 0x20ff, 0},
		{0x231a, 0x231b, 2},
		{0x23e9, 0x23ec, 2},
		{0x23f0, 0x23f0, 2},
		{0x23f3, 0x23f3, 2},
		{0x25fd, 0x25fe, 2},
		{0x2614, 0x2615, 2},
		{0x2648, 0x2653, 2},
		{0x267f, 0x267f, 2},
		{0x2693, 0x2693, 2},
		{0x26a1, 0x26a1, 2},
		{0x26aa, 0x26ab, 2},
		{0x26bd, 0x26be, 2},
		{0x26c4, 0x26c5, 2},
		{0x26ce, 0x26ce, 2},
		{0x26d4, 0x26d4, 2},
		{0x26ea, 0x26ea, 2},
		{0x26f2, 0x26f3, 2},
		{0x26f5, 0x26f5, 2},
		{0x26fa, 0x26fa, 2},
		{0x26fd, 0x26fd, 2},
		{0x2705, 0x2705, 2},
		{0x270a, 0x270b, 2},
		{0x2728, 0x2728, 2},
		{0x274c, 0x274c, 2},
		{0x274e, 0x274e, 2},
		{0x2753, 0x2755, 2},
		{0x2757, 0x2757, 2},
		{0x2795, 0x2797, 2},
		{0x27b0, 0x27b0, 2},
		{0x27bf, 0x27bf, 2},
		{0x2b1b, 0x2b1c, 2},
		{0x2b50, 0x2b50, 2},
		{0x2b55, 0x2b55, 2},
		{0x2e80, 0x303e, 2},
		{0x3041, 0x33ff, 2},
		{0x3400, 0x4dbf, 2},
		{0x4e00, 0x9fff, 2},
		{0xa000, 0xa4cf, 2},
		{0xa960, 0xa97f, 2},
		{0xac00, 0xd7a3, 2},
		{0xf900, 0xfaff, 2},
		{0xfe00, 0xfe0f, 0},
		{0xfe20, 0xfe2f, 0},
		{0xfe30, 0xfe6f, 2},
		{0xff00, 0xff60, 2},
		{0xffe0, 0xffe6, 2},
		{0x16fe0, 0x18aff, 2},
		{0x1b000, 0x1b2ff, 2},
		{0x1f004, 0x1f004, 2},
		{0x1f0cf, 0x1f0cf, 2},
		{0x1f18e, 0x1f18e, 2},
		{0x1f191, 0x1f19a, 2},
		{0x1f200, 0x1f320, 2},
		{0x1f32d, 0x1f335, 2},
		{0x1f337, 0x1f37c, 2},
		{0x1f37e, 0x1f393, 2},
		{0x1f3a0, 0x1f3ca, 2},
		{0x1f3cf, 0x1f3d3, 2},
		{0x1f3e0, 0x1f3f0, 2},
		{0x1f3f4, 0x1f3f4, 2},
		{0x1f3f8, 0x1f43e, 2},
		{0x1f440, 0x1f440, 2},
		{0x1f442, 0x1f4fc, 2},
		{0x1f4ff, 0x1f53d, 2},
		{0x1f54b, 0x1f54e, 2},
		{0x1f550, 0x1f567, 2},
		{0x1f57a, 0x1f57a, 2},
		{0x1f595, 0x1f596, 2},
		{0x1f5a4, 0x1f5a4, 2},
		{0x1f5fb, 0x1f64f, 2},
		{0x1f680, 0x1f6c5, 2},
		{0x1f6cc, 0x1f6cc, 2},
		{0x1f6d0, 0x1f6d2, 2},
		{0x1f6d5, 0x1f6d7, 2},
		{0x1f6eb, 0x1f6ec, 2},
		{0x1f6f4, 0x1f6fc, 2},
		{0x1f7e0, 0x1f7eb, 2},
		{0x1f90c, 0x1f93a, 2},
		{0x1f93c, 0x1f945, 2},
		{0x1f947, 0x1f9ff, 2},
		{0x1fa70, 0x1faff, 2},
		{0x20000, 0x3fffd, 2},
		{0xe0100, 0xe01ef, 0},
	};
	size_t lo = 0, hi = ARRAY_SIZE(ranges);

	if (cp < 0x20 || cp == 0x7f)
		return 0;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (cp > ranges[mid].hi)
			lo = mid + 1;
		else if (cp < ranges[mid].lo)
			hi = mid;
		else
			return ranges[mid].w;
	}
	return 1;
}

size_t str_width(struct str s)
{
	size_t w = 0;

	for (size_t i = 0; i < s.n;) {
		size_t len = utf8_len(s.p + i, s.n - i);
		const unsigned char *u = (const unsigned char *)s.p + i;
		uint32_t cp = u[0];

		if (len == 0) {
			w++;
			i++;
			continue;
		}
		if (len == 2)
			cp = (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu);
		else if (len == 3)
			cp = (u[0] & 0x0fu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
		else if (len == 4)
			cp = (u[0] & 0x07u) << 18 | (u[1] & 0x3fu) << 12 | (u[2] & 0x3fu) << 6 |
			     (u[3] & 0x3fu);
		w += cp_width(cp);
		i += len;
	}
	return w;
}
