#include "base/base.h"

#include "emulator/cli/children.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/lint_format.h"
#include "emulator/cli/load.h"
#include "emulator/cli/lock.h"
#include "emulator/runner/dind.h"
#include "emulator/runner/runner_choose.h"
#include "config/config.h"
#include "pipeline/lint.h"
#include "pipeline/pipeline.h"

enum lint_format { LINT_TEXT, LINT_GCC, LINT_JSON, LINT_SARIF };

/* What all files of one `lint` say. */
struct verdict {
	struct cli *c;
	struct load load;
	struct lint_report report; /* LINT_JSON, LINT_SARIF */
	struct str name;           /* of the file that is looked at, as messages show it */
	enum lint_format format;
	bool valid;
};

/* "3 jobs", and for a definition that gives no pipeline for this event: why. */
static void say_valid(struct verdict *v)
{
	const struct load *l = &v->load;
	const struct pipeline *p = l->pipeline;
	struct cli *c = v->c;
	if (!p) {
		buf_printf(&c->out,
			STR_FMT ": valid, but for this event GitLab creates no pipeline\n",
			STR_ARG(v->name));
		return;
	}
	buf_printf(&c->out, STR_FMT ": valid, %zu job%s", STR_ARG(v->name), p->n_jobs,
		p->n_jobs == 1 ? "" : "s");
	if (!p->run)
		buf_adds(&c->out, " (workflow:rules keep it from running for this event)");
	else if (p->n_all > p->n_jobs)
		buf_printf(&c->out, " (%zu more for other events)", p->n_all - p->n_jobs);
	if (l->diags.warnings)
		buf_printf(&c->out, ", %u warning%s", l->diags.warnings,
			l->diags.warnings == 1 ? "" : "s");
	buf_addc(&c->out, '\n');
}

/* As the executor takes it: what is not absolute is below the project. */
static bool read_for_lint(void *arg, struct arena *a, struct str path, struct str *out)
{
	const struct load *l = arg;
	const char *full = path.p[0] == '/'
				   ? arena_cstr(a, path)
				   : arena_printf(a, "%s/" STR_FMT, l->root, STR_ARG(path)).p;
	return !read_small_file(a, full, out);
}

static void lint_for_runner(struct load *l, const struct job *job)
{
	const struct dind_files files = {read_for_lint, l};
	const struct runner_configs *all = &l->settings.runners;
	const struct runner_config *runner = runners_first(all, &job->tags);
	if (runner)
		dind_lint(&l->arena, job->def, &job->vars, runner, &files, &l->diags);
}

static int lint_one(struct verdict *v, const char *path)
{
	struct load *l = &v->load;
	int code = load_definition(l, path);
	if (!l->config)
		return code;
	/* The standard input stands for the usual file, but is not called so. */
	const char *asked = path ? path : opt_text(&v->c->opt, OPT_FILE);
	v->name = asked && !strcmp(asked, "-") ? STR("<stdin>") : l->facts.config_path;
	if (code == EXIT_INVALID && load_sound_but_for_event(l)) {
		pipeline_lint(l->config, &l->facts, &l->diags);
		code = EXIT_OK;
	} else if (code == EXIT_OK) {
		const struct pipeline *p = l->pipeline;
		pipeline_lint(l->config, &l->facts, &l->diags);
		for (size_t i = 0; i < p->n_all; i++)
			lint_for_runner(l, p->all[i]);
		children_lint(l);
		code = lock_lint_images(v->c, l);
		if (code)
			return code;
		code = l->diags.errors ? EXIT_INVALID : EXIT_OK;
	}
	v->valid &= code == EXIT_OK;
	if (v->format == LINT_JSON || v->format == LINT_SARIF)
		lint_report_add(&v->report, l);
	if (v->format == LINT_GCC)
		lint_gcc(l);
	if (v->format != LINT_TEXT)
		return code;
	load_print_diags(l, true);
	if (code == EXIT_OK) {
		if (!v->c->quiet)
			say_valid(v);
	} else {
		cli_error(v->c, STR_FMT ": invalid, %u error%s%s", STR_ARG(v->name),
			l->diags.errors, l->diags.errors == 1 ? "" : "s",
			l->diags.left_out ? " and more" : "");
	}
	return code;
}

/* All files are looked at; the gravest code counts: one that can't be read above an invalid one. */
static int lint_files(struct verdict *v)
{
	struct cli *c = v->c;
	int code = EXIT_OK;
	for (size_t i = 0; i < c->opt.n_args; i++) {
		int one = lint_one(v, c->opt.args[i]);
		if (one && (!code || code == EXIT_INVALID))
			code = one;
		/* In the order of the files, also where both streams go to the same place. */
		if (v->format == LINT_TEXT)
			cli_flush(c, EXIT_OK);
	}
	return code;
}

/* --format, of which --json is a short form. Exit code. */
static int choose_format(struct cli *c, enum lint_format *out)
{
	static const char *const names[] = {"text", "gcc", "json", "sarif"};
	const char *asked = opt_text(&c->opt, OPT_LINT_FORMAT);
	*out = opt_flag(&c->opt, OPT_JSON) ? LINT_JSON : LINT_TEXT;
	for (int i = 0; asked && i < (int)ARRAY_SIZE(names); i++)
		if (!strcmp(asked, names[i])) {
			if (*out == LINT_JSON && i != LINT_JSON)
				return cli_usage(
					c, "'--json' and '--format %s' exclude each other", asked);
			*out = (enum lint_format)i;
		}
	return EXIT_OK;
}

static int run(struct cli *c)
{
	struct verdict v = {.c = c, .valid = true};
	int code = choose_format(c, &v.format);
	if (code)
		return code;
	code = load_project(c, &v.load);
	lint_report_init(&v.report, &v.load, v.format == LINT_SARIF);
	if (!code)
		code = c->opt.n_args ? lint_files(&v) : lint_one(&v, NULL);
	if (code == EXIT_OK || (code == EXIT_INVALID && !v.valid)) {
		if (v.format == LINT_JSON)
			lint_report_json(&v.report, &v.load, v.valid);
		if (v.format == LINT_SARIF)
			lint_report_sarif(&v.report, &v.load);
	}
	load_release(&v.load);
	return code;
}

const struct cmd cmd_lint = {
	.id = CMD_lint,
	.args = "[FILE...]",
	.summary = "check the pipeline definition, includes and all",
	.details = "All errors are shown, not only the first, each with its place, its line, and "
		   "GitLab's own "
		   "words where it has some. Warnings are about what GitLab accepts but hardly "
		   "means what it "
		   "says. The pipelines that trigger jobs start are checked with it. Without FILE, "
		   "the definition that other commands use.",
	.output =
		"With --json, or --format json: {\"valid\":bool, \"errors\":[{\"file\":null|NAME, "
		"\"line\":null|N, \"column\":null|N, \"message\", \"job\":null|NAME, "
		"\"code\"}], \"warnings\":[...]}; columns count characters from 1.\n"
		"With --format gcc: one line for each, \"FILE:LINE:COLUMN: error: MESSAGE [CODE]\" "
		"(or warning, or note), files as seen from the current directory; for editors.\n"
		"With --format sarif: a log of SARIF 2.1.0, for GitLab, GitHub and editors that "
		"show one; rules are the codes, files are relative to %SRCROOT%, the project's "
		"root.",
	.example = "cilocal lint --format sarif >lint.sarif",
	.kind = ARG_FILES,
	.max_args = SIZE_MAX,
	.run = run,
};
