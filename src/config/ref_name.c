#include "base/base.h"
#include "config/ref_name.h"

bool ref_name_valid(struct str s)
{
	if (!s.n || s.p[0] == '-' || s.p[0] == '/' || s.p[s.n - 1] == '/' || s.p[s.n - 1] == '.' ||
		str_is(s, "@"))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i],
			      next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;

		if (c <= ' ' || c == 0x7f || strchr("~^:?*[\\", c))
			return false;
		if ((c == '.' && next == '.') || (c == '@' && next == '{') ||
			(c == '/' && (next == '/' || next == '.')))
			return false;
	}
	return s.p[0] != '.' && !str_ends(s, STR(".lock"));
}
