#include "base/base.h"

#include "emulator/cli/changes.h"
#include "emulator/cli/changes_show.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/cli/revision.h"
#include "emulator/cli/tree.h"
#include "config/config.h"
#include "pipeline/pipeline.h"

#include <sys/stat.h>

/* ---- what the arguments mean ---- */

static bool is_file(const char *name)
{
	struct stat st;
	return !strcmp(name, "-") || (!stat(name, &st) && S_ISREG(st.st_mode));
}

static bool is_revision(const struct load *l, const char *name)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	const char *rev = arena_printf(&l->c->arena, "%s^{commit}", name).p;
	const char *const args[] = {"rev-parse", "-q", "--verify", rev, NULL};
	return *name && *name != '-' && !repo_git(&l->repo, &out, NULL, args);
}

/* "A..B", and "A...B": what B has since it left A. NULL for B: the work tree. */
static int split_range(struct load *l, const char *arg, const char **from, const char **to)
{
	struct arena *a = &l->c->arena;
	struct str all = str_c(arg);
	size_t at = str_find(all, STR("..")), dots = 2;
	*from = arg;
	*to = NULL;
	if (at == STR_NPOS || is_file(arg) || is_revision(l, arg))
		return EXIT_OK;
	dots += str_starts(str_from(all, at + 2), STR("."));
	*from = at ? arena_cstr(a, str_sub(all, 0, at)) : "HEAD";
	if (all.n > at + dots)
		*to = arena_cstr(a, str_from(all, at + dots));
	if (dots == 2)
		return EXIT_OK;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	const char *const args[] = {"merge-base", *from, *to ? *to : "HEAD", NULL};
	if (repo_git(&l->repo, &out, NULL, args)) {
		cli_error(l->c, "git knows no commit that '%s' and '%s' have in common", *from,
			*to ? *to : "HEAD");
		return EXIT_USAGE;
	}
	*from = arena_cstr(a, str_trim(buf_str(&out)));
	return EXIT_OK;
}

/* ---- one side ---- */

/* The definition that is loaded is good enough to be compared; its errors are printed where not. */
static int judge(struct load *l, int code, bool pipeline, struct str name)
{
	if (code == EXIT_INVALID && l->config && !pipeline && load_sound_but_for_event(l))
		return EXIT_OK;
	if (code == EXIT_INVALID && l->config) {
		load_print_diags(l, false);
		cli_error(l->c, "the definition of '" STR_FMT "' is invalid", STR_ARG(name));
	}
	return code;
}

static int load_revision(struct load *l, const char *name, bool pipeline, struct side *out)
{
	struct revision r;
	bool missing;
	int code = revision_open(l, name, &r);
	if (code)
		return code;
	code = revision_load(&r, &missing);
	if (!code && missing)
		cli_note(l->c,
			"there is no '" STR_FMT
			"' in '%s': all of the other side counts as new or gone",
			STR_ARG(load_definition_path(l)), name);
	code = judge(l, code, pipeline, out->name);
	if (!code)
		side_take(l, out);
	revision_close(&r);
	return code;
}

/* name: a revision or a file; NULL: the definition of the work tree. */
static int load_side(struct load *l, const char *name, bool pipeline, struct side *out)
{
	bool file = name && is_file(name), revision = name && !file && is_revision(l, name);
	out->name = name ? str_c(name) : load_definition_path(l);
	if (file && *name != '.' && *name != '/' && is_revision(l, name))
		return cli_usage(l->c, "'%s' is a revision and a file; write './%s' for the file",
			name, name);
	if (name && !file && !revision)
		return cli_usage(
			l->c, "'%s' is neither a revision that git knows nor a file", name);
	if (revision)
		return load_revision(l, name, pipeline, out);
	int code = judge(l, load_definition(l, name), pipeline, out->name);
	if (!code)
		side_take(l, out);
	return code;
}

