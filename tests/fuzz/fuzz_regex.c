#include "fuzz.h"

#include "expr/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_n((const char *)data, size), pattern, why, caps[8];
	struct arena a = ARENA_INIT;
	unsigned flags = size ? data[0] % 32u : 0;
	const struct regex *re;
	size_t at = 0;

	rest = str_from(rest, 1);
	pattern = first_line(&rest);
	re = regex_new(&a, pattern, flags, &why, &at);
	PROPERTY(re || (why.n && at <= pattern.n), "refused without a word");
	if (re) {
		enum regex_result with = regex_search(re, rest, caps, ARRAY_SIZE(caps));
		enum regex_result without = regex_search(re, rest, NULL, 0);

		PROPERTY(with == without || with == REGEX_LIMIT || without == REGEX_LIMIT,
			"groups change the answer");
		for (size_t i = 0; with == REGEX_YES && i < ARRAY_SIZE(caps); i++)
			PROPERTY(!caps[i].p || (caps[i].p >= rest.p &&
						       caps[i].p + caps[i].n <= rest.p + rest.n),
				"a group outside of the subject");
	}
	arena_release(&a);
	return 0;
}
