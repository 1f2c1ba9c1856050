#include "config_test.h"

#include "source/diag_print.h"

void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	arena_init(&f->arena);
	source_set_init(&f->sources, &f->arena);
	diags_init(&f->diags, &f->arena);
	varset_init(&f->vars, &f->arena);
	f->facts.source = STR("push");
	f->options.include_vars = &f->vars;
}

void fixture_release(struct fixture *f)
{
	arena_release(&f->arena);
}

static bool has_file(void *ctx, struct str path)
{
	const struct fixture *f = ctx;

	for (size_t i = 0; i < f->n_files; i++)
		if (str_is(path, f->files[i].name + strlen("local:")))
			return true;
	return false;
}

void fixture_files(struct fixture *f, const struct test_file *files, size_t n)
{
	f->files = files;
	f->n_files = n;
	f->options.file_exists = has_file;
	f->options.ctx = f;
}

void fixture_var(struct fixture *f, const char *name, const char *value)
{
	varset_set(&f->vars, VAR_PIPELINE, str_c(name), str_c(value));
}

void fixture_inputs(struct fixture *f, const char *yaml)
{
	uint32_t id = source_add(&f->sources, STR("inputs"), str_c(yaml), SPAN_NONE);

	f->options.inputs = yaml_read(&f->arena, source_get(&f->sources, id), &f->diags);
}

static struct str want_name(struct fixture *f, const struct config_want *w)
{
	switch (w->kind) {
	case WANT_LOCAL:
		if (w->project.n)
			return arena_printf(&f->arena, "project:" STR_FMT "@" STR_FMT ":" STR_FMT,
				STR_ARG(w->project), STR_ARG(w->ref), STR_ARG(w->path));
		return arena_printf(&f->arena, "local:" STR_FMT, STR_ARG(w->path));
	case WANT_PROJECT:
		return arena_printf(&f->arena, "project:" STR_FMT "@" STR_FMT ":" STR_FMT,
			STR_ARG(w->project), STR_ARG(w->ref), STR_ARG(w->path));
	case WANT_REMOTE:
		return arena_printf(&f->arena, "remote:" STR_FMT, STR_ARG(w->path));
	case WANT_TEMPLATE:
		return arena_printf(&f->arena, "template:" STR_FMT, STR_ARG(w->path));
	case WANT_COMPONENT:
		return arena_printf(&f->arena, "component:" STR_FMT "@" STR_FMT, STR_ARG(w->path),
			STR_ARG(w->ref));
	case WANT_ARTIFACT:
		return arena_printf(&f->arena, "artifact:" STR_FMT ":" STR_FMT, STR_ARG(w->project),
			STR_ARG(w->path));
	case WANT_LOCAL_GLOB:
		break;
	}
	return arena_printf(&f->arena, "glob:" STR_FMT, STR_ARG(w->path));
}

/* A glob's file holds the matching paths, one a line. */
static void provide_glob(struct fixture *f, struct config_want *w, const char *text)
{
	struct str_split it = str_split(str_c(text), '\n');
	struct str paths[200], path;
	size_t n = 0;

	while (str_split_next(&it, &path))
		if (path.n && n < ARRAY_SIZE(paths))
			paths[n++] = path;
	config_provide_glob(f->config, w, paths, n);
}

static void answer(struct fixture *f, struct config_want *w)
{
	struct config_resolved as = {.sha = STR("abc123"), .version = STR("1.2.3")};
	struct str name = want_name(f, w);

	as.reference = w->ref;
	for (size_t i = 0; i < f->n_files; i++) {
		if (!str_is(name, f->files[i].name))
			continue;
		if (w->kind == WANT_LOCAL_GLOB)
			provide_glob(f, w, f->files[i].text);
		else
			config_provide(f->config, w, str_c(f->files[i].text),
				w->kind == WANT_COMPONENT ? &as : NULL);
		return;
	}
	config_refuse(f->config, w, STR("there is no such file"));
}

void fixture_compile(struct fixture *f, const char *text)
{
	f->config = config_new(&f->arena, &f->sources, &f->diags, &f->facts, &f->options,
		STR(".gitlab-ci.yml"), str_c(text));
	for (f->rounds = 1; f->rounds < 400; f->rounds++) {
		f->status = config_compile(f->config);
		if (f->status != CONFIG_WANT)
			return;
		for (struct config_want *w = f->config->wants; w; w = w->next)
			if (!w->answered)
				answer(f, w);
	}
	fail_msg("compilation does not come to an end");
}

static void print_diags(struct fixture *f)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	diags_print(&b, &f->sources, &f->diags, false);
	print_error("%s", b.p);
}

const struct job_def *compile_job(struct fixture *f, const char *text, const char *job)
{
	const struct job_def *def;

	fixture_compile(f, text);
	if (f->status != CONFIG_OK) {
		print_diags(f);
		fail_msg("does not compile:\n%s", text);
	}
	def = config_job(f->config, str_c(job));
	if (!def)
		fail_msg("no job '%s' in:\n%s", job, text);
	return def;
}

static const struct node *node_at(const struct node *n, const char *path)
{
	struct str_split it = str_split(str_c(path), '/');
	struct str key;

	while (n && *path && str_split_next(&it, &key))
		n = node_get_str(n, key);
	return n;
}

void assert_yaml_at(
	struct fixture *f, const char *path, const char *expected, const char *file, int line)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct node *n;

	if (f->status != CONFIG_OK)
		print_diags(f);
	n = node_at(f->config->root, path);
	if (n)
		yaml_write(&b, n);
	if (!str_eq(buf_str(&b), str_c(expected))) {
		print_error("%s:%d: '%s' is\n%snot\n%s", file, line, path, b.p, expected);
		fail();
	}
}

void collect_errors(struct fixture *f, struct buf *out)
{
	size_t n;
	const struct diag **v = diags_sorted(&f->arena, &f->diags, &n);

	for (size_t i = 0; i < n; i++) {
		if (v[i]->level != DIAG_ERROR)
			continue;
		if (out->n)
			buf_addc(out, '\n');
		if (v[i]->gitlab.n)
			buf_addstr(out, v[i]->gitlab);
		else
			buf_printf(out, "%s: " STR_FMT, v[i]->code, STR_ARG(v[i]->text));
	}
}

void check_error_rows(const struct error_row *rows, size_t n)
{
	unsigned bad = 0;

	for (size_t i = 0; i < n; i++) {
		CLEANUP(buf_release) struct buf got = BUF_INIT;
		struct fixture f;

		fixture_init(&f);
		fixture_compile(&f, rows[i].text);
		collect_errors(&f, &got);
		if (!str_eq(buf_str(&got), str_c(rows[i].gitlab))) {
			print_error("row %zu:\n%s\ngave:\n%s\nnot:\n%s\n\n", i, rows[i].text, got.p,
				rows[i].gitlab);
			bad++;
		}
		fixture_release(&f);
	}
	if (bad)
		fail_msg("%u of %zu rows differ", bad, n);
}

void assert_str_at(struct str s, const char *lit, const char *file, int line)
{
	if (str_eq(s, str_c(lit)))
		return;
	print_error("%s:%d: '" STR_FMT "' is not '%s'\n", file, line, STR_ARG(s), lit);
	fail();
}
