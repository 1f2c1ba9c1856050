#include "base/base.h"

#include "emulator/cli/children.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/cmd_run.h"
#include "emulator/cli/earlier.h"
#include "emulator/cli/load.h"
#include "emulator/cli/lock.h"
#include "emulator/store/store.h"
#include "emulator/cli/term.h"
#include "emulator/cli/timeline.h"
#include "emulator/core/error.h"
#include "emulator/gitlab/run.h"
#include "emulator/runner/docker_values.h"
#include "config/duration.h"
#include "pipeline/pipeline.h"

#include "vars/predefined.h"

#include <unistd.h>

/* At the end of a run with more jobs the timeline has only those of the longest chain. */
#define TIMELINE_ROWS 30

static void message(void *arg, enum diag_level level, const char *text)
{
	struct cli *c = arg;
	if (level == DIAG_ERROR)
		cli_error(c, "%s", text);
	else if (level == DIAG_WARNING)
		cli_warn(c, "%s", text);
	else
		cli_note(c, "%s", text);
}

static const struct str *all_of(struct cli *c, enum opt_id id, size_t *n)
{
	const struct opt_value *v;
	size_t i = 0;
	struct str *out = arena_array(&c->arena, struct str, opt_count(&c->opt, id) + 1);
	*n = 0;
	while ((v = opt_next(&c->opt, id, &i)))
		out[(*n)++] = str_c(v->value);
	return out;
}

void run_stand_ins(struct cli *c, struct run_options *o)
{
	const struct opt_value *v;
	size_t i = 0;
	size_t n = opt_count(&c->opt, OPT_IMAGE);
	struct image_rule *out = arena_array(&c->arena, struct image_rule, n + 1);
	o->n_stand_ins = n;
	/* The first that fits counts: what is given later wins, the command line over files. */
	while (n && (v = opt_next(&c->opt, OPT_IMAGE, &i))) {
		struct str pair = str_c(v->value);
		size_t eq = str_chr(pair, '=');
		out[--n] = (struct image_rule){.from = str_sub(pair, 0, eq),
			.to = str_from(pair, eq + 1),
			.pattern = true};
	}
	o->stand_ins = out;
}

void run_proxies(struct cli *c, const struct load *l, struct run_options *o)
{
	const struct var *password = varset_get(&l->vars, STR("CI_DEPENDENCY_PROXY_PASSWORD"));
	struct image_rule *out = arena_array(&c->arena, struct image_rule, o->n_stand_ins + 2);
	/* Who gives a password means the real one. */
	if ((password && password->value.n) || !l->facts.project_namespace.n)
		return;
	for (size_t i = 0; i < o->n_stand_ins; i++)
		out[i] = o->stand_ins[i];
	for (; o->n_proxies < 2; o->n_proxies++) {
		struct str prefix =
			dependency_proxy_prefix(&c->arena, &l->facts, o->n_proxies == 1);
		out[o->n_stand_ins + o->n_proxies] = (struct image_rule){
			.from = arena_printf(&c->arena, STR_FMT "/", STR_ARG(prefix)),
			.to = STR(""),
			.prefix = true,
			.again = true};
	}
	o->stand_ins = out;
}

static int index_of(const char *value, const char *const *names, size_t n, int otherwise)
{
	for (size_t i = 0; value && i < n; i++)
		if (!strcmp(value, names[i]))
			return (int)i;
	return otherwise;
}

