/* What the harnesses share. A broken property ends the program, which the fuzzer reports. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROPERTY(ok, ...)                 \
	do {                              \
		if (!(ok))                \
			BUG(__VA_ARGS__); \
	} while (0)

/* Takes the input apart at its first line end: a pattern and a text, for example. */
static inline struct str first_line(struct str *rest)
{
	size_t nl = str_chr(*rest, '\n');
	struct str line = str_sub(*rest, 0, nl == STR_NPOS ? rest->n : nl);

	*rest = nl == STR_NPOS ? STR("") : str_from(*rest, nl + 1);
	return line;
}

#endif
