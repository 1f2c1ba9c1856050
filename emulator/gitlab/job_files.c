/*
 * Files that go from job to job: the artifacts and dotenv variables that a job gets from the ones
 * before it, what becomes of those it makes, and the keys of its caches.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "pipeline/cache_key.h"
#include "pipeline/pipeline.h"
#include "pipeline/receivers.h"
#include "vars/dotenv.h"

#include <dirent.h>
#include <unistd.h>

#define ARCHIVE "artifacts.tar"
#define DOTENV  "reports/dotenv"

/* ---- what a job makes ---- */

static int read_dotenv(struct job_run *j, const char *path, struct error *err)
{
	struct arena *a = &j->run->arena;
	struct str text, why = STR_NULL;
	unsigned line = 0;

	/* One byte more than is allowed, so that the reader of reports says so in GitLab's words.
	 */
	if (store_read_file(path, a, DOTENV_LIMITS.max_bytes + 1, &text, NULL))
		text = arena_printf(a, "%*s", (int)DOTENV_LIMITS.max_bytes + 1, "");
	if (dotenv_report(a, text, DOTENV_LIMITS, &j->dotenv, &why, &line))
		return 0;
	return error_set(err, ERR_CONFIG, 0, STR_FMT, STR_ARG(why));
}

/* All files below a folder, in order of their names. */
static int read_dotenv_tree(struct job_run *j, const char *dir, struct error *err)
{
	struct dirent **names = NULL;
	int n = scandir(dir, &names, NULL, alphasort), rc = 0;

	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		const char *path = arena_printf(&j->run->arena, "%s/%s", dir, name).p;

		if (!rc && strcmp(name, ".") && strcmp(name, ".."))
			rc = names[i]->d_type == DT_DIR ? read_dotenv_tree(j, path, err)
							: read_dotenv(j, path, err);
		free(names[i]);
	}
	free(names);
	return rc;
}

static void clear_dotenv(struct job_run *j)
{
	varset_init(&j->dotenv, &j->run->arena);
	j->has_dotenv = true;
}

static int on_upload(void *arg, const struct build_upload *u, struct error *err)
{
	struct job_run *j = arg;

	if (artifact_pass_upload(j, u, err))
		return -1;
	if (str_is(u->type, "archive")) {
		j->archive = arena_str(&j->run->arena, u->path);
		return 0;
	}
	if (!str_is(u->type, "dotenv"))
		return 0;
	clear_dotenv(j);
	return read_dotenv_tree(j, arena_cstr(&j->arena, u->path), err);
}

/* ---- what a job gets ---- */

static const char *file_of(struct run *r, const char *dir, struct str slug, const char *name)
{
	return arena_printf(&r->arena, "%s/" STR_FMT "/%s", dir, STR_ARG(slug), name).p;
}

/*
 * A job that is not part of this run: the newest earlier run that kept something of it lends it.
 * Asked once for each job.
 */
