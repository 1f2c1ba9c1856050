#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/import.h"
#include "emulator/cli/settings.h"
#include "emulator/cli/term.h"
#include "emulator/core/error.h"
#include "emulator/git/repo.h"
#include "emulator/store/store.h"
#include "source/source.h"

#include <sys/stat.h>
#include <unistd.h>

#define PROJECT_CONFIG ".cilocal.toml"
#define USER_CONFIG    "config.toml"

struct importing {
	struct cli *c;
	const char *root, *home; /* home may be NULL */
	struct source_set sources;
	struct diags diags;
	VEC(struct import_part) parts;
	struct import_config project, user;
};

/* The file's text as a source, or NULL where there is none. dir NULL: it can't be there. */
static const struct source *file(
	struct importing *m, const char *dir, const char *name, const char *shown)
{
	struct str text;
	if (!dir)
		return NULL;
	const char *path = arena_printf(&m->c->arena, "%s/%s", dir, name).p;
	int why = read_small_file(&m->c->arena, path, &text);
	if (why && why != ENOENT && why != ENOTDIR)
		cli_warn(m->c, "cannot read '%s': %s", shown, strerror(why));
	if (why)
		return NULL;
	return source_get(&m->sources, source_add(&m->sources, str_c(shown), text, SPAN_NONE));
}

static struct import_part *part(struct importing *m, const struct source *src)
{
	struct import_part p = {.file = src->name};
	vec_push_in(&m->c->arena, &m->parts, p);
	return &m->parts.v[m->parts.n - 1];
}

static void note(struct importing *m, const struct source *src, const char *what, const char *why)
{
	struct import_row row = {str_c(what), str_c(why)};
	struct import_part *p = part(m, src);
	vec_push_in(&m->c->arena, &p->rows, row);
}

static void gather(struct importing *m)
{
	struct arena *a = &m->c->arena;
	const char *user = "the user's config.toml";
	const struct source *src;
	if ((src = file(m, m->root, ".gitlab-ci-local-env", ".gitlab-ci-local-env")))
		import_options(a, src, &m->diags, PROJECT_CONFIG, part(m, src), &m->project);
	if ((src = file(m, m->root, ".gitlab-ci-local.env", ".gitlab-ci-local.env")))
		import_options(a, src, &m->diags, PROJECT_CONFIG, part(m, src), &m->project);
	if ((src = file(m, m->root, ".gitlab-ci-local-inputs.yml", ".gitlab-ci-local-inputs.yml")))
		import_inputs(a, src, &m->diags, PROJECT_CONFIG, part(m, src), &m->project);
	if ((src = file(m, m->home, ".gitlab-ci-local/.env", "~/.gitlab-ci-local/.env")))
		import_options(a, src, &m->diags, user, part(m, src), &m->user);
	if ((src = file(m, m->root, ".gitlab-ci-local-variables.yml",
		     ".gitlab-ci-local-variables.yml")))
		import_variables(a, src, &m->diags, part(m, src));
	if ((src = file(m, m->home, ".gitlab-ci-local/variables.yml",
		     "~/.gitlab-ci-local/variables.yml")))
		import_variables(a, src, &m->diags, part(m, src));
	if ((src = file(m, m->root, ".gitlab-ci-local-ignores", ".gitlab-ci-local-ignores")))
		note(m, src, "ignored paths", "no counterpart: jobs get what git tracks");
	if ((src = file(m, m->root, ".gitlab-ci-local.yml", ".gitlab-ci-local.yml")))
		note(m, src, "a definition over the other one",
			"no counterpart: 'cilocal -f FILE' takes a definition that includes the "
			"other");
	if ((src = file(m, m->root, ".gitlab-ci.yml", ".gitlab-ci.yml"))) {
		struct import_part p = {.file = src->name};
		import_decorators(a, src, &p);
		if (p.rows.n)
			vec_push_in(a, &m->parts, p);
	}
}

static void print(const struct importing *m)
{
	struct buf *out = &m->c->out;
	size_t columns = term_columns(STDOUT_FILENO);
	vec_each (const struct import_part *, p, &m->parts) {
		plain_text(out, p->file);
		buf_addc(out, '\n');
		for (size_t i = 0; i < p->rows.n; i++) {
			buf_adds(out, "  ");
			plain_text(out, p->rows.v[i].what);
			buf_adds(out, "\n      ");
			wrap_text(out, p->rows.v[i].becomes, 6, 6, columns);
			buf_addc(out, '\n');
		}
		if (!p->rows.n)
			buf_adds(out, "  nothing in it\n");
	}
}

