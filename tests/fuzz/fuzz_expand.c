#include "fuzz.h"

#include "vars/varset.h"

/* Lines NAME=VALUE make the set; all of the input is the text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_n((const char *)data, size), rest = text, error, *refs;
	struct arena a = ARENA_INIT;
	struct varset vars, out;

	varset_init(&vars, &a);
	while (rest.n) {
		struct str line = first_line(&rest);
		size_t eq = str_chr(line, '=');

		if (eq != STR_NPOS && eq)
			varset_set(&vars, (enum var_layer)(line.p[0] % VAR_LAYERS),
				str_sub(line, 0, eq), str_from(line, eq + 1));
	}
	for (int mode = EXPAND_SERVER; mode <= EXPAND_RUNNER; mode++)
		expand(&a, text, &vars, (enum expand_mode)mode);
	/* $$ and the like count as something to expand, but name nothing. */
	PROPERTY(text_has_refs(text) || !text_refs(&a, text, &refs), "references disagree");
	for (int keep = 0; keep < 2; keep++)
		if (!varset_sort_and_expand(&a, &vars, keep, &out, &error))
			PROPERTY(error.n, "refused without a word");
	arena_release(&a);
	return 0;
}