static void borrow(struct job_run *dep)
{
	struct run *r = dep->run;
	struct str *ids = NULL;
	size_t n = 0;

	if (dep->borrowed)
		return;
	dep->borrowed = true;
	dep->slug = store_slug(&r->arena, dep->shown);
	if (store_list(&r->store, &r->arena, &ids, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++) {
		const char *dir = store_run_dir(&r->store, &r->arena, ids[i]);
		const char *archive = dir ? file_of(r, dir, dep->slug, ARCHIVE) : NULL;
		const char *dotenv = dir ? file_of(r, dir, dep->slug, DOTENV) : NULL;
		bool has_archive = archive && !access(archive, R_OK);
		bool has_dotenv = dotenv && !access(dotenv, R_OK);

		if (!has_archive && !has_dotenv)
			continue;
		if (has_archive)
			dep->archive = str_c(archive);
		if (has_dotenv) {
			clear_dotenv(dep);
			read_dotenv_tree(dep, dotenv, NULL);
		}
		run_message(r, DIAG_NOTE,
			"job '" STR_FMT "' is not run: its artifacts come from run " STR_FMT,
			STR_ARG(dep->shown), STR_ARG(ids[i]));
		return;
	}
	run_message(r, DIAG_NOTE,
		"job '" STR_FMT
		"' is not run and no earlier run kept its artifacts (--needs runs it)",
		STR_ARG(dep->shown));
}

void job_files_adopt(struct job_run *j)
{
	struct run *r = j->run;
	const char *archive = file_of(r, r->folder.dir, j->slug, ARCHIVE);
	const char *dotenv = file_of(r, r->folder.dir, j->slug, DOTENV);

	if (!access(archive, R_OK))
		j->archive = str_c(archive);
	if (access(dotenv, R_OK))
		return;
	clear_dotenv(j);
	read_dotenv_tree(j, dotenv, NULL);
}

static bool gives_something(const struct job *job)
{
	const struct artifacts_def *d = job->def->artifacts;

	return d && (d->paths.n || d->untracked || d->n_reports);
}

static void take(struct job_run *dep, struct build_download *d, size_t *n, struct varset *extra)
{
	if (dep->archive.n)
		d[(*n)++] = (struct build_download){dep->shown, job_run_id(dep), dep->archive};
	if (dep->has_dotenv)
		varset_add_all(extra, &dep->dotenv);
}

/* GitLab docs, "Job artifacts", `dependencies` and `needs:artifacts`: in the order of the jobs. */
static int add_downloads(struct job_run *j, struct varset *extra, struct error *err)
{
	struct run *r = j->run;
	uint32_t *ids = NULL;
	size_t n = pipeline_artifact_sources(&j->arena, r->p, j->job, &ids);
	struct cross_source *cross;
	size_t n_cross = pipeline_cross_sources(&j->arena, r->p, j->job, extra, &cross), got = 0;
	struct build_download *d = arena_array(&j->arena, struct build_download, n + n_cross + 1);

	for (size_t i = 0; i < n; i++) {
		struct job_run *dep = &r->jobs[ids[i]];

		if (!r->plan.chosen[ids[i]] && gives_something(dep->job))
			borrow(dep);
		take(dep, d, &got, extra);
	}
	for (size_t i = 0; i < n_cross; i++) {
		struct job_run *dep = bridge_find_job(r, cross[i].pipeline, cross[i].job);

		if (!dep) {
			j->word = "missing_dependency_failure";
			return error_set(err, ERR_CONFIG, 0,
				"there is no job '" STR_FMT "' that passed in pipeline '" STR_FMT
				"', or it is of no pipeline above or beside this one",
				STR_ARG(cross[i].job), STR_ARG(cross[i].pipeline));
		}
		take(dep, d, &got, extra);
	}
	j->spec.downloads = d;
	j->spec.n_downloads = got;
	return 0;
}

static void add_caches(struct job_run *j)
{
	const struct cache_key_options options = CACHE_KEY_OPTIONS;
	const struct job_def *def = j->job->def;
	struct build_cache *c = arena_array(&j->arena, struct build_cache, def->n_caches + 1);

	for (size_t i = 0; i < def->n_caches; i++) {
		struct cache_keys keys =
			pipeline_cache_keys(&j->arena, j->run->p, j->job, i, &options);

		c[i] = (struct build_cache){
			&def->caches[i], keys.key, keys.fallbacks, keys.n_fallbacks};
	}
	j->spec.caches = c;
	j->spec.n_caches = def->n_caches;
}

int job_files_make(struct job_run *j, struct varset *extra, struct error *err)
{
	/* What an earlier attempt left is not this one's. */
	j->archive = STR_NULL;
	j->has_dotenv = false;
	if (add_downloads(j, extra, err))
		return -1;
	add_caches(j);
	j->spec.artifacts = j->job->def->artifacts;
	j->spec.on_upload = on_upload;
	j->spec.upload_arg = j;
	return 0;
}
