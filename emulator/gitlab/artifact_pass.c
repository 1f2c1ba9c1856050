#include "base/base.h"
#include "emulator/gitlab/artifact_pass.h"
#include "emulator/gitlab/artifact_record.h"
#include "emulator/gitlab/coverage.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/log/console.h"
#include "emulator/log/job_log.h"
#include "emulator/log/mask.h"
#include "pipeline/pipeline.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#define JUNIT_MAX      (64u * 1024 * 1024)
#define SHOWN_TESTS    20
#define SHOWN_ARCHIVES 10
#define MAX_DEPTH      32

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

struct str job_run_masked(struct job_run *j, struct str text)
{
	struct buf out = BUF_INIT;
	struct str r;

	mask_text(j->log ? job_log_mask(j->log) : NULL, text, &out);
	r = arena_str(&j->run->arena, buf_str(&out));
	buf_release(&out);
	return r;
}

void job_note_add(struct job_run *j, const char *of, const char *key, struct str value)
{
	struct job_note n = {str_c(of), str_c(key), job_run_masked(j, value)};

	vec_push_in(&j->run->arena, &j->record.notes, n);
}

static int take_junit(struct job_run *j, const char *dir, struct error *err)
{
	struct junit *t = &j->artifacts.junit;

	if (each_file(dir, 0, read_junit, j, err))
		return -1;
	for (size_t i = 0; i < t->n; i++) {
		t->v[i].message = job_run_masked(j, t->v[i].message);
		t->v[i].test = job_run_masked(j, t->v[i].test);
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
	const struct artifacts_def *d = j->spec.artifacts;
	struct arena *a = &j->run->arena;
	bool archive = str_is(u->type, "archive");
	struct artifact_item i = {.type = arena_str(a, u->type),
		.path = archive ? STR("artifacts.tar")
				: arena_printf(a, "reports/" STR_FMT, STR_ARG(u->type)),
		.name = archive ? job_run_masked(j, u->name) : STR(""),
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

int artifact_pass_upload(struct job_run *j, const struct build_upload *u, struct error *err)
{
	const char *path = arena_cstr(&j->arena, u->path);

	if (str_is(u->type, "junit") && take_junit(j, path, err))
		return -1;
	note_upload(j, u);
	return 0;
}

/* A retried job's artifacts are those of its last attempt. */
int artifact_pass_forget(struct job_run *j, struct error *err)
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

void artifact_pass_finish(struct job_run *j)
{
	struct error err = ERROR_INIT;
	struct str expression = j->job->def->rare->coverage.s;

	if (expression.n && j->log_path.n)
		j->artifacts.coverage = arena_str(
			&j->run->arena, coverage_of_log(&j->arena, j->log_path.p, expression));
	if (!j->record.n && !j->record.notes.n && !j->artifacts.coverage.n)
		return;
	j->record.job = j->shown;
	j->record.coverage = j->artifacts.coverage;
	if (artifact_record_write(job_dir(j), &j->record, &err))
		run_message(j->run, DIAG_WARNING, "%s", err.text);
}

/* The end of the run */

static void show_tests(struct run *r, const struct job_run *j)
{
	const struct junit *t = &j->artifacts.junit;
	size_t bad = t->failed + t->errors;

	run_line(r, "  " STR_FMT ": %zu tests, %zu failed, %zu skipped", STR_ARG(j->shown),
		t->tests, bad, t->skipped);
	for (size_t i = 0; i < t->n && i < SHOWN_TESTS; i++) {
		const struct junit_failure *f = &t->v[i];

		run_line(r, "    %s " STR_FMT "%s" STR_FMT "%s" STR_FMT,
			f->error ? "error: " : "failed:", STR_ARG(f->suite),
			f->suite.n ? " > " : "", STR_ARG(f->test), f->message.n ? ": " : "",
			STR_ARG(f->message));
	}
	if (t->n > SHOWN_TESTS)
		run_line(r, "    and %zu more", t->n - SHOWN_TESTS);
}

static const struct artifact_item *archive_of(const struct run *r, size_t i)
{
	const struct artifact_record *rec = &r->jobs[i].record;

	for (size_t k = 0; r->plan.chosen[i] && k < rec->n; k++)
		if (str_is(rec->v[k].type, "archive") &&
			(rec->v[k].expire_in.n || rec->v[k].expose_as.n))
			return &rec->v[k];
	return NULL;
}

/* Here they stay with the run; what GitLab would do with them is said. */
static void show_archives(struct run *r, bool any)
{
	size_t n = 0;

	for (size_t i = 0; i < r->p->n_jobs; i++) {
		const struct artifact_item *a = archive_of(r, i);

		if (!a || ++n > SHOWN_ARCHIVES)
			continue;
		if (!any)
			run_line(r, "%s", "");
		any = true;
		run_line(r,
			"  artifacts of " STR_FMT ": %" PRIu64 " files and folders%s" STR_FMT
			"%s" STR_FMT "%s",
			STR_ARG(r->jobs[i].shown), a->entries,
			a->expire_in.n ? ", on GitLab they expire in " : "", STR_ARG(a->expire_in),
			a->expose_as.n ? ", in a merge request they are '" : "",
			STR_ARG(a->expose_as), a->expose_as.n ? "'" : "");
	}
	if (n > SHOWN_ARCHIVES)
		run_line(r, "  and artifacts of %zu more jobs: see 'cilocal artifacts'",
			n - SHOWN_ARCHIVES);
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
			run_line(r, "%s", "");
		any = true;
		show_tests(r, j);
	}
	if (r->console && !r->o->quiet)
		show_archives(r, any);
}