/* A configuration file from its parts. It may hold values of variables: for the user alone. */
static int write_config(
	struct importing *m, const struct import_config *config, const char *path, const char *from)
{
	struct cli *c = m->c;
	struct error err = ERROR_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	import_config_text(config, from, &text);
	if (!text.n)
		return EXIT_OK;
	if (!opt_flag(&c->opt, OPT_WRITE)) {
		buf_printf(&c->out, "\n%s would be:\n\n%s", path, text.p);
		return EXIT_OK;
	}
	if (access(path, F_OK) == 0) {
		cli_error(c,
			"'%s' is there already, and stays as it is; without --write, 'import' "
			"shows what to put into it",
			path);
		return EXIT_USAGE;
	}
	mode_t before = umask(0077);
	char *slash = strrchr(path, '/');
	const char *folder = arena_cstr(&c->arena, str_n(path, (size_t)(slash - path)));
	int failed = store_make_dirs(folder, &err) || store_write_file(path, buf_str(&text), &err);
	umask(before);
	if (failed)
		return cli_fail(c, &err);
	cli_note(c, "wrote %s", path);
	return EXIT_OK;
}

static int write_all(struct importing *m)
{
	struct cli *c = m->c;
	const char *project = arena_printf(&c->arena, "%s/" PROJECT_CONFIG, m->root).p;
	const char *user = user_config_path(c, USER_CONFIG);
	int code = write_config(m, &m->project, project, "gitlab-ci-local's files in the project");
	int second = user ? write_config(m, &m->user, user, "~/.gitlab-ci-local/.env") : EXIT_OK;
	return code ? code : second;
}

static int import(struct importing *m)
{
	struct cli *c = m->c;
	gather(m);
	cli_diags(c, &m->sources, &m->diags);
	if (!m->parts.n) {
		cli_note(c, "there is nothing of gitlab-ci-local: no .gitlab-ci-local-env, no "
			    "variables, no decorators");
		return EXIT_OK;
	}
	print(m);
	/* What can't be read may be what matters: the rest is shown, and nothing written. */
	if (m->diags.errors)
		return EXIT_USAGE;
	int code = write_all(m);
	if (!code && !opt_flag(&c->opt, OPT_WRITE) &&
		(m->project.options.n + m->project.docker.n + m->project.pairs.n +
			m->user.options.n + m->user.docker.n))
		cli_note(c, "nothing is written; --write does");
	return code;
}

static int run(struct cli *c)
{
	struct error err = ERROR_INIT;
	struct repo repo;
	if (repo_open(&repo, NULL, &err))
		return cli_fail(c, &err);
	struct importing m = {.c = c,
		.root = arena_cstr(&c->arena, repo.root),
		.home = getenv("HOME"),
		.project = {BUF_INIT, BUF_INIT, BUF_INIT, !opt_flag(&c->opt, OPT_WRITE)},
		.user = {BUF_INIT, BUF_INIT, BUF_INIT, !opt_flag(&c->opt, OPT_WRITE)}};
	repo_release(&repo);
	source_set_init(&m.sources, &c->arena);
	diags_init(&m.diags, &c->arena);
	int code = import(&m);
	import_config_release(&m.project);
	import_config_release(&m.user);
	return code;
}

const struct cmd cmd_import = {
	.id = CMD_import,
	.args = "",
	.summary = "take over settings of gitlab-ci-local",
	.details =
		"Reads .gitlab-ci-local-env, .gitlab-ci-local-inputs.yml, the files of variables, "
		"~/.gitlab-ci-local/.env and the decorators in .gitlab-ci.yml, and says of each "
		"setting what it is here: the option or key of config.toml that it becomes, that "
		"it "
		"is so anyway, or why it has no counterpart. Files of variables are read as they "
		"are, so nothing becomes of them.\n"
		"With --write the settings go into .cilocal.toml of the project and config.toml of "
		"the user (for their owner alone, since values of variables may be in them), where "
		"these are not there yet. No YAML is changed.",
	.kind = ARG_NONE,
	.run = run,
};
