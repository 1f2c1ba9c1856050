#include "fuzz.h"

#include "base/diag.h"
#include "config/config.h"
#include "pipeline/lint.h"
#include "pipeline/pipeline.h"
#include "source/diag_print.h"
#include "source/source.h"
#include "vars/facts.h"
#include "vars/predefined.h"
#include "vars/varset.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

/* Every include is answered with what follows a line of equals signs, or refused without one. */
static void answer(struct config *c, const struct str *included)
{
	for (struct config_want *w = c->wants; w; w = w->next) {
		struct str path = STR("ci/a.yml");

		if (w->answered)
			continue;
		if (!included)
			config_refuse(c, w, STR("there is none"));
		else if (w->kind == WANT_LOCAL_GLOB)
			config_provide_glob(c, w, &path, 1);
		else
			config_provide(c, w, *included, NULL);
	}
}

static void build(struct config *c, const struct facts *facts)
{
	struct pipeline *pl = pipeline_build(c, facts);
	struct arena out = ARENA_INIT;
	struct buf text = BUF_INIT;

	if (pl) {
		pipeline_lint(c, facts, c->diags);
		yaml_write(&text, pipeline_dump(&out, pl, true));
		yaml_write(&text, pipeline_dump_full(&out, pl, true));
		pipeline_unref(pl);
	}
	buf_release(&text);
	arena_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_n((const char *)data, size), included = STR_NULL;
	size_t mark = str_find(text, STR("\n=====\n"));
	const struct facts facts = {
		.source = STR("push"),
		.branch = STR("main"),
		.ref_name = STR("main"),
		.sha = STR("0123456789abcdef0123456789abcdef01234567"),
		.default_branch = STR("main"),
		.server_host = STR("gitlab.example.com"),
		.server_protocol = STR("https"),
		.server_port = STR("443"),
		.project_path = STR("group/app"),
		.project_name = STR("app"),
		.project_namespace = STR("group"),
	};
	struct arena a = ARENA_INIT, keep = ARENA_INIT;
	struct source_set set;
	struct diags d;
	struct varset vars;
	struct config_options opt = {.include_vars = &vars};
	struct buf shown = BUF_INIT;
	enum config_status status;
	struct config *c;

	if (mark != STR_NPOS) {
		included = str_from(text, mark + 7);
		text = str_sub(text, 0, mark);
	}
	source_set_init(&set, &a);
	diags_init(&d, &a);
	varset_init(&vars, &keep);
	predefined_include(&vars, &facts);
	c = config_new(&a, &set, &d, &facts, &opt, STR(".gitlab-ci.yml"), text);
	for (int rounds = 0; (status = config_compile(c)) == CONFIG_WANT; rounds++) {
		PROPERTY(rounds < 1000, "wants something for ever");
		answer(c, mark == STR_NPOS ? NULL : &included);
	}
	PROPERTY(status == CONFIG_OK || d.errors, "failed without an error");
	if (status != CONFIG_OK)
		pipeline_check(c);
	diags_print(&shown, &set, &d, false);
	buf_release(&shown);
	if (status == CONFIG_OK)
		build(c, &facts);
	arena_release(&a);
	arena_release(&keep);
	return 0;
}
