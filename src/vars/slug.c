#include "base/base.h"
#include "vars/slug.h"

#include <openssl/sha.h>

struct str slugify(struct arena *a, struct str text)
{
	size_t n = 0, from = 0;
	char *out;

	while (n < text.n && n < 63 &&
		(islower((unsigned char)text.p[n]) || isdigit((unsigned char)text.p[n])))
		n++;
	if (n == text.n)
		return text;
	n = 0;
	out = arena_alloc(a, text.n + 1);

	/* One '-' for a character, not for each of its bytes. */
	for (size_t i = 0; i < text.n && n < 63; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if ((c & 0xc0) == 0x80)
			continue;
		c = (unsigned char)tolower(c);
		out[n++] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? (char)c : '-';
	}
	while (n && out[n - 1] == '-')
		n--;
	while (from < n && out[from] == '-')
		from++;
	out[n] = '\0';
	return str_n(out + from, n - from);
}

/* The last six base-36 digits of the SHA-256 of text, as a number. */
static void sha_suffix(struct str text, char out[7])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)(text.p ? text.p : ""), text.n, digest);
	for (int at = 5; at >= 0; at--) {
		unsigned rest = 0;

		for (size_t i = 0; i < sizeof(digest); i++) {
			unsigned cur = rest * 256 + digest[i];

			digest[i] = (unsigned char)(cur / 36);
			rest = cur % 36;
		}
		out[at] = "0123456789abcdefghijklmnopqrstuvwxyz"[rest];
	}
	out[6] = '\0';
}

struct str environment_slug(struct arena *a, struct str name)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if ((c & 0xc0) == 0x80)
			continue;
		c = (unsigned char)tolower(c);
		if (!b.n && !(c >= 'a' && c <= 'z'))
			buf_adds(&b, "env-");
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (plain)
			buf_addc(&b, (char)c);
		else if (!b.n || b.p[b.n - 1] != '-')
			buf_addc(&b, '-');
	}
	if (b.n > 24 || !str_eq(buf_str(&b), name)) {
		char suffix[7];

		if (b.n > 17)
			buf_truncate(&b, 17);
		if (!b.n || b.p[b.n - 1] != '-')
			buf_addc(&b, '-');
		sha_suffix(name, suffix);
		buf_adds(&b, suffix);
	} else if (b.n && b.p[b.n - 1] == '-') {
		buf_truncate(&b, b.n - 1);
	}
	struct str out = arena_str(a, buf_str(&b));
	buf_release(&b);
	return out;
}

static bool is_separator(char c)
{
	return c == ':' || c == '\b' || isspace((unsigned char)c);
}

static size_t skip_digits(struct str s, size_t i)
{
	while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	return i;
}

/*
 * One to three suffixes from i to the end of the name: separators, then [...] or N/M (also "N M",
 * N:M, N\M). `left` bounds the recursion.
 */
static bool suffixes_from(struct str s, size_t i, int left)
{
	size_t at = i;

	while (at < s.n && is_separator(s.p[at]))
		at++;
	if (at == i || at == s.n || !left)
		return false;
	if (s.p[at] == '[') {
		for (size_t k = s.n; k > at; k--)
			if (s.p[k - 1] == ']' &&
				(!str_trim(str_from(s, k)).n || suffixes_from(s, k, left - 1)))
				return true;
		return false;
	}
	size_t first = skip_digits(s, at), sep = first;
	while (sep < s.n && (is_separator(s.p[sep]) || s.p[sep] == '/' || s.p[sep] == '\\') &&
		s.p[sep] != '\b')
		sep++;
	size_t second = skip_digits(s, sep);
	if (first == at || sep == first || second == sep)
		return false;
	return !str_trim(str_from(s, second)).n || suffixes_from(s, second, left - 1);
}

struct str job_group_name(struct str name)
{
	/* Names of jobs end at 255 characters. */
	for (size_t i = 0; i < MIN(name.n, (size_t)1024); i++)
		if (is_separator(name.p[i]) && suffixes_from(name, i, 3))
			return str_trim(str_sub(name, 0, i));
	return str_trim(name);
}
