#include "base/base.h"
#include "emulator/log/mask_find.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static void mark(struct mask_find *f, size_t place, unsigned c, uint8_t bit)
{
	f->at[place][c] |= bit;
	f->low[place][c & 15] |= bit;
	f->high[place][c >> 4] |= bit;
}

void mask_find_add(struct mask_find *f, struct str text)
{
	unsigned first = (unsigned char)text.p[0];
	size_t place;

	if (!f->group[first])
		f->group[first] = (uint8_t)(1u << f->groups++ % 8);
	for (place = 0; place < MASK_FIND_BYTES; place++) {
		unsigned c;

		if (place < text.n)
			mark(f, place, (unsigned char)text.p[place], f->group[first]);
		else
			for (c = 0; c < 256; c++)
				mark(f, place, c, f->group[first]);
	}
}

/* The same one byte after the other; also for the end, where fewer bytes have to do. */
static size_t next_plain(const struct mask_find *f, const char *p, size_t at, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;

	for (; at + 2 < n; at++)
		if (f->at[0][u[at]] & f->at[1][u[at + 1]] & f->at[2][u[at + 2]])
			return at;
	if (at + 2 == n) {
		if (f->at[0][u[at]] & f->at[1][u[at + 1]])
			return at;
		at++;
	}
	return at < n && !f->at[0][u[at]] ? n : at;
}

#if defined(__x86_64__)
#define WIDE 32

__attribute__((target("avx2"))) static __m256i table(const uint8_t *t)
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)t));
}

/* Which groups have the bytes at p at this place: both halves of each byte looked up. */
__attribute__((target("avx2"))) static __m256i groups_at(const char *p, __m256i low, __m256i high)
{
	__m256i half = _mm256_set1_epi8(15), v = _mm256_loadu_si256((const void *)p);
	__m256i hi = _mm256_and_si256(_mm256_srli_epi16(v, 4), half);

	return _mm256_and_si256(
		_mm256_shuffle_epi8(low, _mm256_and_si256(v, half)), _mm256_shuffle_epi8(high, hi));
}

/*
 * The packed search that Hyperscan calls Teddy. Stops before the end where a whole load would not
 * fit; returns how far it came.
 */
__attribute__((target("avx2"))) static size_t next_wide(
	const struct mask_find *f, const char *p, size_t at, size_t n)
{
	__m256i l0 = table(f->low[0]), l1 = table(f->low[1]), l2 = table(f->low[2]);
	__m256i h0 = table(f->high[0]), h1 = table(f->high[1]), h2 = table(f->high[2]);

	for (; at + WIDE + MASK_FIND_BYTES <= n; at += WIDE) {
		__m256i r =
			_mm256_and_si256(groups_at(p + at, l0, h0), groups_at(p + at + 1, l1, h1));
		uint32_t none;

		r = _mm256_and_si256(r, groups_at(p + at + 2, l2, h2));
		none = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(r, _mm256_setzero_si256()));
		for (uint32_t hits = ~none; hits; hits &= hits - 1) {
			size_t i = at + (size_t)__builtin_ctz(hits);
			const unsigned char *u = (const unsigned char *)p + i;

			if (f->at[0][u[0]] & f->at[1][u[1]] & f->at[2][u[2]])
				return i;
		}
	}
	return at;
}
#endif

size_t mask_find_next(const struct mask_find *f, const char *p, size_t from, size_t n)
{
#if defined(__x86_64__)
	if (n - from >= 2 * WIDE && __builtin_cpu_supports("avx2"))
		from = next_wide(f, p, from, n);
#endif
	/* Where the wide one has found something, this returns at once. */
	return next_plain(f, p, from, n);
}
