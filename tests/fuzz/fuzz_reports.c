#include "fuzz.h"

#include "base/arena.h"
#include "emulator/core/error.h"
#include "emulator/gitlab/coverage.h"
#include "emulator/gitlab/junit.h"

/* A junit report; and a log with the expression of its first line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_n((const char *)data, size), found;
	size_t line = str_chr(in, '\n');
	struct arena a = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct junit t = {0};

	if (junit_read(&a, in, &t, &err))
		PROPERTY(!t.tests && error_is(&err), "refused without a word");
	PROPERTY(t.failed + t.errors == t.n, "failures that were not counted");
	if (line != STR_NPOS) {
		found = coverage_of_text(&a, str_from(in, line + 1), str_sub(in, 0, line));
		for (size_t i = 0; i < found.n; i++)
			PROPERTY(found.p[i] == '.' || (found.p[i] >= '0' && found.p[i] <= '9'),
				"no number");
	}
	arena_release(&a);
	return 0;
}
