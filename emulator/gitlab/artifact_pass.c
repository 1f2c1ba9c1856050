#include "base/base.h"
#include "emulator/gitlab/artifact_pass.h"
#include "emulator/gitlab/artifact_earlier.h"
#include "emulator/gitlab/artifact_record.h"
#include "emulator/gitlab/coverage.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/log/console.h"
#include "emulator/log/job_log.h"
#include "pipeline/cache_key.h"
#include "pipeline/pipeline.h"
#include "pipeline/receivers.h"
#include "vars/dotenv.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#define JUNIT_MAX   (64u * 1024 * 1024)
#define SHOWN_TESTS 20
#define MAX_DEPTH   32

/* Files of a report */

typedef int file_fn(void *arg, const char *path, struct error *err);

static int only_visible(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

/* Regular files below dir, sorted by name; stops at the first that fn refuses. */
static int each_file(const char *dir, unsigned depth, file_fn *fn, void *arg, struct error *err)
{
	struct dirent **names;
	int n = depth < MAX_DEPTH ? scandir(dir, &names, only_visible, alphasort) : 0, r = 0;

	if (n < 0)
		return error_sys(err, errno, "cannot read '%s'", dir);
	for (int i = 0; i < n; i++) {
		CLEANUP(free) char *path = xasprintf("%s/%s", dir, names[i]->d_name);
		struct stat st;

		if (!r && !lstat(path, &st)) {
			if (S_ISDIR(st.st_mode))
				r = each_file(path, depth + 1, fn, arg, err);
			else if (S_ISREG(st.st_mode))
				r = fn(arg, path, err);
		}
		free(names[i]);
	}
	if (n > 0)
		free(names);
	return r;
}

/* dotenv */

static int read_dotenv(void *arg, const char *path, struct error *err)
{
	struct varset *out = arg;
	struct error unread = ERROR_INIT;
	struct str text, why;
	unsigned line = 0;

	/* One byte over the limit is enough to be refused. */
	if (store_read_file(path, out->arena, DOTENV_LIMITS.max_bytes + 1, &text, &unread)) {
		struct stat st;

		if (!stat(path, &st) && (uint64_t)st.st_size > DOTENV_LIMITS.max_bytes)
			return error_set(err, ERR_CONFIG, 0,
				"Dotenv Artifact Too Big. Maximum Allowable Size: %zu",
				DOTENV_LIMITS.max_bytes);
		return error_set(err, ERR_SYS, unread.code, "%s", unread.text);
	}
	if (dotenv_report(out->arena, text, DOTENV_LIMITS, out, &why, &line))
		return 0;
	if (line)
		return error_set(err, ERR_CONFIG, 0, STR_FMT " in line %u", STR_ARG(why), line);
	return error_set(err, ERR_CONFIG, 0, STR_FMT, STR_ARG(why));
}

static int take_dotenv(struct job_run *j, const char *dir, struct error *err)
{
	struct varset set;

	varset_init(&set, &j->run->arena);
	if (each_file(dir, 0, read_dotenv, &set, err))
		return -1;
	j->artifacts.vars = set.v;
	j->artifacts.n_vars = set.n;
	return 0;
}

/* junit */

/* A report that is no XML is told and kept: GitLab shows the same, and the job passes. */
static int read_junit(void *arg, const char *path, struct error *err)
{
	struct job_run *j = arg;
	struct error why = ERROR_INIT;
	struct arena scratch = ARENA_INIT;
	struct str text;

	UNUSED(err);
	if (store_read_file(path, &scratch, JUNIT_MAX, &text, &why) ||
		junit_read(&j->run->arena, text, &j->artifacts.junit, &why))
		job_log_warnln(
			j->log, "%s is no JUnit report: %s", strrchr(path, '/') + 1, why.text);
	arena_release(&scratch);
	return 0;
}

static struct str masked(struct job_run *j, struct str text)
{
	struct buf out = BUF_INIT;
	struct str r;

	mask_text(job_log_mask(j->log), text, &out);
	r = arena_str(&j->run->arena, buf_str(&out));
	buf_release(&out);
	return r;
}

static int take_junit(struct job_run *j, const char *dir, struct error *err)
{
	struct junit *t = &j->artifacts.junit;

	if (each_file(dir, 0, read_junit, j, err))
		return -1;
	for (size_t i = 0; i < t->n; i++) {
		t->v[i].message = masked(j, t->v[i].message);
		t->v[i].test = masked(j, t->v[i].test);
	}
	j->artifacts.has_junit = true;
	return 0;
}

/* Uploads */

static const char *job_dir(struct job_run *j)
{
	return arena_printf(&j->run->arena, "%s/" STR_FMT, j->run->folder.dir, STR_ARG(j->slug)).p;
}

static struct str when_word(enum job_when when)
{
	if (when == WHEN_ALWAYS)
		return STR("always");
	return when == WHEN_ON_FAILURE ? STR("on_failure") : STR("on_success");
}

static void note_upload(struct job_run *j, const struct build_upload *u)
{
	const struct artifacts_def *d = j->job->def->artifacts;
	struct arena *a = &j->run->arena;
	bool archive = str_is(u->type, "archive");
	struct artifact_item i = {.type = arena_str(a, u->type),
		.path = archive ? STR("artifacts.tar")
				: arena_printf(a, "reports/" STR_FMT, STR_ARG(u->type)),
		.name = archive ? masked(j, u->name) : STR(""),
		.when = archive ? when_word(d->when) : STR("always"),
		.expire_in = d->expire_in.s,
		.expose_as = d->expose_as.s,
		.access = d->access.s.n       ? d->access.s
			  : d->is_public == 0 ? STR("developer")
					      : STR(""),
		.entries = u->entries,
		.bytes = u->bytes};

	vec_push_in(a, &j->record, i);
}

static int on_upload(void *arg, const struct build_upload *u, struct error *err)
{
	struct job_run *j = arg;
	const char *path = arena_cstr(&j->arena, u->path);

	if (str_is(u->type, "archive"))
		j->artifacts.archive = arena_str(&j->run->arena, u->path);
	else if (str_is(u->type, "dotenv") && take_dotenv(j, path, err))
		return -1;
	else if (str_is(u->type, "junit") && take_junit(j, path, err))
		return -1;
	note_upload(j, u);
	return 0;
}

/* Downloads */

static bool leaves_something(const struct job *job)
{
	const struct artifacts_def *d = job->def->artifacts;

	if (!d)
		return false;
	for (size_t i = 0; i < d->n_reports; i++)
		if (str_is(d->reports[i].type, "dotenv"))
			return true;
	return d->paths.n || d->untracked;
}

/* What a source outside of this run left in an earlier one; told once for each pair of jobs. */
static void find_earlier(struct job_run *j, struct job_run *source)
{
	struct run *r = j->run;
	struct earlier_artifacts e;
	struct error err = ERROR_INIT;

	if (!leaves_something(source->job))
		return;
	if (!source->looked) {
		source->looked = true;
		if (artifact_earlier_find(
			    &r->store, &r->arena, source->job->name, str_c(r->folder.id), &e)) {
			source->artifacts.archive = e.archive;
			source->earlier = e.run;
			if (e.dotenv && take_dotenv(source, e.dotenv, &err))
				run_message(r, DIAG_WARNING,
					"the variables of job '" STR_FMT "' in run " STR_FMT
					" can't be had: %s",
					STR_ARG(source->job->name), STR_ARG(e.run), err.text);
		}
	}
	if (j->attempt > 1)
		return;
	if (source->earlier.n)
		run_message(r, DIAG_NOTE,
			"job '" STR_FMT "' gets the artifacts of '" STR_FMT "' from run " STR_FMT,
			STR_ARG(j->job->name), STR_ARG(source->job->name),
			STR_ARG(source->earlier));
	else
		run_message(r, DIAG_NOTE,
			"job '" STR_FMT "' runs without the artifacts of '" STR_FMT
			"', which did not run yet (--needs runs it too)",
			STR_ARG(j->job->name), STR_ARG(source->job->name));
}

static void add_downloads(struct job_run *j)
{
	struct run *r = j->run;
	uint32_t *ids;
	size_t n = pipeline_artifact_sources(&j->arena, r->p, j->job, &ids), used = 0;
	struct build_download *d = arena_array(&j->arena, struct build_download, n + 1);

	for (size_t i = 0; i < n; i++) {
		struct job_run *source = &r->jobs[ids[i]];

		if (!r->plan.chosen[ids[i]])
			find_earlier(j, source);
		if (source->artifacts.archive.n)
			d[used++] = (struct build_download){.job = source->job->name,
				.job_id = source->last_id,
				.archive = source->artifacts.archive};
	}
	j->spec.downloads = d;
	j->spec.n_downloads = used;
}

static void add_caches(struct job_run *j)
{
	const struct job_def *def = j->job->def;
	struct build_cache *c = arena_array(&j->arena, struct build_cache, def->n_caches + 1);

	for (size_t i = 0; i < def->n_caches; i++) {
		struct cache_keys k =
			pipeline_cache_keys(&j->arena, j->run->p, j->job, i, &CACHE_KEY_OPTIONS);

		c[i] = (struct build_cache){.def = &def->caches[i],
			.key = k.key,
			.fallbacks = k.fallbacks,
			.n_fallbacks = k.n_fallbacks};
	}
	j->spec.caches = c;
	j->spec.n_caches = def->n_caches;
}

/* A retried job's artifacts are those of its last attempt. */
static int forget(struct job_run *j, struct error *err)
{
	const char *dir = job_dir(j);
	const char *reports = arena_printf(&j->arena, "%s/reports", dir).p;

	memset(&j->artifacts, 0, sizeof(j->artifacts));
	memset(&j->record, 0, sizeof(j->record));
	if (j->attempt < 2)
		return 0;
	unlink(arena_printf(&j->arena, "%s/artifacts.tar", dir).p);
	unlink(arena_printf(&j->arena, "%s/artifacts.json", dir).p);
	return store_remove_tree(reports, err);
}

int artifact_pass_prepare(struct job_run *j, struct error *err)
{
	if (forget(j, err))
		return -1;
	j->last_id = j->spec.job_id;
	j->spec.artifacts = j->job->def->artifacts;
	j->spec.on_upload = on_upload;
	j->spec.upload_arg = j;
	add_downloads(j);
	add_caches(j);
	return 0;
}

void artifact_pass_vars(struct job_run *j, struct varset *extra)
{
	struct run *r = j->run;
	uint32_t *ids;
	size_t n = pipeline_artifact_sources(&j->arena, r->p, j->job, &ids);

	for (size_t i = 0; i < n; i++) {
		const struct job_artifacts *from = &r->jobs[ids[i]].artifacts;

		for (size_t k = 0; k < from->n_vars; k++)
			varset_put(extra, &from->vars[k]);
	}
}

void artifact_pass_finish(struct job_run *j)
{
	struct error err = ERROR_INIT;
	struct str expression = j->job->def->coverage.s;

	if (expression.n && j->log_path.n)
		j->artifacts.coverage = arena_str(
			&j->run->arena, coverage_of_log(&j->arena, j->log_path.p, expression));
	if (!j->record.n && !j->artifacts.coverage.n)
		return;
	j->record.job = j->job->name;
	j->record.coverage = j->artifacts.coverage;
	if (artifact_record_write(job_dir(j), &j->record, &err))
		run_message(j->run, DIAG_WARNING, "%s", err.text);
}

/* The end of the run */

static void line(struct run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void line(struct run *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	console_line(r->console, arena_vprintf(&r->arena, fmt, ap));
	va_end(ap);
}

static void show_tests(struct run *r, const struct job_run *j)
{
	const struct junit *t = &j->artifacts.junit;
	size_t bad = t->failed + t->errors;

	line(r, "  " STR_FMT ": %zu tests, %zu failed, %zu skipped", STR_ARG(j->job->name),
		t->tests, bad, t->skipped);
	for (size_t i = 0; i < t->n && i < SHOWN_TESTS; i++) {
		const struct junit_failure *f = &t->v[i];

		line(r, "    %s " STR_FMT "%s" STR_FMT "%s" STR_FMT,
			f->error ? "error: " : "failed:", STR_ARG(f->suite),
			f->suite.n ? " > " : "", STR_ARG(f->test), f->message.n ? ": " : "",
			STR_ARG(f->message));
	}
	if (t->n > SHOWN_TESTS)
		line(r, "    and %zu more", t->n - SHOWN_TESTS);
}

void artifact_pass_summary(struct run *r)
{
	bool any = false;

	for (size_t i = 0; r->console && i < r->p->n_jobs; i++) {
		const struct job_run *j = &r->jobs[i];

		if (!r->plan.chosen[i] || !j->artifacts.has_junit ||
			(r->o->quiet && !j->artifacts.junit.n))
			continue;
		if (!any)
			line(r, "%s", "");
		any = true;
		show_tests(r, j);
	}
}
