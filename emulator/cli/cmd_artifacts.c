#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/earlier.h"
#include "emulator/cli/tree.h"
#include "emulator/core/error.h"
#include "emulator/gitlab/artifact_record.h"
#include "emulator/store/archive.h"
#include "expr/glob.h"
#include "yaml/node.h"

#include <unistd.h>

/* A job of a run that left something. */
struct kept {
	const struct job_record *job;
	struct artifact_record record;
	const char *dir;
};

struct kept_list {
	VEC(struct kept) v;
	struct str run;
	const struct run_record *first; /* looked at; NULL: none could be read */
};

/* The jobs of one run that are meant and left something; *known: one of them is in it. */
static int look(struct cli *c, struct earlier *e, size_t at, struct str want, struct kept_list *out,
	bool *known)
{
	struct run_record *r = arena_new(&c->arena, struct run_record);
	const char *dir;
	if (earlier_read(c, e, at, r, &dir))
		return EXIT_OK;
	out->run = r->id;
	out->first = out->first ? out->first : r;
	for (size_t i = 0; i < r->n_jobs; i++) {
		struct error err = ERROR_INIT;
		struct kept k = {.job = &r->jobs[i]};
		if (!earlier_means(want, k.job->name))
			continue;
		*known = true;
		k.dir = arena_printf(&c->arena, "%s/" STR_FMT, dir, STR_ARG(k.job->slug)).p;
		if (artifact_record_read(k.dir, &c->arena, &k.record, &err))
			return cli_fail(c, &err);
		if (k.record.n || k.record.notes.n)
			vec_push_in(&c->arena, &out->v, k);
	}
	return EXIT_OK;
}

/* With --run that run, else the newest one where the job left something. */
static int find(struct cli *c, struct earlier *e, struct str want, struct kept_list *out)
{
	const char *id = opt_text(&c->opt, OPT_RUN);
	bool known = false;
	size_t first;
	int code = earlier_find(c, e, id, &first);
	for (size_t i = first; !code && i < e->n && !out->v.n; i++) {
		code = look(c, e, i, want, out, &known);
		if (id)
			break;
	}
	if (code || out->v.n)
		return code;
	if (!known && out->first)
		return earlier_no_job(c, out->first, arena_cstr(&c->arena, want));
	cli_error(c, "job '" STR_FMT "' left no artifacts", STR_ARG(want));
	return EXIT_USAGE;
}

static const struct artifact_item *archive_of(const struct kept *k)
{
	for (size_t i = 0; i < k->record.n; i++)
		if (str_is(k->record.v[i].type, "archive"))
			return &k->record.v[i];
	return NULL;
}

static const char *path_of(struct cli *c, const struct kept *k, const struct artifact_item *i)
{
	return arena_printf(&c->arena, "%s/" STR_FMT, k->dir, STR_ARG(i->path)).p;
}

/* Listing */

static void print_entry(void *arg, const struct archive_item *i)
{
	struct cli *c = arg;
	buf_printf(&c->out, "  %10" PRIu64 "  " STR_FMT, i->kind == ARCHIVE_FILE ? i->size : 0,
		STR_ARG(i->path));
	if (i->kind == ARCHIVE_LINK)
		buf_printf(&c->out, " -> " STR_FMT, STR_ARG(i->data));
	buf_addc(&c->out, '\n');
}

static void print_extra(struct buf *out, const char *what, struct str value)
{
	if (value.n)
		buf_printf(out, ", %s " STR_FMT, what, STR_ARG(value));
}

/* What is no file: the environment that the job deployed to, a release. */
static void print_notes(struct cli *c, const struct kept *k)
{
	struct str of = STR_NULL;
	for (size_t i = 0; i < k->record.notes.n; i++) {
		const struct job_note *n = &k->record.notes.v[i];
		if (!str_eq(n->of, of))
			buf_printf(&c->out, STR_FMT ": " STR_FMT "\n", STR_ARG(k->job->name),
				STR_ARG(n->of));
		of = n->of;
		if (n->value.n)
			buf_printf(&c->out, "  " STR_FMT ": " STR_FMT "\n", STR_ARG(n->key),
				STR_ARG(n->value));
	}
}

static int print_list(struct cli *c, const struct kept *k)
{
	struct error err = ERROR_INIT;
	print_notes(c, k);
	for (size_t i = 0; i < k->record.n; i++) {
		const struct artifact_item *a = &k->record.v[i];
		bool archive = str_is(a->type, "archive");
		buf_printf(&c->out, STR_FMT ": " STR_FMT, STR_ARG(k->job->name), STR_ARG(a->type));
		if (archive)
			buf_printf(&c->out, " '" STR_FMT "'", STR_ARG(a->name));
		buf_printf(&c->out, ", %" PRIu64 " files and directories, %" PRIu64 " bytes",
			a->entries, a->bytes);
		if (archive) {
			print_extra(&c->out, "when", a->when);
			print_extra(&c->out, "expires in", a->expire_in);
			print_extra(&c->out, "exposed as", a->expose_as);
			print_extra(&c->out, "access", a->access);
		}
		buf_addc(&c->out, '\n');
		if (!archive)
			buf_printf(&c->out, "  %s\n", path_of(c, k, a));
		else if (archive_tar_list(path_of(c, k, a), print_entry, c, &err))
			return cli_fail(c, &err);
	}
	return EXIT_OK;
}

struct tree_list {
	struct cli *c;
	struct node *files;
};

