/* How many columns text takes on a terminal; a C locale does not matter. */
#include "base/base.h"

#define JOINER           0x200du
#define EMOJI_SELECTOR   0xfe0fu
#define is_in(c, lo, hi) ((c) >= (lo) && (c) <= (hi))

static const struct range {
	uint32_t lo, hi, columns;
} ranges[] = {
#define RANGE(lo, hi, columns) {lo, hi, columns},
#include "base/width.def"
#undef RANGE
};

static size_t columns_of(uint32_t c)
{
	size_t lo = 0, hi = ARRAY_SIZE(ranges);

	if (c < ranges[0].lo)
		return 1;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (c > ranges[mid].hi)
			lo = mid + 1;
		else if (c < ranges[mid].lo)
			hi = mid;
		else
			return ranges[mid].columns;
	}
	return 1;
}

/* The character at p, its length in *len; malformed bytes are letters of their own. */
static uint32_t character(struct str s, size_t *len)
{
	uint32_t c = utf8_char(s.p, s.n, len);

	if (*len)
		return c;
	*len = 1;
	return 0xfffdu;
}

/* Pictures, and the signs of which some are drawn as pictures. */
static bool is_picture(uint32_t c)
{
	return is_in(c, 0x1f000u, 0x1fbffu) || is_in(c, 0x203cu, 0x3299u) || c == 0xa9 || c == 0xae;
}

/* What stands on the keys of a telephone is drawn as one where it is asked for. */
static bool is_key(uint32_t c)
{
	return is_in(c, '0', '9') || c == '#' || c == '*';
}

static bool is_flag_letter(uint32_t c)
{
	return is_in(c, 0x1f1e6u, 0x1f1ffu);
}

static bool is_skin(uint32_t c)
{
	return is_in(c, 0x1f3fbu, 0x1f3ffu);
}

size_t str_letter(struct str s, size_t *columns)
{
	size_t len, n;
	uint32_t first, c;
	bool joins = false;

	*columns = 0;
	if (!s.n)
		return 0;
	first = character(s, &n);
	*columns = columns_of(first);
	while (n < s.n && (unsigned char)s.p[n] >= 0x80) {
		c = character(str_from(s, n), &len);
		if (is_flag_letter(first) && is_flag_letter(c)) {
			*columns = 2;
			return n + len;
		}
		if (c == EMOJI_SELECTOR && (is_picture(first) || is_key(first)))
			*columns = 2;
		else if (columns_of(c) && !(joins && is_picture(c)) &&
			 !(is_skin(c) && is_picture(first)))
			break;
		joins = c == JOINER && is_picture(first);
		n += len;
	}
	return n;
}

size_t str_width(struct str s)
{
	size_t all = 0, one;

	while (s.n) {
		s = str_from(s, str_letter(s, &one));
		all += one;
	}
	return all;
}
