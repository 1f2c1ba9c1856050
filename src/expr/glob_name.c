#include "base/base.h"

#include "base/arena.h"
#include "expr/glob.h"

/* Only * and ? are special. Goes back to the last star alone, which is enough for stars. */
static bool matches_simply(struct str pattern, struct str name)
{
	size_t p = 0, n = 0, star = STR_NPOS, from = 0;

	while (n < name.n) {
		size_t one = utf8_len(name.p + n, name.n - n);

		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			from = n;
		} else if (p < pattern.n && pattern.p[p] == '?') {
			p++;
			n += one ? one : 1;
		} else if (p < pattern.n && pattern.p[p] == name.p[n]) {
			p++;
			n++;
		} else if (star != STR_NPOS) {
			p = star + 1;
			n = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

static struct str without_slashes(struct arena *a, struct str s)
{
	char *copy = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		copy[i] = s.p[i] == '/' ? '\1' : s.p[i];
	copy[s.n] = '\0';
	return str_n(copy, s.n);
}

bool glob_match_name(struct str pattern, struct str name)
{
	struct arena scratch = ARENA_INIT;
	bool yes = matches_simply(pattern, name);

	if (!yes)
		yes = glob_match_once(without_slashes(&scratch, pattern), GLOB_FNMATCH,
			without_slashes(&scratch, name));
	arena_release(&scratch);
	return yes;
}
