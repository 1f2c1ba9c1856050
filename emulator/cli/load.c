#include "base/base.h"

#include "emulator/cli/load.h"
#include "emulator/store/store.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/lock_file.h"
#include "emulator/cli/tree.h"
#include "emulator/core/error.h"
#include "emulator/core/trace.h"
#include "emulator/gitlab/fetch_include.h"
#include "emulator/gitlab/run.h"
#include "emulator/log/mask.h"
#include "source/diag_print.h"
#include "vars/predefined.h"
#include "yaml/node.h"
#include "yaml/yaml.h"
#include "config/config.h"
#include "pipeline/pipeline.h"

#include <unistd.h>

#define DEFAULT_FILE ".gitlab-ci.yml"

static void begin_facts(struct load *l, const struct event_ask *ask)
{
	facts_from_event(l, ask);
	l->facts.pipeline_id = l->facts.pipeline_iid =
		l->c->hermetic ? 1 : store_next_pipeline(l->root);
	repo_fill_facts(&l->repo, &l->facts);
}

static int end_facts(struct load *l)
{
	int code = load_trigger_payload(l);
	if (!code)
		code = facts_complete(l);
	l->facts.settings_vars = &l->vars;
	l->facts.secrets = &l->secrets;
	return code;
}

static int read_lock(struct load *l)
{
	l->lock = arena_new(&l->c->arena, struct lock_file);
	int code = lock_file_read(l->c, l->root, l->lock);
	lock_file_hold(l->lock);
	return code;
}

int load_project(struct cli *c, struct load *l)
{
	struct error err = ERROR_INIT;
	struct str why;
	memset(l, 0, sizeof(*l));
	l->c = c;
	source_set_init(&l->sources, &c->arena);
	varset_init(&l->vars, &c->arena);
	varset_init(&l->secrets, &c->arena);
	if (repo_open(&l->repo, NULL, &err)) {
		cli_error(c, "%s", err.text);
		return EXIT_SURROUNDINGS;
	}
	l->root = arena_cstr(&c->arena, l->repo.root);
	if (loader_init(&l->loader, &c->arena, l->repo.root, &why) != LOADER_OK) {
		cli_error(c, STR_FMT, STR_ARG(why));
		return EXIT_SURROUNDINGS;
	}
	struct event_ask ask;
	int code = settings_load(c, &l->settings, l->root);
	if (!code)
		code = event_from_options(l, &ask);
	if (code)
		return code;
	if (opt_flag(&c->opt, OPT_LOCKED) && (code = read_lock(l)))
		return code;
	l->repo.committed = opt_flag(&c->opt, OPT_COMMITTED);
	begin_facts(l, &ask);
	code = load_variables(l);
	return code ? code : end_facts(l);
}

int load_event(struct load *l, const struct event_ask *ask)
{
	struct varset vars;
	load_release_definition(l);
	l->facts = (struct facts){.source = STR_NULL};
	begin_facts(l, ask);
	/* What an earlier event brought goes, what files and options gave stays. */
	varset_init(&vars, &l->c->arena);
	for (size_t i = 0; i < l->vars.n; i++)
		if (!str_is(l->vars.v[i].key, "TRIGGER_PAYLOAD"))
			varset_put(&vars, &l->vars.v[i]);
	l->vars = vars;
	return end_facts(l);
}

/* ---- the definition's file ---- */

/* The path below the root where it is there, else the path as given. */
static struct str shown_name(struct load *l, const char *path)
{
	char *real = realpath(path, NULL);
	struct str full = real ? arena_str(&l->c->arena, str_c(real)) : str_c(path);
	free(real);
	struct str root = str_c(l->root);
	if (str_starts(full, root) && full.n > root.n + 1 && full.p[root.n] == '/')
		return str_from(full, root.n + 1);
	return str_c(path);
}

