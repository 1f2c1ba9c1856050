#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/cmd_run.h"
#include "emulator/cli/image_needs.h"
#include "emulator/cli/jobs.h"
#include "emulator/cli/load.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "emulator/core/error.h"
#include "emulator/gitlab/run.h"
#include "emulator/gitlab/session.h"
#include "pipeline/pipeline.h"
#include "yaml/node.h"

#include <fcntl.h>
#include <unistd.h>

struct images {
	struct cli *c;
	struct load *l;
	struct run_options o;
	struct image_needs needs;
};

static int find(struct images *x)
{
	const struct pipeline *p = x->l->pipeline;
	struct cli *c = x->c;
	run_stand_ins(c, &x->o);
	run_proxies(c, x->l, &x->o);
	if (!c->opt.n_args)
		return image_needs_find(c, x->l, &x->o, p->jobs, p->n_jobs, &x->needs);
	for (size_t i = 0; i < c->opt.n_args; i++) {
		struct job **jobs;
		size_t n;
		int code = jobs_find(c, p, c->opt.args[i], true, &jobs, &n);
		if (!code)
			code = image_needs_find(c, x->l, &x->o, jobs, n, &x->needs);
		if (code)
			return code;
	}
	return EXIT_OK;
}

static int look(struct images *x, struct session *s, struct error *err)
{
	for (size_t i = 0; i < x->needs.all.n; i++)
		if (!x->needs.all.v[i]->local &&
			sync_image_size(s, image_with_tag(&x->c->arena, x->needs.all.v[i]->taken),
				&x->needs.all.v[i]->size, err))
			return -1;
	return 0;
}

/* ---- what is shown ---- */

static struct str state_of(struct arena *a, const struct image_need *n)
{
	if (n->local)
		return STR("local registry");
	if (n->size < 0)
		return STR("missing");
	return arena_printf(a, "%.1f MB", (double)n->size / 1e6);
}

static void print_table(struct images *x)
{
	struct cli *c = x->c;
	size_t width = 0;
	for (size_t i = 0; i < x->needs.all.n; i++)
		width = MAX(width, str_width(x->needs.all.v[i]->name));
	for (size_t i = 0; i < x->needs.all.n; i++) {
		const struct image_need *n = x->needs.all.v[i];
		pad_text(&c->out, n->name, width);
		buf_adds(&c->out, "  ");
		pad_text(&c->out, state_of(&c->arena, n), 14);
		buf_printf(&c->out, "  " STR_FMT, STR_ARG(n->first));
		if (n->jobs > 1)
			buf_printf(&c->out, " and %zu more", n->jobs - 1);
		if (!str_eq(n->name, n->taken))
			buf_printf(&c->out, "  (taken as " STR_FMT ")", STR_ARG(n->taken));
		buf_addc(&c->out, '\n');
	}
	if (!x->needs.all.n)
		cli_note(c, "no job of this pipeline runs in a container");
}

static void print_tree(struct images *x)
{
	struct arena *a = &x->c->arena;
	struct node *m = tree_map(a), *list = tree_seq(a);
	for (size_t i = 0; i < x->needs.all.n; i++) {
		const struct image_need *n = x->needs.all.v[i];
		struct node *row = tree_map(a);
		tree_str(a, row, "name", n->name);
		tree_str(a, row, "taken_as", n->taken);
		tree_bool(a, row, "here", n->size >= 0);
		if (n->size >= 0)
			tree_int(a, row, "size", n->size);
		else
			tree_null(a, row, "size");
		tree_bool(a, row, "local_registry", n->local);
		tree_bool(a, row, "service", n->service);
		tree_int(a, row, "jobs", (int64_t)n->jobs);
		node_seq_push(a, list, row);
	}
	tree_put(a, m, "images", list);
	tree_print(x->c, m);
}

/* ---- to and from a file ---- */

static int all_here(struct images *x)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	for (size_t i = 0; i < x->needs.all.n; i++)
		if (x->needs.all.v[i]->size < 0 && !x->needs.all.v[i]->local)
			buf_printf(&names, "%s" STR_FMT, names.n ? ", " : "",
				STR_ARG(x->needs.all.v[i]->taken));
	if (!names.n)
		return EXIT_OK;
	cli_error(x->c, "not on the engine: %s; pull them first, or name the jobs that matter",
		names.p);
	return EXIT_SURROUNDINGS;
}

