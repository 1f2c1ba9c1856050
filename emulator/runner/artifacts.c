/*
 * The stages download_artifacts, upload_artifacts_* and step_release: tars into the project
 * directory, and the job's files out of it into the run's folder.
 *
 * Source: GitLab Runner, common/build.go (executeUploadArtifacts), shells/abstract.go,
 * commands/helpers/artifacts_uploader.go.
 */
#include "base/base.h"
#include "emulator/runner/build_internal.h"
#include "emulator/core/error.h"
#include "emulator/git/snapshot.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/files_local.h"
#include "emulator/runner/sources.h"
#include "emulator/store/store.h"

#include <fcntl.h>
#include <unistd.h>

static void done_ok(struct build *b)
{
	struct outcome ok = OUTCOME_OK;

	build_step_done(b, &ok);
}

static void done_failed(struct build *b, const char *text)
{
	struct outcome o;

	outcome_fail(&o, FAIL_RUNNER_SYSTEM, "%s", text);
	o.surroundings = true;
	build_step_done(b, &o);
}

/* Download */

bool build_wants_download(const struct build *b)
{
	return b->spec->n_downloads > 0;
}

static void download(struct build *b);

static void downloaded(struct build *b)
{
	struct outcome o = b->outcome;

	if (o.reason != FAIL_NONE || build_stopping(b)) {
		build_step_done(b, &o);
		return;
	}
	b->files.at++;
	download(b);
}

static void download(struct build *b)
{
	const struct build_download *d = &b->spec->downloads[b->files.at];

	if (b->files.at == b->spec->n_downloads) {
		done_ok(b);
		return;
	}
	job_log_infoln(b->log, "Downloading artifacts for " STR_FMT " (%" PRIu64 ")...",
		STR_ARG(d->job), d->job_id);
	b->then = downloaded;
	b->executor->ops->put(b->executor, d->archive);
}

void build_download_artifacts(struct build *b)
{
	b->files.at = 0;
	download(b);
}

/* Selection */

static const struct map *tracked_files(struct build *b)
{
	const struct snapshot *s;
	struct map *m;

	s = b->host.sources && build_wants_sources(b) ? sources_snapshot(b->host.sources) : NULL;
	if (!s)
		return NULL;
	m = arena_new(&b->arena, struct map);
	map_init(m, &b->arena);
	for (size_t i = 0; i < s->entries.n; i++)
		if (s->entries.v[i].kind != ENTRY_DIR &&
			!str_starts(s->entries.v[i].path, STR(".git/")))
			map_put(m, s->entries.v[i].path, m);
	return m;
}

void build_select(
	struct build *b, const struct texts *paths, const struct texts *exclude, bool untracked)
{
	struct selection *s = &b->files.selection;

	selection_init(s, &b->arena, b->env.project_dir);
	for (size_t i = 0; paths && i < paths->n; i++)
		selection_add(s, build_shell_text(b, paths->v[i].s, "path"));
	for (size_t i = 0; exclude && i < exclude->n; i++)
		selection_exclude(s, build_shell_text(b, exclude->v[i].s, "path"));
	if (untracked)
		selection_untracked(s, tracked_files(b));
}

/* Upload */

static bool has_archive(const struct artifacts_def *d, bool failed)
{
	if (!d->paths.n && !d->untracked)
		return false;
	if (d->when == WHEN_ALWAYS)
		return true;
	return d->when == WHEN_ON_FAILURE ? failed : !failed;
}

/* Reports are collected whatever the job's end. */
static bool wants_upload(const struct build *b, bool failed)
{
	const struct artifacts_def *d = b->spec->artifacts;

	return d && b->job_failed == failed && (has_archive(d, failed) || d->n_reports);
}

bool build_wants_upload_ok(const struct build *b)
{
	return wants_upload(b, false);
}

bool build_wants_upload_failed(const struct build *b)
{
	return wants_upload(b, true);
}

static const char *file_of(struct build *b, const char *name)
{
	return arena_printf(
		&b->arena, "%s/" STR_FMT "/%s", b->host.run_dir, STR_ARG(b->spec->slug), name)
		.p;
}

/* Of several parts the last: "feature/x" gives "x" (GitLab Runner, artifacts_uploader.go). */
static struct str archive_name(struct build *b)
{
	struct str name = b->spec->artifacts->name.s;
	size_t slash;