static void add_entry(void *arg, const struct archive_item *i)
{
	struct tree_list *t = arg;
	struct arena *a = &t->c->arena;
	struct node *m = tree_map(a);
	tree_str(a, m, "path", arena_str(a, i->path));
	tree_int(a, m, "size", (int64_t)i->size);
	node_seq_push(a, t->files, m);
}

static struct node *item_tree(struct cli *c, const struct kept *k, const struct artifact_item *i)
{
	struct arena *a = &c->arena;
	struct node *m = tree_map(a);
	struct tree_list t = {c, tree_seq(a)};
	tree_str(a, m, "type", i->type);
	tree_str(a, m, "path", str_c(path_of(c, k, i)));
	tree_str(a, m, "name", i->name);
	tree_str(a, m, "when", i->when);
	tree_str(a, m, "expire_in", i->expire_in);
	tree_str(a, m, "expose_as", i->expose_as);
	tree_str(a, m, "access", i->access);
	tree_int(a, m, "entries", (int64_t)i->entries);
	tree_int(a, m, "bytes", (int64_t)i->bytes);
	if (str_is(i->type, "archive")) {
		archive_tar_list(path_of(c, k, i), add_entry, &t, NULL);
		tree_put(a, m, "files", t.files);
	}
	return m;
}

static void tree_notes(struct arena *a, struct node *m, const struct artifact_record *r)
{
	for (size_t i = 0; i < r->notes.n; i++) {
		const struct job_note *n = &r->notes.v[i];
		struct node *to = node_get_str(m, n->of);
		if (!to) {
			to = tree_map(a);
			tree_put(a, m, arena_cstr(a, n->of), to);
		}
		tree_str(a, to, arena_cstr(a, n->key), n->value);
	}
}

static void print_json(struct cli *c, const struct kept_list *l)
{
	struct arena *a = &c->arena;
	struct node *top = tree_map(a), *jobs = tree_seq(a);
	vec_each (struct kept *, k, &l->v) {
		struct node *m = tree_map(a), *items = tree_seq(a);
		tree_str(a, m, "job", k->job->name);
		tree_str(a, m, "coverage", k->record.coverage);
		for (size_t i = 0; i < k->record.n; i++)
			node_seq_push(a, items, item_tree(c, k, &k->record.v[i]));
		tree_put(a, m, "artifacts", items);
		tree_notes(a, m, &k->record);
		node_seq_push(a, jobs, m);
	}
	tree_str(a, top, "run", l->run);
	tree_put(a, top, "jobs", jobs);
	tree_print(c, top);
}

/* Export */

static int export_one(struct cli *c, const struct kept *k, const char *to, bool zip)
{
	const struct artifact_item *i = archive_of(k);
	struct error err = ERROR_INIT;
	const char *target = to;
	int r;
	if (!i) {
		cli_warn(c, "job '" STR_FMT "' left no archive of files", STR_ARG(k->job->name));
		return EXIT_OK;
	}
	if (store_make_dirs(to, &err))
		return cli_fail(c, &err);
	if (zip)
		target = arena_printf(&c->arena, "%s/" STR_FMT ".zip", to, STR_ARG(i->name)).p;
	r = zip ? archive_tar_to_zip(path_of(c, k, i), target, &err)
		: archive_tar_unpack(path_of(c, k, i), target, &err);
	if (r)
		return cli_fail(c, &err);
	cli_note(c, "artifacts of job '" STR_FMT "' %s %s", STR_ARG(k->job->name),
		zip ? "are in" : "were unpacked into", target);
	return EXIT_OK;
}

static int run(struct cli *c)
{
	struct earlier e;
	struct kept_list l = {0};
	const char *to = opt_text(&c->opt, OPT_TO);
	bool zip = opt_flag(&c->opt, OPT_ZIP), json = opt_flag(&c->opt, OPT_JSON);
	if (json && (to || zip))
		return cli_usage(c, "'--json' lists; it does not go with '--to' or '--zip'");
	int code = earlier_open(c, &e);
	if (code)
		return code;
	code = find(c, &e, str_c(c->opt.args[0]), &l);
	if (!code && json)
		print_json(c, &l);
	vec_each (struct kept *, k, &l.v) {
		if (code || json)
			break;
		code = to || zip ? export_one(c, k, to ? to : ".", zip) : print_list(c, k);
	}
	earlier_release(&e);
	return code;
}

const struct cmd cmd_artifacts = {
	.id = CMD_artifacts,
	.args = "JOB",
	.summary = "list or take the artifacts of a job of an earlier run",
	.details = "The run is the newest one where JOB left something, or that of --run. Without "
		   "--to and --zip the artifacts and reports are listed. --to unpacks the archive "
		   "below DIR, over what is there; --zip writes it as one file, as GitLab's "
		   "download, into DIR or the current folder.",
	.output =
		"With --json: {\"run\", \"jobs\":[{\"job\", \"coverage\", "
		"\"artifacts\":[{\"type\", "
		"\"path\", \"name\", \"when\", \"expire_in\", \"expose_as\", \"access\", "
		"\"entries\":N, \"bytes\":N, \"files\":[{\"path\", \"size\":N}]}]}]}. \"type\" is "
		"\"archive\" or that of a report; only an archive has \"files\". A job may also "
		"have \"environment\", "
		"\"release\" and \"pages\": objects of texts.",
	.kind = ARG_JOBS,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
