/* Shared by build.c, build_stages.c, build_sources.c, artifacts.c and cache.c only. */
#ifndef RUNNER_BUILD_INTERNAL_H
#define RUNNER_BUILD_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "emulator/core/loop.h"
#include "emulator/runner/build.h"
#include "emulator/runner/executor.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/select.h"
#include "emulator/runner/sources.h"

/*
 * NEW -> RUNNING (one stage after the other) -> CLEANING -> DONE. build_enter() is the only place
 * that assigns it.
 */
#define BUILD_STATES(X) \
	X(NEW)          \
	X(RUNNING)      \
	X(CLEANING)     \
	X(DONE)
enum build_state {
#define BUILD_ENUM(name) BUILD_##name,
	BUILD_STATES(BUILD_ENUM)
#undef BUILD_ENUM
};

/* When a stage runs, given what happened before it. */
enum stage_when {
	STAGE_OK,     /* nothing failed */
	STAGE_SCRIPT, /* the script stage was entered, and neither abort nor job timeout came */
	STAGE_ALWAYS  /* the sources stage was entered, and neither abort nor job timeout came */
};

struct stage {
	const char *name, *title; /* title: may hold one %s, the executor's name */
	enum stage_when when;
	bool (*wanted)(const struct build *b); /* NULL: always; false: no trace of it in the log */
	void (*run)(struct build *b);          /* answers through build_step_done() */
	int64_t (*limit_ns)(const struct build *b); /* 0: none; NULL: none */
};
extern const struct stage build_stages[];
extern const size_t build_n_stages;
enum {
	STAGE_PREPARE,
	STAGE_PREPARE_SCRIPT,
	STAGE_SOURCES,
	STAGE_RESTORE_CACHE,
	STAGE_DOWNLOAD,
	STAGE_STEP,
	STAGE_AFTER,
	STAGE_CLEANUP = STAGE_AFTER + 5
};

/* Where a stage of several operations is: artifacts and caches, one after the other. */
struct build_files {
	size_t at;  /* download, upload or cache */
	size_t key; /* of the cache: the first, then the fallbacks */
	struct selection selection;
	int fd;
	const char *part, *path; /* the tar while it is written, and its place when whole */
	uv_work_t work;
	struct outcome outcome; /* of the worker */
	bool written;
};

/* The stage get_sources (build_sources.c). */
struct build_sources {
	struct sources_view view,
		wanted; /* for the executor now; once the first scripts have run */
	int64_t depth;
	struct buf shallow;
	struct error error;
};

struct build {
	struct build_host host;
	const struct build_spec *spec;
	struct job_log *log;
	build_done_fn *done;
	void *arg;

	enum build_state state;
	size_t stage;
	bool sources_entered, script_entered;
	bool cancel, abort, job_timed_out, stage_timed_out;
	bool busy; /* an operation of the executor owes its answer */

	struct arena arena;
	struct job_env env;
	struct executor *executor;
	struct outcome outcome; /* of the operation that answered last */
	struct loop_task task;
	struct loop_timer job_timer, stage_timer;
	struct buf script;
	struct step step;
	struct build_files files;
	struct build_sources sources;
	/* The rest of a stage of several operations; looks at `outcome`, with `busy` set. */
	void (*then)(struct build *b);
	int64_t job_limit_ns, script_limit_ns, after_limit_ns;
	uint64_t started_ms, script_ms;
	struct build_result result;
};

/* Sources (build_sources.c). */
void build_get_sources(struct build *b);

/* Scripts (build_stages.c). */
struct script_spec;
bool build_has_commands(const struct texts *t);
void build_add_commands(struct build *b, struct script_spec *s, const struct texts *t);
/* Answers through build_step_done(). */
void build_run_script(struct build *b, struct script_spec *s, const char *name);

/* Artifacts and reports (artifacts.c). */
bool build_wants_download(const struct build *b);
void build_download_artifacts(struct build *b);
bool build_wants_upload_ok(const struct build *b);
bool build_wants_upload_failed(const struct build *b);
void build_upload_artifacts(struct build *b);
/* paths, exclude (may be NULL) and untracked into b->files.selection, variables expanded. */
void build_select(
	struct build *b, const struct texts *paths, const struct texts *exclude, bool untracked);

/* Caches (cache.c). */
bool build_wants_restore(const struct build *b);
void build_restore_cache(struct build *b);
bool build_wants_archive_ok(const struct build *b);
bool build_wants_archive_failed(const struct build *b);
void build_archive_cache(struct build *b);

/* The settings that variables give, with the Runner's warnings about bad ones (build_stages.c). */
void build_read_settings(struct build *b);
/* CI_JOB_STATUS for after_script. */
const char *build_job_status(const struct build *b);
/* The words of a deadline: how long, as the Runner writes it. */
void build_timeout_text(int64_t ns, char *buf, size_t size);

#endif