static int read_definition(struct load *l, const char *path, struct str *name, struct str *text)
{
	struct cli *c = l->c;
	bool asked = path != NULL;
	if (!path)
		path = opt_text(&c->opt, OPT_FILE);
	asked |= path != NULL;
	if (path && !strcmp(path, "-")) {
		int why = read_small_file(&c->arena, "/dev/stdin", text);
		if (why)
			cli_error(c, "cannot read the standard input: %s", strerror(why));
		*name = STR("<stdin>");
		l->facts.config_path = STR(DEFAULT_FILE);
		return why ? EXIT_USAGE : EXIT_OK;
	}
	const char *in_root =
		arena_printf(&c->arena, "%s/%s", l->root, path ? path : DEFAULT_FILE).p;
	const char *at = path && (path[0] == '/' || access(path, F_OK) == 0) ? path : in_root;
	int why = read_small_file(&c->arena, at, text);
	if (why && asked) {
		cli_error(c, "cannot read '%s': %s", path, strerror(why));
		return EXIT_USAGE;
	}
	if (why == ENOENT) {
		cli_error(c, "there is no " DEFAULT_FILE " in %s; name another file with '--file'",
			l->root);
		return EXIT_INVALID;
	}
	if (why) {
		cli_error(c, "cannot read '%s': %s", in_root, strerror(why));
		return EXIT_SURROUNDINGS;
	}
	*name = shown_name(l, at);
	l->facts.config_path = *name;
	return EXIT_OK;
}

/* ---- inputs ---- */

/* What spec:inputs says about an input's type; "string" where nothing is said. */
static struct str input_type(const struct node *header, struct str name)
{
	const struct node *type =
		node_get(node_get_str(node_get(node_get(header, "spec"), "inputs"), name), "type");
	return node_is(type, NODE_STRING) ? type->text : STR("string");
}

/* A string stays as typed; other types are read as YAML, so that 3, true and [a, b] are theirs. */
static struct node *input_value(
	struct load *l, const struct node *header, struct str name, struct str text)
{
	struct span none = SPAN_NONE;
	struct node *n;
	if (!str_is(input_type(header, name), "string")) {
		struct diags ignored;
		diags_init(&ignored, &l->arena);
		uint32_t id = source_add(&l->sources,
			arena_printf(&l->arena, "--input " STR_FMT, STR_ARG(name)), text, none);
		n = yaml_read(&l->arena, source_get(&l->sources, id), &ignored);
		if (n && !ignored.errors)
			return n;
	}
	n = node_new_str(&l->arena, text, none);
	n->quoted = true;
	return n;
}

static const struct node *read_inputs(struct load *l, struct str text)
{
	const struct opt_value *v;
	size_t i = 0;
	if (!opt_last(&l->c->opt, OPT_INPUT))
		return NULL;
	struct diags ignored;
	struct yaml_file file = {NULL, NULL};
	diags_init(&ignored, &l->arena);
	struct source_set scratch;
	source_set_init(&scratch, &l->arena);
	uint32_t id = source_add(&scratch, STR("definition"), text, SPAN_NONE);
	yaml_read_file(&l->arena, source_get(&scratch, id), &ignored, &file);
	struct node *map = node_new(&l->arena, NODE_MAP, SPAN_NONE);
	while ((v = opt_next(&l->c->opt, OPT_INPUT, &i))) {
		struct str pair = str_c(v->value);
		size_t eq = str_chr(pair, '=');
		struct str name = str_sub(pair, 0, eq);
		node_map_put(&l->arena, map, node_new_str(&l->arena, name, SPAN_NONE),
			input_value(l, file.header, name, str_from(pair, eq + 1)));
	}
	return map;
}

/* ---- compile ---- */

static bool local_exists(void *ctx, struct str path)
{
	struct load *l = ctx;
	return loader_exists(&l->loader, path);
}

static void fetch_message(void *arg, enum diag_level level, const char *text)
{
	const struct load *l = arg;
	struct cli *c = l->c;
	if (l->hush && level != DIAG_ERROR)
		return;
	if (level == DIAG_ERROR)
		cli_error(c, "%s", text);
	else if (level == DIAG_WARNING)
		cli_warn(c, "%s", text);
	else
		cli_note(c, "%s", text);
}

