#include "base/base.h"
#include "config/ref_name.h"

/* A part between slashes. */
static bool is_part_valid(struct str part)
{
	return !str_starts(part, STR(".")) && !str_ends(part, STR(".lock"));
}

bool ref_name_valid(struct str s)
{
	struct str_split parts = str_split(s, '/');
	struct str part;

	if (!s.n || s.p[0] == '-' || s.p[s.n - 1] == '/' || s.p[s.n - 1] == '.' ||
		str_is(s, "HEAD") || str_starts(s, STR("refs/heads/")) ||
		str_starts(s, STR("refs/remotes/")))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i],
			      next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;

		if (c <= ' ' || c == 0x7f || strchr("~^:?*[\\", c))
			return false;
		if ((c == '.' && next == '.') || (c == '@' && next == '{') ||
			(c == '/' && next == '/'))
			return false;
	}
	while (str_split_next(&parts, &part))
		if (!is_part_valid(part))
			return false;
	return true;
}