/* What the pipelines are compared for; NULL: nobody asked. */
static const char *event_text(const struct load *l)
{
	static const enum opt_id asks[] = {
		OPT_EVENT, OPT_BRANCH, OPT_TAG, OPT_TARGET_BRANCH, OPT_CHANGED};
	const struct cli *c = l->c;
	const struct facts *f = &l->facts;
	bool asked = opt_flag(&c->opt, OPT_PIPELINE);
	for (size_t i = 0; i < ARRAY_SIZE(asks); i++)
		asked |= opt_last(&c->opt, asks[i]) && !opt_last(&c->opt, asks[i])->from;
	if (!asked)
		return NULL;
	return arena_printf(&l->c->arena, STR_FMT " of %s '" STR_FMT "'", STR_ARG(f->source),
		f->tag.n ? "tag" : "branch", STR_ARG(f->ref_name))
		.p;
}

static int show(struct load *l, const struct side *from, const struct side *to, const char *event)
{
	struct cli *c = l->c;
	struct differences d;
	changes_find(&c->arena, from, to, event, &d);
	bool differs = d.n_jobs || d.globals.n || d.n_pipeline;
	if (opt_flag(&c->opt, OPT_JSON))
		tree_print(c, changes_tree(l, &d, from, to, event));
	else if (differs || event)
		changes_say(l, &d, event);
	struct str shown = load_masked(l, buf_str(&c->out));
	if (shown.p != c->out.p) {
		buf_clear(&c->out);
		buf_addstr(&c->out, shown);
	}
	if (!differs)
		cli_note(c, "the expanded pipelines are the same");
	return differs ? EXIT_DIFFERS : EXIT_OK;
}

static int compare(struct load *l)
{
	struct cli *c = l->c;
	const char *from = c->opt.args[0], *to = c->opt.n_args > 1 ? c->opt.args[1] : NULL;
	const char *event = event_text(l);
	struct side sides[2] = {{.globals = NULL}, {.globals = NULL}};
	int code = to ? EXIT_OK : split_range(l, from, &from, &to);
	if (!code)
		code = load_side(l, from, event, &sides[0]);
	l->hush = true;
	if (!code)
		code = load_side(l, to, event, &sides[1]);
	if (!code)
		code = show(l, &sides[0], &sides[1], event);
	side_release(&sides[0]);
	side_release(&sides[1]);
	return code;
}

static int run(struct cli *c)
{
	struct load l;
	int code = load_project(c, &l);
	if (!code)
		code = compare(&l);
	load_release(&l);
	return code;
}

const struct cmd cmd_diff = {
	.id = CMD_diff,
	.args = "REV|FILE [REV|FILE]",
	.summary = "compare two pipeline definitions, expanded: what a change of the CI "
		   "configuration does",
	.details =
		"Compared is what `expand` prints, after include, extends, !reference, inputs and "
		"default: jobs that are added, removed, renamed (where that is obvious) or "
		"changed, "
		"keyword by keyword, and stages, workflow and variables. REV is a commit, branch "
		"or "
		"tag; with A..B and A...B (what B has since it left A) both are given at once. "
		"Local "
		"includes are read at that revision. Without the second, the definition of the "
		"work "
		"tree is compared. Nothing is checked out.\n\n"
		"With --pipeline, or where --event, --branch, --tag, --target-branch or --changed "
		"names a pipeline: also which jobs are in it, and when they run.\n\n"
		"Exit code: 0 where nothing differs, 1 where something does.",
	.output =
		"With --json: {\"old\":NAME, \"new\":NAME, \"differs\":bool, "
		"\"global\":[CHANGE...], "
		"\"jobs\":{\"added\":[{\"job\", \"definition\":{...}}], \"removed\":[...], "
		"\"renamed\":[{\"job\", \"from\", \"changes\":[CHANGE...]}], "
		"\"changed\":[{\"job\", "
		"\"changes\":[CHANGE...]}]}, \"pipeline\":null|[{\"job\", \"old\":null|WHEN, "
		"\"new\":null|WHEN}]}, where CHANGE is {\"keyword\", \"key\":null|NAME, \"old\", "
		"\"new\"}: key is set where both values are mappings, and null stands for what is "
		"not there.",
	.example = "cilocal diff main\n"
		   "cilocal diff v1.0..v1.1 --event merge_request_event",
	.kind = ARG_REVISIONS,
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