/* [cilocal.projects], for projects that are to be had on this machine. */
static const struct project_place *project_places(struct load *l, size_t *n)
{
	const struct rc_table *t = &l->settings.projects;
	struct project_place *v = arena_array(&l->c->arena, struct project_place, t->n + 1);
	for (size_t i = 0; i < t->n; i++)
		v[i] = (struct project_place){t->v[i].key, t->v[i].value.v};
	*n = t->n;
	return v;
}

/* include:artifact, where the job that makes it has run. */
static void answer_artifacts(struct load *l)
{
	for (struct config_want *w = l->config->wants; l->ask && w; w = w->next) {
		struct str text, why;
		if (w->answered || w->kind != WANT_ARTIFACT)
			continue;
		if (l->ask->artifact(l->ask->arg, w->project, w->path, &l->arena, &text, &why))
			config_refuse(l->config, w, why);
		else
			config_provide(l->config, w, text, NULL);
	}
}

static enum config_status compile(struct load *l)
{
	enum config_status status = config_compile(l->config);
	if (status != CONFIG_WANT)
		return status;
	struct fetch_options o = {.loader = &l->loader,
		.facts = &l->facts,
		.url = l->repo.remote_url.n ? &l->repo.url : NULL,
		.remote_url = l->repo.remote_url,
		.git_config =
			arena_printf(&l->c->arena, STR_FMT "/config", STR_ARG(l->repo.common_dir))
				.p,
		.lock = l->lock ? &l->lock->fetch : NULL,
		.offline = opt_flag(&l->c->opt, OPT_OFFLINE),
		.message = fetch_message,
		.message_arg = l};
	if (l->settings.templates.set)
		o.templates = arena_cstr(&l->c->arena, l->settings.templates.v);
	o.places = project_places(l, &o.n_places);
	do {
		answer_artifacts(l);
		fetch_includes(l->config, &o);
	} while ((status = config_compile(l->config)) == CONFIG_WANT);
	return status;
}

void load_release_definition(struct load *l)
{
	pipeline_unref(l->pipeline);
	arena_release(&l->arena);
	l->pipeline = NULL;
	l->config = NULL;
}

int load_text(struct load *l, struct str name, struct str text, const struct node *inputs)
{
	diags_init(&l->diags, &l->arena);
	struct varset *include_vars = arena_new(&l->arena, struct varset);
	varset_init(include_vars, &l->arena);
	predefined_include(include_vars, &l->facts);
	varset_add_scoped(include_vars, &l->vars, STR_NULL);
	struct config_options o = {.include_vars = include_vars,
		.inputs = inputs,
		.file_exists = local_exists,
		.ctx = l};
	size_t before = l->sources.n;
	l->config = config_new(&l->arena, &l->sources, &l->diags, &l->facts, &o, name, text);
	enum config_status status = compile(l);
	for (size_t i = before; trace_on(TRACE_LOAD) && i < l->sources.n; i++)
		TRACE(LOAD, "%s " STR_FMT, i == before ? "definition" : "included",
			STR_ARG(l->sources.v[i]->name));
	if (status != CONFIG_OK) {
		pipeline_check(l->config); /* the errors of what is sound */
		return EXIT_INVALID;
	}
	l->pipeline = pipeline_build(l->config, &l->facts);
	if (l->pipeline)
		TRACE(LOAD, "%zu of %zu jobs are in this pipeline: " STR_FMT " of " STR_FMT,
			l->pipeline->n_jobs, l->pipeline->n_all, STR_ARG(l->facts.source),
			STR_ARG(l->facts.ref_name));
	return l->pipeline ? EXIT_OK : EXIT_INVALID;
}

struct str load_definition_path(struct load *l)
{
	const char *path = opt_text(&l->c->opt, OPT_FILE);
	struct str shown = path ? shown_name(l, path) : STR(DEFAULT_FILE);
	while (str_starts(shown, STR("./")))
		shown = str_from(shown, 2);
	return shown;
}

int load_main_text(struct load *l, struct str name, struct str text)
{
	load_release_definition(l);
	return load_text(l, name, text, read_inputs(l, text));
}

/*
 * A need that the rules of this event leave out, a ref that rules:changes compares to. GitLab's
 * lint looks at the definition alone; `list` and `run` refuse. Source: GitLab,
 * app/controllers/projects/ci/lints_controller.rb (dry_run is off by default).
 */