int run_options_check(struct cli *c, struct run_options *o)
{
	struct str *jobs = arena_array(&c->arena, struct str, c->opt.n_args + 1);
	for (size_t i = 0; i < c->opt.n_args; i++)
		jobs[i] = str_c(c->opt.args[i]);
	o->jobs = jobs;
	o->n_jobs = c->opt.n_args;
	o->needs = opt_flag(&c->opt, OPT_NEEDS);
	o->stages = all_of(c, OPT_STAGE, &o->n_stages);
	o->from = all_of(c, OPT_FROM, &o->n_from);
	o->until = all_of(c, OPT_UNTIL, &o->n_until);
	/* `--resume RUN`, as it is read by people. */
	if (opt_last(&c->opt, OPT_RESUME) && !opt_text(&c->opt, OPT_RESUME) && o->n_jobs == 1)
		o->n_jobs = 0;
	if (opt_last(&c->opt, OPT_RESUME) && (o->n_jobs || o->n_stages || o->n_from || o->n_until))
		return cli_usage(c, "'--resume' takes the jobs of the earlier run; it goes with no "
				    "JOB, '--stage', '--from' and '--until'");
	if ((o->n_from || o->n_until) && (o->n_jobs || o->n_stages))
		return cli_usage(c, "'%s' chooses the jobs; it goes with no JOB and no '--stage'",
			o->n_from ? "--from" : "--until");
	o->manual = all_of(c, OPT_MANUAL, &o->n_manual);
	run_stand_ins(c, o);
	const char *limit = opt_text(&c->opt, OPT_JOBS);
	const char *timeout = opt_text(&c->opt, OPT_TIMEOUT);
	const char *cache = opt_text(&c->opt, OPT_CACHE_LIMIT);
	uint64_t n = 0;
	int64_t bytes = 0;
	/* What they are was checked with all options (options.c). */
	if ((limit && !parse_u64(str_c(limit), &n)) ||
		(timeout && !duration_parse(str_c(timeout), &o->timeout_s)) ||
		(cache && !docker_size_parse(str_c(cache), &bytes)))
		BUG("an option's value was not checked");
	if (n > 10000)
		return cli_usage(c, "'--jobs' wants a number from 1 to 10000, not '%s'", limit);
	o->limit = (unsigned)n;
	o->cache_limit = (uint64_t)bytes;
	o->id_token_issuer = opt_text(&c->opt, OPT_ID_TOKEN_ISSUER);
	if (o->id_token_issuer && strcmp(o->id_token_issuer, "local") != 0 &&
		!strstr(o->id_token_issuer, "://"))
		return cli_usage(c,
			"'--id-token-issuer' wants a URL, or the word 'local', not '%s'",
			o->id_token_issuer);
	return EXIT_OK;
}

int run_options_read(struct cli *c, struct load *l, struct run_options *o)
{
	static const char *const executors[] = {"auto", "docker", "shell"};
	static const char *const pulls[] = {"always", "if-not-present", "never"};
	static const char *const folds[] = {"none", "collapsed", "all"};
	const struct options *opt = &c->opt;
	int code = run_options_check(c, o);
	if (code)
		return code;
	run_proxies(c, l, o);
	o->fail_fast = opt_flag(opt, OPT_FAIL_FAST);
	o->wait_delayed = opt_flag(opt, OPT_WAIT_DELAYED);
	o->keep = opt_flag(opt, OPT_KEEP);
	o->shell_on_failure = opt_flag(opt, OPT_SHELL_ON_FAILURE);
	o->step = opt_flag(opt, OPT_STEP);
	/* Questions of several jobs at a time would be a muddle. */
	if (o->step && !o->limit)
		o->limit = 1;
	o->committed = opt_flag(opt, OPT_COMMITTED);
	o->dry_run = opt_flag(opt, OPT_DRY_RUN);
	lock_apply(c, l, o);
	o->executor = (enum run_executor)index_of(
		opt_text(opt, OPT_EXECUTOR), executors, ARRAY_SIZE(executors), RUN_EXECUTOR_AUTO);
	o->runners = &l->settings.runners;
	o->pull = index_of(opt_text(opt, OPT_PULL), pulls, ARRAY_SIZE(pulls), -1);
	o->registry = l->registry;
	settings_registry(opt, &o->registry_options);
	rc_endpoint(&o->runners->v[0], &c->arena, &o->registry_options.engine);
	o->repo = &l->repo;
	o->root = l->root;
	o->json = opt_flag(opt, OPT_JSON_EVENTS);
	o->timestamps = opt_flag(opt, OPT_TIMESTAMPS);
	o->fold = index_of(opt_text(opt, OPT_FOLD), folds, ARRAY_SIZE(folds), 0);
	o->quiet = c->quiet;
	o->verbose = c->verbose;
	o->color = c->color_out;
	o->tty = c->tty_out;
	o->columns = c->tty_out ? term_columns(STDOUT_FILENO) : 0;
	const struct opt_value *hints = opt_last(opt, OPT_HINTS);
	o->no_hints = hints && hints->negated;
	const struct opt_value *live = opt_last(opt, OPT_LIVE);
	o->live = !o->quiet && !(live && live->negated) && term_can_draw(STDOUT_FILENO);
	const struct opt_value *ask = opt_last(opt, OPT_ASK);
	o->ask = o->live && !o->json && !(ask && ask->negated) && term_is_tty(STDIN_FILENO);
	o->reflows = term_reflows();
	o->message = message;
	o->message_arg = c;
	o->downstream = child_run;
	o->downstream_free = child_run_free;
	o->downstream_arg = l;
	return EXIT_OK;
}