static int save(struct images *x, struct session *s, const char *path)
{
	struct arena *a = &x->c->arena;
	struct str *names = arena_array(a, struct str, x->needs.all.n + 1);
	const char *part = arena_printf(a, "%s.part", path).p;
	struct error err = ERROR_INIT;
	size_t n = 0;
	int code = all_here(x);
	if (code)
		return code;
	for (size_t i = 0; i < x->needs.all.n; i++)
		if (!x->needs.all.v[i]->local)
			names[n++] = image_with_tag(a, x->needs.all.v[i]->taken);
	if (!n) {
		cli_error(x->c, "there is no image to save");
		return EXIT_INVALID;
	}
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0) {
		cli_error(x->c, "cannot write '%s': %s", path, strerror(errno));
		return EXIT_SURROUNDINGS;
	}
	int rc = sync_save_images(s, (struct docker_strs){names, n}, fd, &err);
	if (close(fd) && !rc)
		rc = error_sys(&err, errno, "cannot write '%s'", path);
	if (!rc && rename(part, path))
		rc = error_sys(&err, errno, "cannot write '%s'", path);
	if (rc) {
		unlink(part);
		return cli_fail(x->c, &err);
	}
	cli_note(x->c, "%zu image%s in %s; 'cilocal images --load %s' gives them to another engine",
		n, n == 1 ? "" : "s", path, path);
	return EXIT_OK;
}

static int load(struct images *x, struct session *s, const char *path)
{
	struct error err = ERROR_INIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		cli_error(x->c, "cannot read '%s': %s", path, strerror(errno));
		return EXIT_USAGE;
	}
	int rc = sync_load_images(s, fd, &err);
	close(fd);
	return rc ? cli_fail(x->c, &err) : EXIT_OK;
}

static int with_engine(struct images *x)
{
	struct cli *c = x->c;
	const char *to = opt_text(&c->opt, OPT_SAVE), *from = opt_text(&c->opt, OPT_LOAD);
	struct session s;
	struct error err = ERROR_INIT;
	struct endpoint_lookup where;
	rc_endpoint(&x->l->settings.runners.v[0], &c->arena, &where);
	if (session_open(&s, &err))
		return cli_fail(c, &err);
	int code = session_engine(&s, &where, &err) ? cli_fail(c, &err) : EXIT_OK;
	if (!code && from)
		code = load(x, &s, from);
	if (!code && look(x, &s, &err))
		code = cli_fail(c, &err);
	if (!code && to)
		code = save(x, &s, to);
	else if (!code && opt_flag(&c->opt, OPT_JSON))
		print_tree(x);
	else if (!code && !c->quiet)
		print_table(x);
	session_close(&s, NULL);
	return code;
}

static int run(struct cli *c)
{
	struct load l;
	struct images x = {.c = c, .l = &l};
	if (opt_text(&c->opt, OPT_SAVE) && opt_text(&c->opt, OPT_LOAD))
		return cli_usage(c, "'--save' and '--load' don't go together");
	int code = load_pipeline(c, &l);
	if (!code)
		code = find(&x);
	if (!code)
		code = with_engine(&x);
	load_release(&l);
	return code;
}

const struct cmd cmd_images = {
	.id = CMD_images,
	.args = "[JOB...]",
	.summary = "show the images that the pipeline needs, and which of them are here",
	.details = "Images of jobs and services with their variables replaced, what stands in for "
		   "them "
		   "(--image, "
		   "[cilocal.images]), and their size on the engine.\n"
		   "--save FILE writes them into one file, --load FILE gives the images of such a "
		   "file to the "
		   "engine: for "
		   "a machine without a network.",
	.output = "{\"images\": [{\"name\", \"taken_as\", \"here\", \"size\" (bytes, or null), "
		  "\"local_registry\", \"service\", \"jobs\" (how many)}]}",
	.kind = ARG_JOBS,
	.max_args = SIZE_MAX,
	.run = run,
};