bool load_sound_but_for_event(struct load *l)
{
	struct diags *d = &l->diags;
	if (!d->errors)
		return false;
	for (const struct diag *e = d->first; e; e = e->next)
		if (e->level == DIAG_ERROR && strcmp(e->code, "absent-need") != 0 &&
			strcmp(e->code, "bad-rule") != 0)
			return false;
	for (struct diag *e = d->first; e; e = e->next)
		if (e->level == DIAG_ERROR)
			e->level = DIAG_WARNING;
	d->warnings += d->errors;
	d->errors = 0;
	return true;
}

int load_definition(struct load *l, const char *path)
{
	struct str name, text;
	load_release_definition(l);
	int code = read_definition(l, path, &name, &text);
	return code ? code : load_main_text(l, name, text);
}

/* As in a job's log: also where a masked value has become part of another one or of a message. */
struct str load_masked(struct load *l, struct str text)
{
	struct arena *a = &l->c->arena;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	if (!l->mask) {
		struct str *values = arena_array(a, struct str, l->vars.n + 1);
		size_t n = 0;
		for (size_t i = 0; i < l->vars.n; i++)
			if (l->vars.v[i].masked)
				values[n++] = l->vars.v[i].value;
		if (!n)
			return text;
		l->mask = mask_set_new(values, n, false);
	}
	mask_text(l->mask, text, &out);
	return str_eq(text, buf_str(&out)) ? text : arena_str(a, buf_str(&out));
}

void load_mask_pipeline(struct load *l, struct pipeline *p)
{
	p->name = load_masked(l, p->name);
	for (size_t i = 0; l->mask && i < p->n_all; i++) {
		struct job *j = p->all[i];
		struct text *tags = arena_array(&l->c->arena, struct text, j->tags.n + 1);
		struct str name = load_masked(l, j->environment_name);
		/* The slug is made of the name's letters. */
		if (!str_eq(name, j->environment_name))
			j->environment_slug = STR("[MASKED]");
		j->environment_name = name;
		for (size_t k = 0; k < j->tags.n; k++)
			tags[k] = (struct text){load_masked(l, j->tags.v[k].s), j->tags.v[k].at};
		j->tags.v = tags;
	}
}

void load_print_diags(struct load *l, bool warnings)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	bool all = warnings && !l->c->quiet;
	if (all) {
		diags_print(&out, &l->sources, &l->diags, l->c->color_err);
	} else {
		struct arena scratch = ARENA_INIT;
		size_t n;
		const struct diag **sorted = diags_sorted(&scratch, &l->diags, &n);
		for (size_t i = 0; i < n; i++)
			if (sorted[i]->level == DIAG_ERROR)
				diag_print(&out, &l->sources, sorted[i], l->c->color_err);
		arena_release(&scratch);
	}
	if (l->diags.left_out)
		buf_printf(&out, "... and at least %u more error%s\n", l->diags.left_out,
			l->diags.left_out == 1 ? "" : "s");
	struct str text = load_masked(l, buf_str(&out));
	fwrite(text.p, 1, text.n, stderr);
}

struct str load_first_error(struct load *l)
{
	struct arena *a = &l->c->arena;
	size_t n;
	const struct diag **sorted = diags_sorted(a, &l->diags, &n);
	for (size_t i = 0; i < n; i++) {
		if (sorted[i]->level != DIAG_ERROR)
			continue;
		struct str at = place_text(a, &l->sources, sorted[i]->at);
		struct str what = diag_message(a, sorted[i]);
		return load_masked(l, arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(at),
					      at.n ? ": " : "", STR_ARG(what)));
	}
	return STR_NULL;
}

int load_pipeline(struct cli *c, struct load *l)
{
	int code = load_project(c, l);
	if (!code) {
		code = load_definition(l, NULL);
		if (l->config)
			load_print_diags(l, false);
	}
	return code;
}

void load_release(struct load *l)
{
	load_release_definition(l);
	mask_set_free(l->mask);
	repo_release(&l->repo);
}