/* The next run's CI_PIPELINE_ID is another one. */
static int number_pipeline(struct cli *c, const struct load *l)
{
	struct error err = ERROR_INIT;
	struct store s;
	int failed = store_open(&s, l->root, true, &err);

	if (!failed) {
		failed = store_pipeline_made(&s, l->facts.pipeline_id, &err);
		store_release(&s);
	}
	if (failed)
		cli_error(c, "%s", err.text);
	return failed ? EXIT_SURROUNDINGS : EXIT_OK;
}

int run_loaded(struct cli *c, struct load *l, const struct run_options *o)
{
	struct error err = ERROR_INIT;
	int code = o->dry_run ? EXIT_OK : number_pipeline(c, l);
	if (code)
		return code;
	code = run_pipeline(l->pipeline, o, &err);
	if (err.text[0])
		cli_error(c, "%s", err.text);
	return code;
}

/* Who asks at a terminal needs one, and the log must not be read by a program. */
static int check_terminal(struct cli *c)
{
	static const enum opt_id ids[] = {OPT_SHELL_ON_FAILURE, OPT_STEP};
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		if (!opt_flag(&c->opt, ids[i]))
			continue;
		const char *name = opt_last(&c->opt, ids[i])->def->name;
		if (opt_flag(&c->opt, OPT_JSON_EVENTS))
			return cli_usage(c, "'--%s' and '--json' don't go together", name);
		if (!term_is_tty(STDIN_FILENO) || !term_is_tty(STDOUT_FILENO))
			return cli_usage(
				c, "'--%s' needs a terminal, for input and output both", name);
	}
	return EXIT_OK;
}

/* The run that --resume names. */
static int find_resumed(struct cli *c, struct earlier *e, struct run_options *o)
{
	struct run_record *record = arena_new(&c->arena, struct run_record);
	struct run_resume *resume = arena_new(&c->arena, struct run_resume);
	const char *id = opt_text(&c->opt, OPT_RESUME);
	size_t at;
	if (!id && c->opt.n_args)
		id = c->opt.args[0];
	int code = earlier_find(c, e, id, &at);
	if (code)
		return code;
	if (earlier_read(c, e, at, record, &resume->dir))
		return EXIT_USAGE;
	resume->record = record;
	o->resume = resume;
	return EXIT_OK;
}

static int run_with(struct cli *c, struct load *l, struct run_options *o)
{
	struct earlier e;
	int code = check_terminal(c);
	if (code || !opt_last(&c->opt, OPT_RESUME))
		return code ? code : run_loaded(c, l, o);
	code = earlier_open(c, &e);
	if (code)
		return code;
	code = find_resumed(c, &e, o);
	if (!code)
		code = run_loaded(c, l, o);
	earlier_release(&e);
	return code;
}

