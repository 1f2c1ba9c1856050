#include "base/base.h"

#include "emulator/cli/revision.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/core/error.h"

static enum loader_status read_file(
	void *ctx, struct arena *a, struct str path, struct str *text, struct str *why)
{
	struct revision *r = ctx;
	int code = repo_tree_read(&r->tree, a, path, text);
	if (!code)
		return LOADER_OK;
	*why = arena_printf(a, "cannot read '" STR_FMT "' in '" STR_FMT "': %s", STR_ARG(path),
		STR_ARG(r->tree.name), code > 0 ? strerror(code) : "git failed");
	return code == ENOENT ? LOADER_MISSING : LOADER_FAILED;
}

static int changes(void *ctx, struct str compare_to, struct str_list *out)
{
	struct revision *r = ctx;
	return r->before.changes(r->before.ctx, compare_to, out);
}

/* rules:exists asks of the revision's own files. */
static int files(void *ctx, struct str project, struct str ref, struct str_list *out)
{
	struct revision *r = ctx;
	if (project.n || ref.n)
		return r->before.files(r->before.ctx, project, ref, out);
	*out = (struct str_list){r->tree.paths, r->tree.n_paths};
	return 0;
}

static int file_id(void *ctx, struct str path, bool commit, struct str *out)
{
	struct revision *r = ctx;
	return r->before.file_id(r->before.ctx, path, commit, out);
}

int revision_open(struct load *l, const char *name, struct revision *out)
{
	struct error err = ERROR_INIT;
	*out = (struct revision){.l = l};
	if (repo_tree_open(&out->tree, &l->repo, name, &err)) {
		repo_tree_release(&out->tree);
		return cli_fail(l->c, &err);
	}
	out->files = (struct loader_tree){out, out->tree.paths, out->tree.n_paths, read_file};
	out->before = l->facts;
	l->loader.tree = &out->files;
	l->facts.changes = changes;
	l->facts.files = files;
	l->facts.file_id = file_id;
	l->facts.ctx = out;
	return EXIT_OK;
}

int revision_load(struct revision *r, bool *missing)
{
	struct load *l = r->l;
	struct arena *a = &l->c->arena;
	struct str path = load_definition_path(l), text, why;
	enum loader_status s = loader_read(&l->loader, path, &text, &why);
	*missing = s == LOADER_MISSING;
	if (s == LOADER_MISSING)
		return EXIT_OK;
	if (s != LOADER_OK) {
		cli_error(l->c, STR_FMT, STR_ARG(why));
		return EXIT_SURROUNDINGS;
	}
	l->facts.config_path = path;
	return load_main_text(l,
		arena_printf(a, STR_FMT ":" STR_FMT, STR_ARG(r->tree.name), STR_ARG(path)), text);
}

void revision_close(struct revision *r)
{
	r->l->loader.tree = NULL;
	r->l->facts = r->before;
	repo_tree_release(&r->tree);
}