	if (!name.n)
		return STR("artifacts");
	name = build_shell_text(b, name, "artifact name");
	while (str_ends(name, STR("/")))
		name.n--;
	slash = str_rchr(name, '/');
	if (slash != STR_NPOS)
		name = str_from(name, slash + 1);
	return !name.n || str_is(name, ".") || str_is(name, "..") ? STR("default") : name;
}

static void upload(struct build *b);

static struct str upload_type(const struct build *b)
{
	const struct artifacts_def *d = b->spec->artifacts;

	return b->files.at ? d->reports[b->files.at - 1].type : STR("archive");
}

/* Of a coverage report GitLab's type is its format. */
static struct str shown_type(const struct build *b)
{
	const struct artifacts_def *d = b->spec->artifacts;

	return b->files.at && d->reports[b->files.at - 1].format.n
		       ? d->reports[b->files.at - 1].format
		       : upload_type(b);
}

/*
 * Reports are no archives: one file as it is, or files compressed one by one (GitLab,
 * app/models/concerns/enums/ci/job_artifact.rb: REPORT_TYPES). lsif is a zip, as archives are.
 */
static bool is_raw(struct str type)
{
	static const char *const raw[] = {"sast", "secret_detection", "dependency_scanning",
		"container_scanning", "cluster_image_scanning", "dast", "license_scanning",
		"accessibility", "codequality", "performance", "browser_performance",
		"load_performance", "terraform", "requirements", "requirements_v2",
		"coverage_fuzzing", "api_fuzzing", "sarif"};

	for (size_t i = 0; i < ARRAY_SIZE(raw); i++)
		if (str_is(type, raw[i]))
			return true;
	return false;
}

/*
 * Why the Runner can't send these files as such a report; NULL: it can. Source: GitLab Runner,
 * commands/helpers/archive/raw, helpers/archives/gzip_create.go.
 */
static const char *not_sendable(struct build *b)
{
	const struct selection *s = &b->files.selection;
	struct str type = shown_type(b);

	if (!b->files.at || str_is(type, "lsif"))
		return NULL;
	if (is_raw(type) && s->entries > 1)
		return "only one file can be sent as raw";
	if (is_raw(type) && s->folders)
		return arena_printf(&b->arena, "read " STR_FMT ": is a directory", STR_ARG(s->odd))
			.p;
	if (!is_raw(type) && s->odd.p)
		return arena_printf(
			&b->arena, "the \"" STR_FMT "\" is not a regular file", STR_ARG(s->odd))
			.p;
	return NULL;
}

static void refused(struct build *b, const char *how, const char *why, const char *fatal)
{
	job_log_errorln(b->log, "Uploading artifacts as \"" STR_FMT "\" to coordinator... %s (%s)",
		STR_ARG(shown_type(b)), how, why);
	job_log_raw(b->log, ANSI_RED "FATAL: %s" ANSI_RESET "\n", fatal);
	build_helper_failed(b);
}

/* What was collected goes to whoever plays the server; it may refuse. */
static void hand_over(struct build *b)
{
	struct selection *s = &b->files.selection;
	struct build_upload u = {.type = upload_type(b),
		.path = str_c(b->files.path),
		.name = archive_name(b),
		.entries = s->entries,
		.bytes = s->bytes};
	struct error err = ERROR_INIT;

	if (b->spec->on_upload && b->spec->on_upload(b->spec->upload_arg, &u, &err)) {
		refused(b, "400 Bad Request", err.text, "invalid argument");
		return;
	}
	job_log_println(b->log,
		"Uploading artifacts as \"" STR_FMT
		"\"... kept: %zu files and directories, %" PRIu64 " bytes",
		STR_ARG(shown_type(b)), u.entries, u.bytes);
	b->files.at++;
	upload(b);
}

static void unpacked(struct build *b)
{
	struct outcome o = b->outcome;

	unlink(b->files.part);
	if (o.reason != FAIL_NONE)
		build_step_done(b, &o);
	else
		hand_over(b);
}

static void on_unpacked(void *arg, const struct error *err)
{
	struct build *b = arg;

	if (err)
		done_failed(b, err->text);
	else
		done_ok(b);
}

