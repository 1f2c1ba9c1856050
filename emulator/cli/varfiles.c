/* Variables from files and from the command line. */
#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/core/trace.h"
#include "emulator/cli/tree.h"
#include "vars/varfile.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

/* Files that a variable names by path (gitlab-ci-local's form): relative to home or project. */
static int read_named_file(void *ctx, struct str path, struct arena *a, struct str *out)
{
	const struct load *l = ctx;
	const char *home = getenv("HOME");
	const char *full;
	if (str_starts(path, STR("~/")) && home)
		full = arena_printf(a, "%s/" STR_FMT, home, STR_ARG(str_from(path, 2))).p;
	else if (str_starts(path, STR("/")))
		full = arena_cstr(a, path);
	else
		full = arena_printf(a, "%s/" STR_FMT, l->root, STR_ARG(path)).p;
	return read_small_file(a, full, out) ? -1 : 0;
}

/* The path is what messages show; dir is in front of it (NULL: the current directory). */
static int read_one(struct load *l, struct diags *d, const char *dir, const char *path,
	enum varfile_form form, enum var_layer flat, bool must)
{
	struct cli *c = l->c;
	struct str text;
	const char *full = dir ? arena_printf(&c->arena, "%s/%s", dir, path).p : path;
	int why = read_small_file(&c->arena, full, &text);
	if (!must && (why == ENOENT || why == ENOTDIR))
		return EXIT_OK;
	if (why) {
		cli_error(c, "cannot read variables '%s': %s", path, strerror(why));
		return EXIT_USAGE;
	}
	TRACE(LOAD, "variables of %s", full);
	uint32_t id = source_add(&l->sources, str_c(path), text, SPAN_NONE);
	struct varfile_options o = {.form = form,
		.flat_layer = flat,
		.project = arena_printf(&c->arena, STR_FMT "/" STR_FMT,
			STR_ARG(l->facts.server_host), STR_ARG(l->facts.project_path)),
		.ref_protected = l->facts.ref_protected,
		.read_file = read_named_file,
		.ctx = l,
		.secrets = flat == VAR_PROJECT ? &l->secrets : NULL};
	varfile_read(&c->arena, source_get(&l->sources, id), d, &o, &l->vars);
	return EXIT_OK;
}

static int read_settings_files(struct load *l, struct diags *d)
{
	const char *home = getenv("HOME");
	const char *user = user_config_path(l->c, "variables.yml");
	struct str far = home && *home ? arena_printf(&l->c->arena,
						 "%s/.gitlab-ci-local/variables.yml", home)
				       : STR_NULL;
	const struct {
		const char *dir, *path;
		enum varfile_form form;
	} files[] = {
		{NULL, far.p, VARFILE_GITLAB_CI_LOCAL},
		{NULL, user, VARFILE_CILOCAL},
		{l->root, ".gitlab-ci-local-variables.yml", VARFILE_GITLAB_CI_LOCAL},
		{l->root, ".cilocal-variables.yml", VARFILE_CILOCAL},
	};
	int code = EXIT_OK;
	for (size_t i = 0; !code && i < ARRAY_SIZE(files); i++)
		if (files[i].path && (files[i].dir || !l->c->hermetic))
			code = read_one(l, d, files[i].dir, files[i].path, files[i].form,
				VAR_PROJECT, false);
	return code;
}

static int read_options(struct load *l, struct diags *d)
{
	struct cli *c = l->c;
	const struct opt_value *v;
	size_t i = 0;
	while ((v = opt_next(&c->opt, OPT_VAR_FILE, &i))) {
		int code = read_one(l, d, NULL, v->value, VARFILE_CILOCAL, VAR_PIPELINE, true);
		if (code)
			return code;
	}
	i = 0;
	while ((v = opt_next(&c->opt, OPT_VAR, &i))) {
		struct str text = str_c(v->value);
		size_t eq = str_chr(text, '=');
		struct str name = str_sub(text, 0, eq);
		if (!str_is_word(name))
			return cli_usage(c,
				"'" STR_FMT "' is no name of a variable (letters, digits, _)",
				STR_ARG(name));
		varset_put(&l->vars, &(struct var){.key = name,
					     .value = str_from(text, eq + 1),
					     .from = v->from ? v->from : "--var",
					     .layer = VAR_PIPELINE,
					     .internal = true});
	}
	return EXIT_OK;
}

/* ---- what a trigger sent ---- */

static struct node *typed_variables(const struct load *l)
{
	struct arena *a = &l->c->arena;
	struct node *m = tree_map(a);
	for (size_t i = 0; i < l->vars.n; i++)
		if (l->vars.v[i].layer == VAR_PIPELINE)
			tree_str(a, m, arena_cstr(a, l->vars.v[i].key), l->vars.v[i].value);
	return m;
}

/* The request without its token (GitLab, app/services/ci/pipeline_trigger_service.rb). */
static struct str request_payload(const struct load *l)
{
	struct arena *a = &l->c->arena;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct node *m = tree_map(a);
	tree_put(a, m, "variables", typed_variables(l));
	tree_str(a, m, "ref", l->facts.ref_name);
	tree_str(a, m, "id", arena_printf(a, "%" PRIu64, l->facts.project_id));
	yaml_write_json(&out, m, 0);
	return arena_str(a, buf_str(&out));
}

int load_trigger_payload(struct load *l)
{
	struct cli *c = l->c;
	const char *path = opt_text(&c->opt, OPT_TRIGGER_PAYLOAD);
	bool triggered = str_is(l->facts.source, "trigger");
	struct str text;
	if (!triggered)
		return EXIT_OK;
	int why = path ? read_small_file(&c->arena, path, &text) : 0;
	if (why) {
		cli_error(c, "cannot read '%s': %s", path, strerror(why));
		return EXIT_USAGE;
	}
	varset_put(&l->vars, &(struct var){.key = STR("TRIGGER_PAYLOAD"),
				     .value = path ? text : request_payload(l),
				     .from = path ? "--trigger-payload" : "--event trigger",
				     .layer = VAR_PIPELINE,
				     .raw = true,
				     .file = true,
				     .internal = true});
	return EXIT_OK;
}

int load_variables(struct load *l)
{
	struct cli *c = l->c;
	struct diags d;
	diags_init(&d, &c->arena);
	int code = read_settings_files(l, &d);
	if (!code)
		code = read_options(l, &d);
	if (d.errors || !c->quiet)
		cli_diags(c, &l->sources, &d);
	if (!code && d.errors)
		code = EXIT_USAGE;
	return code;
}
