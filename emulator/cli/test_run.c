/* The part of a case that runs: in a store of its own, silent, compared from its record and logs.
 */
#include "base/base.h"

#include "emulator/cli/test.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/cmd_run.h"
#include "emulator/cli/load.h"
#include "emulator/core/error.h"
#include "emulator/gitlab/run.h"
#include "emulator/log/ansi.h"
#include "emulator/store/run_record.h"
#include "emulator/store/store.h"
#include "expr/regex.h"
#include "pipeline/pipeline.h"
#include "yaml/node.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define LOG_MAX (16 << 20)
/* Times in the record have milliseconds. */
#define CLOCK_STEP 0.002

struct tried {
	struct load *l;
	struct test_case *t;
	const struct node *want; /* `expect` of the run, or NULL */
	struct store_run place;  /* a folder for this run alone */
	const char *root;        /* that folder, whose .cilocal has the run; NULL: none yet */
	struct buf said;         /* errors and warnings of the run */
	int code;
	struct error err;
	const char *dir; /* of the run; NULL: it did not come to one */
	struct run_record record;
	bool *told; /* of jobs of the record: the end of their log has been shown */
};

static void hear(void *arg, enum diag_level level, const char *text)
{
	struct tried *r = arg;
	if (level != DIAG_NOTE)
		buf_printf(&r->said, "%s\n", text);
}

static void add_all(struct cli *c, enum opt_id id, const struct node *n)
{
	const struct node **v;
	size_t count = test_items(&c->arena, n, &v);
	for (size_t i = 0; i < count; i++)
		options_add(&c->opt, &c->arena, id, arena_cstr(&c->arena, v[i]->text));
}