/* The part, unpacked below the folder of that name; what was there goes. */
static void unpack_to(struct build *b, const char *folder, void (*then)(struct build *b))
{
	struct error err = ERROR_INIT;

	b->files.path = file_of(b, folder);
	if (store_remove_tree(b->files.path, &err)) {
		done_failed(b, err.text);
		return;
	}
	b->then = then;
	files_local_put(b->host.loop, str_c(b->files.path), str_c(b->files.part), on_unpacked, b);
}

static void keep_report(struct build *b)
{
	unpack_to(b, arena_printf(&b->arena, "reports/" STR_FMT, STR_ARG(upload_type(b))).p,
		unpacked);
}

static void got(struct build *b)
{
	struct outcome o = b->outcome;
	const char *why;

	close(b->files.fd);
	if (o.reason != FAIL_NONE || build_stopping(b)) {
		unlink(b->files.part);
		build_step_done(b, &o);
		return;
	}
	selection_report(&b->files.selection, b->log);
	if (!b->files.selection.entries) {
		job_log_errorln(b->log, "No files to upload");
		unlink(b->files.part);
		b->files.at++;
		upload(b);
	} else if ((why = not_sendable(b))) {
		unlink(b->files.part);
		refused(b, "error", why, why);
	} else if (b->files.at) {
		keep_report(b);
	} else if (rename(b->files.part, b->files.path)) {
		done_failed(b, strerror(errno));
	} else {
		hand_over(b);
	}
}

/* What the selection takes, into a part of its own. */
static void get_part(struct build *b, void (*then)(struct build *b))
{
	struct build_files *f = &b->files;

	f->part = file_of(b, "artifacts.part");
	f->fd = open(f->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (f->fd < 0) {
		done_failed(b, strerror(errno));
		return;
	}
	b->then = then;
	b->executor->ops->get(b->executor, &f->selection, f->fd);
}

/* files.at: 0 the archive, then the reports. */
static void upload(struct build *b)
{
	const struct artifacts_def *d = b->spec->artifacts;
	struct build_files *f = &b->files;

	if (!f->at && !has_archive(d, b->job_failed))
		f->at++;
	if (f->at > d->n_reports) {
		done_ok(b);
		return;
	}
	job_log_infoln(b->log, "Uploading artifacts...");
	if (f->at)
		build_select(b, &d->reports[f->at - 1].paths, NULL, false);
	else
		build_select(b, &d->paths, &d->exclude, d->untracked);
	f->path = file_of(b, "artifacts.tar");
	get_part(b, got);
}

void build_upload_artifacts(struct build *b)
{
	b->files.at = 0;
	build_read_env_file(b, upload);
}

/* Release */

bool build_wants_release(const struct build *b)
{
	return b->spec->on_release && b->script_entered &&
	       !(b->spec->debug && b->spec->debug->only);
}

/* The tool of a real job would end with 1. */
static void release(struct build *b)
{
	struct error err = ERROR_INIT;
	struct outcome o = OUTCOME_OK;

	if (b->spec->on_release(b->spec->release_arg, &b->env.vars, &err)) {
		outcome_fail(&o, FAIL_SCRIPT, "%s", err.text);
		o.has_exit_code = true;
		o.exit_code = 1;
		o.at = err.at;
	}
	build_step_done(b, &o);
}

static void notes_unpacked(struct build *b)
{
	struct outcome o = b->outcome;

	unlink(b->files.part);
	if (o.reason != FAIL_NONE)
		build_step_done(b, &o);
	else
		release(b);
}

/* A file that is not there: the description is the text. */
static void got_notes(struct build *b)
{
	struct outcome o = b->outcome;

	close(b->files.fd);
	if (o.reason == FAIL_NONE && !build_stopping(b) && b->files.selection.entries) {
		unpack_to(b, RELEASE_FILES, notes_unpacked);
		return;
	}
	unlink(b->files.part);
	if (o.reason == FAIL_NONE && !build_stopping(b))
		release(b);
	else
		build_step_done(b, &o);
}

void build_release(struct build *b)
{
	struct text one = {.s = b->spec->release_file};
	struct texts paths = {.v = &one, .n = 1};

	if (!b->spec->release_file.n) {
		release(b);
		return;
	}
	build_select(b, &paths, NULL, false);
	get_part(b, got_notes);
}
