/* Shared by build*.c, artifacts.c and cache.c only. */
#ifndef RUNNER_BUILD_INTERNAL_H
#define RUNNER_BUILD_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "emulator/core/loop.h"
#include "emulator/core/terminal.h"
#include "emulator/runner/build.h"
#include "emulator/runner/executor.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/select.h"
#include "emulator/runner/sources.h"
#include "emulator/runner/talk.h"
#include "emulator/store/slot.h"

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
	STAGE_DEBUG,  /* neither abort nor cancel came */
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
	STAGE_CLEAR,
	STAGE_SOURCES,
	STAGE_RESTORE_CACHE,
	STAGE_DOWNLOAD,
	STAGE_STEP,
	STAGE_RELEASE,
	STAGE_SHELL,
	STAGE_AFTER,
	STAGE_CLEANUP = STAGE_AFTER + 5
};

/* A variable that a script left for later stages. */
struct exported_var {
	struct str key, value;
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
	unsigned attempts, failed; /* GET_SOURCES_ATTEMPTS; how many of them failed so far */
	struct loop_timer again;   /* armed between two of them */
	uint64_t began_ms;         /* the first of them */
};

/* Who looks inside (build_shell.c, build_step.c). */
struct build_shell {
	struct terminal_wait wait;
	struct talk talk;
	struct visit visit;
	struct outcome script, seen;   /* how the script that asks ended, and the visit */
	bool waits;                    /* for the terminal, with nothing else under way */
	bool visiting;                 /* somebody is inside */
	bool visited;                  /* and has come out again by itself */
	bool script_over;              /* `script` is filled */
	bool go_on;                    /* no more questions */
	bool held;                     /* the clocks stand still */
	uint64_t job_left, stage_left; /* ms of the timers that stand still; 0: they did not run */
	const struct str *commands; /* of the script that asks, by the numbers of its questions */
	size_t n_commands, step;    /* step: which is asked about */
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
	bool job_failed; /* by what came before caches and artifacts: they are kept as of its end */
	bool busy;       /* an operation of the executor owes its answer */

	struct slot slot; /* its number among the jobs that run at once */
	struct arena arena;
	struct job_env env;
	struct executor *executor;
	struct outcome outcome; /* of the operation that answered last */
	struct loop_task task;
	struct loop_timer job_timer, stage_timer;
	struct buf script;
	struct step step;
	size_t heard; /* how much of the first thing that the script says has come: ANSI_GREEN */
	struct loop_timer unheard;
	struct build_files files;
	struct build_sources sources;
	struct build_shell shell;
	struct buf env_file; /* what GITLAB_ENV holds */
	struct {
		struct exported_var *v;
		size_t n, cap;
	} exported; /* by it; of the same name the last counts */
	void (*env_then)(struct build *b);
	/* The rest of a stage of several operations; looks at `outcome`, with `busy` set. */
	void (*then)(struct build *b);
	int64_t job_limit_ns, script_limit_ns, after_limit_ns;
	uint64_t started_ms, script_ms;
	struct build_result result;
};

/* Sources (build_sources.c). */
void build_get_sources(struct build *b);
/* What an attempt left goes, before the second one. */
bool build_wants_clear(const struct build *b);
void build_clear_worktree(struct build *b);

/* Scripts (build_stages.c). */
struct script_spec;
bool build_has_commands(const struct texts *t);
void build_add_commands(struct build *b, struct script_spec *s, const struct texts *t);
/* Answers through build_step_done(). */
void build_run_script(struct build *b, struct script_spec *s, const char *name);
/* Of a script that went well: a warning where none of it ran. */
void build_check_heard(struct build *b);

/* A shell in the job (build_shell.c). */
bool build_wants_shell(const struct build *b);
void build_open_shell(struct build *b);
/* The build is being stopped. True: the operation under way was nothing but waiting for the
 * terminal, and is answered now. */
bool build_shell_stop(struct build *b);
/* For the script that is about to run: it asks, asked() hears it. */
void build_start_talk(
	struct build *b, struct script_spec *s, void (*asked)(void *arg, struct str words));
/* Lets somebody in, to the script that waits. */
void build_visit(struct build *b);
/* Nobody works but a human: the timers stand still, and go on. */
void build_hold_clocks(struct build *b);
void build_release_clocks(struct build *b);

/* Questions before commands (build_step.c). */
bool build_wants_steps(const struct build *b);
void build_prepare_steps(struct build *b, struct script_spec *s);
/* The shell that was an answer is over: the question again. */
void build_ask_again(struct build *b);

/* The stage ends as with a command of the Runner's helper that failed: exit code 1. */
void build_helper_failed(struct build *b);

/* The environment of caches and artifacts (build_env.c). */
/*
 * Before files are looked for: reads what the job's scripts wrote into GITLAB_ENV, where it can
 * matter, then goes on; a line that no shell exports fails the stage.
 */
void build_read_env_file(struct build *b, void (*then)(struct build *b));
/*
 * A name or a path of artifacts and caches as the helper's shell expands it. what: its words in
 * the warning about one that can't be expanded, which stays as it is. In the build's arena.
 */
struct str build_shell_text(struct build *b, struct str text, const char *what);

/* Artifacts and reports (artifacts.c). */
bool build_wants_download(const struct build *b);
void build_download_artifacts(struct build *b);
bool build_wants_upload_ok(const struct build *b);
bool build_wants_upload_failed(const struct build *b);
void build_upload_artifacts(struct build *b);
/* release: the file of its description, then whoever records it. */
bool build_wants_release(const struct build *b);
void build_release(struct build *b);
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
/* The warnings about those that are no times (build_settings.c). */
void build_check_settings(struct build *b);
/* The Runner's line of the log about feature flags that are not as they are by themselves. */
void build_say_flags(struct build *b);
/* False where a variable has a name that the shell does not export: then it was said. */
bool build_names_exportable(struct build *b);
/* CI_JOB_STATUS for after_script. */
const char *build_job_status(const struct build *b);
/* The words of a deadline: how long, as the Runner writes it. */
void build_timeout_text(int64_t ns, char *buf, size_t size);

#endif
