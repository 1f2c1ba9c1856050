#include "fuzz.h"

#include "base/diag.h"
#include "source/source.h"
#include "vars/dotenv.h"
#include "vars/varfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_n((const char *)data, size), error;
	const struct varfile_options opt = {
		.form = size % 2 ? VARFILE_CILOCAL : VARFILE_GITLAB_CI_LOCAL,
		.flat_layer = VAR_PROJECT,
		.project = STR("gitlab.com/group/project"),
	};
	struct arena a = ARENA_INIT;
	struct source_set set;
	struct diags d;
	struct varset vars;
	const struct source *src;
	unsigned line;
	bool ok;

	source_set_init(&set, &a);
	diags_init(&d, &a);
	varset_init(&vars, &a);
	src = source_get(&set, source_add(&set, STR("f"), text, SPAN_NONE));
	if (!dotenv_report(&a, text, DOTENV_LIMITS, &vars, &error, &line))
		PROPERTY(error.n && !vars.n, "refused without a word");
	ok = dotenv_read(&a, src, &d, VAR_PIPELINE, &vars);
	PROPERTY(ok == !d.errors, "ok is %d with %u errors", ok, d.errors);
	varfile_read(&a, src, &d, &opt, &vars);
	arena_release(&a);
	return 0;
}