/* Goes out with the program's other output, when the run has said all. */
static void draw_timeline(void *arg, const struct run_record *r)
{
	struct cli *c = arg;
	struct timeline t;
	struct timeline_look look = {.columns = term_columns(STDOUT_FILENO),
		.color = c->color_out,
		.utf8 = term_utf8(),
		.most = TIMELINE_ROWS};
	timeline_make(&t, &c->arena, r, r->started + r->duration);
	if (!timeline_tells(&t))
		return;
	buf_addc(&c->out, '\n');
	timeline_text(&t, &look, &c->out);
}

static bool wants_timeline(const struct cli *c, const struct run_options *o)
{
	const struct opt_value *v = opt_last(&c->opt, OPT_TIMELINE);
	return c->tty_out && !o->json && !o->quiet && !(v && v->negated);
}

static int run(struct cli *c)
{
	struct load l;
	struct run_options o = {.pull = -1};
	/* What is typed wrongly is said first; again later, since configuration files add to it. */
	struct run_options typed = {.pull = -1};
	int code = run_options_check(c, &typed);
	if (code)
		return code;
	code = load_pipeline(c, &l);
	if (!code)
		code = run_options_read(c, &l, &o);
	if (!code)
		code = lock_check_images(c, &l);
	if (!code && wants_timeline(c, &o)) {
		o.recorded = draw_timeline;
		o.recorded_arg = c;
	}
	if (!code)
		code = run_with(c, &l, &o);
	load_release(&l);
	return code;
}

const struct cmd cmd_run = {
	.id = CMD_run,
	.args = "[JOB...]",
	.summary = "run jobs; without JOB the whole pipeline",
	.details =
		"Jobs run in containers where an image is named, else in a shell. Each gets its "
		"own copy of what "
		"git tracks, with uncommitted changes; the work tree itself is not touched.\n"
		"A named job runs whatever its rules about 'when' say, without what it needs; "
		"--needs adds that. "
		"JOB may be a name, the base name of parallel jobs, or a glob such as 'test*'.\n"
		"--step asks on the terminal before each command of before_script and script: run, "
		"skip, a shell with the script's variables, go on without asking, quit; one job at "
		"a time, unless -j says else. A command that goes on in the next item of its list "
		"can't be stepped over. --shell-on-failure opens a shell in the container in "
		"which a script failed, with its variables and directory; other jobs go on "
		"meanwhile, their logs wait, and jobs that fail too wait for the terminal.\n"
		"--resume takes the jobs of an earlier run, and runs what did not pass there, what "
		"has changed since (image, scripts, variables, needs), what comes after that, and "
		"trigger jobs. The artifacts of what stays passed are taken over; give the same "
		"options as then.\n"
		"Ctrl-C cancels: scripts stop, after_script runs, everything that was started "
		"is taken down. A "
		"second Ctrl-C does without after_script.\n"
		"On a terminal, a block below the logs of several jobs shows what runs, with "
		"its last line, and what is waited for; --no-live goes without. Where manual "
		"jobs block the pipeline it asks whether to play them, and with which variables. "
		"At "
		"the end it draws where the time went, as 'cilocal runs show' does; --no-timeline "
		"goes without.",
	.output = "With --json: one object a line, each with \"event\", \"time\" and \"pipeline\" "
		  "(null, "
		  "or the trigger job whose pipeline it is about): "
		  "pipeline_started; "
		  "job_started (\"job\", \"stage\"); section; log (\"job\", \"text\"); "
		  "job_finished (\"job\", "
		  "\"status\", \"exit_code\", \"failure_reason\", \"duration\", and "
		  "\"environment\", \"release\", \"pages\" where it made some); "
		  "pipeline_finished "
		  "(\"status\").",
	.kind = ARG_JOBS,
	.max_args = SIZE_MAX,
	.run = run,
};