/* The keys of `run` as the options of the command `run`, whose names they have. */
static void set_options(struct cli *c, const struct node *run)
{
	const struct node **v;
	size_t n = test_items(&c->arena, node_get(run, "jobs"), &v);
	const struct node *needs = node_get(run, "needs");
	c->opt.args = arena_array(&c->arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		c->opt.args[i] = arena_cstr(&c->arena, v[i]->text);
	c->opt.n_args = n;
	add_all(c, OPT_MANUAL, node_get(run, "manual"));
	add_all(c, OPT_TIMEOUT, node_get(run, "timeout"));
	if (needs && needs->u.boolean)
		options_add(&c->opt, &c->arena, OPT_NEEDS, NULL);
}

/* ---- the run ---- */

/* A folder below .cilocal, which git ignores and jobs do not get; of a process that dies it goes
 * with the next of its kind. */
static int make_place(struct tried *r, struct error *err)
{
	struct store s;
	if (store_open(&s, r->l->root, true, err))
		return -1;
	int failed = store_shell_create(&s, &r->place, (long)time(NULL), err);
	store_release(&s);
	r->root = failed ? NULL : r->place.dir;
	return failed;
}

static void find_record(struct tried *r)
{
	struct store s;
	struct error ignored = ERROR_INIT;
	struct arena *a = &r->l->c->arena;
	struct str *ids;
	size_t n = 0;
	if (store_open(&s, r->root, false, &ignored))
		return;
	if (!store_list(&s, a, &ids, &n, &ignored) && n)
		r->dir = store_run_dir(&s, a, ids[0]);
	if (r->dir && run_record_read(r->dir, a, &r->record, &ignored))
		r->dir = NULL;
	r->told = arena_array(a, bool, r->record.n_jobs + 1);
	store_release(&s);
}

static int go(struct tried *r, const struct node *run, bool all_replaced)
{
	struct cli *c = r->l->c;
	struct run_options o = {.pull = -1};
	CLEANUP(close) int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	set_options(c, run);
	int code = run_options_read(c, r->l, &o);
	if (code)
		return code;
	if (nowhere < 0 || make_place(r, &r->err)) {
		cli_error(c, "no place for the run of a test: %s",
			r->err.text[0] ? r->err.text : strerror(errno));
		return EXIT_SURROUNDINGS;
	}
	o.log_fd = c->verbose ? STDERR_FILENO : nowhere;
	o.store_root = r->root;
	o.tty = o.live = o.ask = false;
	o.message = hear;
	o.message_arg = r;
	/* A stand-in wants no image, and the test no engine. */
	if (all_replaced)
		o.executor = RUN_EXECUTOR_SHELL;
	r->code = run_pipeline(r->l->pipeline, &o, &r->err);
	find_record(r);
	return r->code == RUN_EXIT_SIGINT || r->code == RUN_EXIT_SIGTERM ? r->code : EXIT_OK;
}

/* ---- what came of it ---- */

static const struct job_record *record_of(const struct tried *r, struct str name)
{
	for (size_t i = 0; r->dir && i < r->record.n_jobs; i++)
		if (str_eq(r->record.jobs[i].name, name))
			return &r->record.jobs[i];
	return NULL;
}

/* What the job wrote, without colours; empty where it did not start. */
static struct str log_of(struct tried *r, const struct job_record *j)
{
	struct arena *a = &r->l->c->arena;
	struct error ignored = ERROR_INIT;
	struct ansi ansi = ANSI_INIT;
	struct str text;
	if (!j || !r->dir)
		return STR_NULL;
	const char *path = arena_printf(a, "%s/" STR_FMT "/trace.log", r->dir, STR_ARG(j->slug)).p;
	if (store_read_file(path, a, LOG_MAX, &text, &ignored))
		return STR_NULL;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	ansi_strip(&ansi, text, &out);
	return arena_str(a, buf_str(&out));
}

static void note_log(struct tried *r, struct test_difference *d, const struct job_record *j)
{
	enum { LINES = 6 };
	struct str text = str_trim(log_of(r, j)), lines[LINES];
	size_t n = 0, index = (size_t)(j - r->record.jobs);
	struct str_split it = str_split(text, '\n');
	struct str line;
	if (r->told[index])
		return;
	r->told[index] = true;
	while (text.n && str_split_next(&it, &line)) {
		size_t cr = str_rchr(str_trim(line), '\r');
		lines[n++ % LINES] = cr == STR_NPOS ? str_trim(line) : str_from(line, cr + 1);
	}
	if (n)
		test_note(&r->l->c->arena, d,
			"the log of '" STR_FMT "' ends with:", STR_ARG(j->name));
	for (size_t i = n > LINES ? n - LINES : 0; i < n; i++)
		test_note(&r->l->c->arena, d, "  " STR_FMT, STR_ARG(lines[i % LINES]));
}

/* Where a job is expected to fail, the code follows from it. */
static bool expects_failure(const struct tried *r)
{
	const struct node *status = node_get(r->want, "status");
	if (!status)
		return false;
	node_each_pair(pair, status)
	{
		if (str_is(pair->value->text, "failed"))
			return true;
	}
	return false;
}

static void check_code(struct tried *r)
{
	struct arena *a = &r->l->c->arena;
	const struct node *want = node_get(r->want, "exit_code");
	int64_t code = want ? want->u.integer : 0;
	if (code == r->code || (!want && r->code == RUN_EXIT_FAILED && expects_failure(r)))
		return;
	struct test_difference *d = test_differs(a, r->t,
		want      ? want->at
		: r->want ? r->want->at
			  : r->t->at,
		"exit code of the run");
	test_expected(a, d, "%" PRId64, code);
	test_got(a, d, "%d", r->code);
	if (r->err.text[0])
		test_note(a, d, "%s", r->err.text);
	struct str_split it = str_split(str_trim(buf_str(&r->said)), '\n');
	struct str line;
	while (r->said.n && str_split_next(&it, &line))
		test_note(a, d, STR_FMT, STR_ARG(line));
	for (size_t i = 0; r->dir && i < r->record.n_jobs; i++) {
		const struct job_record *j = &r->record.jobs[i];
		if (str_is(j->status, "failed") && !j->allow_failure)
			note_log(r, d, j);
	}
}

/* Jobs of a name, base name or glob; also of pipelines below, whose names only the record has. */
static size_t find(struct tried *r, struct str name, const struct job_record ***out)
{
	struct arena *a = &r->l->c->arena;
	struct job **jobs;
	size_t n = pipeline_find_jobs(a, r->l->pipeline, name, false, &jobs), found = 0;
	*out = arena_array(a, const struct job_record *, n + 1);
	for (size_t i = 0; i < n; i++)
		if (record_of(r, jobs[i]->name))
			(*out)[found++] = record_of(r, jobs[i]->name);
	if (!found && record_of(r, name))
		(*out)[found++] = record_of(r, name);
	return found;
}

static void check_status(struct tried *r, const struct node *status)
{
	struct arena *a = &r->l->c->arena;
	node_each_pair(pair, status)
	{
		const struct job_record **v;
		size_t n = find(r, pair->key->text, &v);
		for (size_t i = 0; i < n; i++) {
			if (str_eq(v[i]->status, pair->value->text))
				continue;
			struct test_difference *d = test_differs(a, r->t, pair->value->at,
				"status of job '" STR_FMT "'", STR_ARG(v[i]->name));
			test_expected(a, d, STR_FMT, STR_ARG(pair->value->text));
			test_got(a, d, STR_FMT, STR_ARG(v[i]->status));
			if (v[i]->reason.n)
				test_note(a, d, STR_FMT, STR_ARG(v[i]->reason));
			note_log(r, d, v[i]);
		}
		if (n)
			continue;
		struct test_difference *d = test_differs(a, r->t, pair->value->at,
			"status of job '" STR_FMT "'", STR_ARG(pair->key->text));
		test_expected(a, d, STR_FMT, STR_ARG(pair->value->text));
		test_got(a, d, "it is not in the run");
	}
}

static void start_and_end(const struct job_record *const *v, size_t n, double *start, double *end)
{
	*start = -1;
	*end = -1;
	for (size_t i = 0; i < n; i++) {
		if (v[i]->started < 0)
			continue;
		*start = *start < 0 ? v[i]->started : MIN(*start, v[i]->started);
		*end = MAX(*end, v[i]->started + MAX(v[i]->duration, 0));
	}
}

/* Each starts when the one before it in the list has ended; of several copies: all of them. */
static void check_order(struct tried *r, const struct node *order)
{
	struct arena *a = &r->l->c->arena;
	const struct node **v;
	size_t n = test_items(a, order, &v);
	double before = -1;
	for (size_t i = 0; i < n; i++) {
		const struct job_record **jobs;
		double start, end;
		start_and_end(jobs, find(r, v[i]->text, &jobs), &start, &end);
		if (start >= 0 && (before < 0 || start + CLOCK_STEP >= before)) {
			before = end;
			continue;
		}
		struct test_difference *d = test_differs(a, r->t, v[i]->at, "order");
		if (i)
			test_expected(a, d, "'" STR_FMT "' starts when '" STR_FMT "' has ended",
				STR_ARG(v[i]->text), STR_ARG(v[i - 1]->text));
		else
			test_expected(a, d, "'" STR_FMT "' runs", STR_ARG(v[i]->text));
		if (start < 0)
			test_got(a, d, "'" STR_FMT "' did not run", STR_ARG(v[i]->text));
		else
			test_got(a, d, "it starts %.3f s before that", before - start);
		return;
	}
}

enum log_want { LOG_CONTAINS, LOG_MATCHES, LOG_ABSENT };

static void check_texts(struct tried *r, const struct job_record *j, struct str log,
	const struct node *want, enum log_want how)
{
	static const char *const words[] = {
		"a line that contains", "a line that matches", "no line that contains"};
	struct arena *a = &r->l->c->arena;
	const struct node **v;
	size_t n = test_items(a, want, &v);
	struct str why;
	for (size_t i = 0; i < n; i++) {
		const struct regex *re =
			how == LOG_MATCHES ? regex_new(a, v[i]->text, REGEX_M, &why, NULL) : NULL;
		size_t at = re ? STR_NPOS : str_find(log, v[i]->text);
		bool found = re ? regex_search(re, log, NULL, 0) == REGEX_YES : at != STR_NPOS;
		if (found == (how != LOG_ABSENT))
			continue;
		struct test_difference *d = test_differs(
			a, r->t, v[i]->at, "log of job '" STR_FMT "'", STR_ARG(j->name));
		test_expected(a, d, "%s '" STR_FMT "'", words[how], STR_ARG(v[i]->text));
		if (!found) {
			test_got(a, d, log.n ? "there is none" : "the job wrote nothing");
			note_log(r, d, j);
			continue;
		}
		size_t from = str_rchr(str_sub(log, 0, at), '\n');
		struct str line = str_from(log, from == STR_NPOS ? 0 : from + 1);
		test_got(a, d, STR_FMT, STR_ARG(str_trim(str_sub(line, 0, str_chr(line, '\n')))));
	}
}

static void check_logs(struct tried *r, const struct node *logs)
{
	struct arena *a = &r->l->c->arena;
	node_each_pair(pair, logs)
	{
		const struct job_record **v;
		const struct node *want = pair->value;
		size_t n = find(r, pair->key->text, &v);
		for (size_t i = 0; i < n; i++) {
			struct str log = log_of(r, v[i]);
			bool keys = node_is(want, NODE_MAP);
			check_texts(r, v[i], log, keys ? node_get(want, "contains") : want,
				LOG_CONTAINS);
			check_texts(r, v[i], log, node_get(want, "matches"), LOG_MATCHES);
			check_texts(r, v[i], log, node_get(want, "absent"), LOG_ABSENT);
		}
		if (n)
			continue;
		struct test_difference *d = test_differs(a, r->t, pair->key->at,
			"log of job '" STR_FMT "'", STR_ARG(pair->key->text));
		test_expected(a, d, "a job '" STR_FMT "'", STR_ARG(pair->key->text));
		test_got(a, d, "it is not in the run");
	}
}

static void check(struct tried *r)
{
	check_code(r);
	if (node_get(r->want, "status"))
		check_status(r, node_get(r->want, "status"));
	if (node_get(r->want, "order"))
		check_order(r, node_get(r->want, "order"));
	if (node_get(r->want, "log"))
		check_logs(r, node_get(r->want, "log"));
}

int test_run(struct load *l, struct test_case *t, const struct node *run)
{
	struct tried r = {.l = l,
		.t = t,
		.want = node_get(run, "expect"),
		.said = BUF_INIT,
		.err = ERROR_INIT};
	bool all_replaced;
	size_t before = t->differences.n;
	test_replace(l, t, node_get(run, "replace"), &all_replaced);
	int code = EXIT_OK;
	if (t->differences.n == before) {
		code = go(&r, run, all_replaced);
		if (!code)
			check(&r);
	}
	if (r.root)
		store_run_remove(&r.place);
	buf_release(&r.said);
	return code;
}
