#include "fuzz.h"

#include "expr/glob.h"
#include "source/loader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_n((const char *)data, size), pattern = first_line(&rest), why;
	struct arena a = ARENA_INIT;

	for (int d = GLOB_FNMATCH; d <= GLOB_DOUBLESTAR; d++) {
		const struct glob *g = glob_new(&a, pattern, (enum glob_dialect)d, &why);
		bool hit = glob_match(g, rest);

		if (glob_is_literal(pattern) && !memchr(rest.p ? rest.p : "", '\0', rest.n))
			PROPERTY(hit == str_eq(pattern, rest) || str_chr(pattern, '\0') != STR_NPOS,
				"a literal pattern matches only itself");
	}
	if (pattern.n * rest.n < 1000000)
		PROPERTY(glob_match_name(pattern, rest) || !str_eq(pattern, rest) ||
				 !glob_is_literal(pattern),
			"a name does not fit itself");
	PROPERTY(str_starts(pattern, glob_base(pattern)), "the base is no prefix");
	arena_release(&a);
	if (pattern.n * rest.n < 1000000)
		loader_glob_match(pattern, rest);
	return 0;
}
