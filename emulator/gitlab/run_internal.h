/*
 * The inside of a run. May be included by run*.c, scheduler.c, job_*.c and show.c of this room and
 * by nobody else.
 *
 * Who does what: run.c sets up and takes down; scheduler.c decides which job goes next; job_run.c
 * is the machine of one job; job_payload.c makes what the Runner is given; show.c tells the user.
 */
#ifndef GITLAB_RUN_INTERNAL_H
#define GITLAB_RUN_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>
#include "base/arena.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/gitlab/artifact_pass.h"
#include "emulator/gitlab/artifact_record.h"
#include "emulator/gitlab/environment.h"
#include "emulator/gitlab/plan.h"
#include "emulator/gitlab/publish.h"
#include "emulator/gitlab/run.h"
#include "emulator/gitlab/runners.h"
#include "emulator/gitlab/session.h"
#include "emulator/runner/build.h"
#include "emulator/runner/runner_config.h"
#include "emulator/runner/sources.h"
#include "emulator/store/run_record.h"
#include "emulator/store/store.h"
#include "pipeline/progress.h"
#include "vars/varset.h"

struct console;
struct events;
struct id_tokens;
struct job;
struct job_log;
struct job_run;
struct ask;
struct show_live;
struct sink;
struct terminal;
struct terminal_wait;

/* Jobs that may start, lowest id first: a heap, so that a start costs a logarithm. */
struct job_heap {
	uint32_t *v;
	size_t n, cap;
};
void heap_push(struct job_heap *h, uint32_t id);
bool heap_pop(struct job_heap *h, uint32_t *id);
void heap_release(struct job_heap *h);

/* Jobs that the same runners take. */
struct job_class {
	uint64_t takers; /* bits of runners; none: such jobs are stuck */
	struct job_heap ready;
};

/* One resource_group: at most one job of it runs, here and in other processes of this project. */
struct resource {
	struct str key;
	bool busy;               /* a job here holds it, or waits for the lock's other holder */
	int fd;                  /* the lock file, -1 when not held */
	struct job_heap waiting; /* jobs here that want it */
	struct job_run *holder;
	struct loop_timer timer; /* polls the lock while another process holds it */
	struct resource *next;
	struct run *run;
	bool told;
};

/* Where a job's own commands name an image. */
struct image_place {
	struct span at;  /* of the command */
	struct str file; /* or the Dockerfile that it builds, and the line in there */
	unsigned line;
};

/*
 * An image that a job's own commands (for docker, buildah and the like) name, or a Dockerfile that
 * they build: one that has a stand-in, or (proxied) one of the dependency proxy. Variables have
 * their values where these are known, else they are as they were written.
 */
struct image_word {
	const struct job *job;
	struct str word;
	bool proxied;
	struct image_place at;
};

enum run_state {
	RUN_SETUP, /* engine, registry, sources: nothing of the pipeline runs yet */
	RUN_GOING,
	RUN_CANCELING, /* no new jobs; scripts were asked to stop, after_scripts run */
	RUN_ABORTING,  /* everything is being killed */
	RUN_OVER
};

/*
 * A run of one pipeline. Those of trigger jobs are runs too: children of a run, in the same loop
 * and with everything but the pipeline and its progress borrowed from it. `top` is the one that the
 * user started; it owns what is shared.
 */
struct run {
	const struct run_options *o;
	struct run *top, *parent; /* top == itself, parent NULL: the user's */
	struct run *next;         /* from top on: all runs, in the order of their creation */
	struct job_run *bridge;   /* the job of parent that started it */
	struct str prefix;        /* "bridge > ", before the names of its jobs */
	unsigned depth;           /* levels of child pipelines above; other projects begin anew */
	void *made;               /* for o->downstream_free */
	unsigned slots;           /* top: jobs of all runs that take part in the limit */
	unsigned n_runs;          /* top: of all runs */
	struct pipeline *p;       /* one reference held */
	struct arena arena;       /* for the whole run */
	struct session session;
	struct plan plan;
	struct progress *progress;
	enum run_state state;
	int signum; /* the first that came, 0: none */
	unsigned signals;
	bool failed_fast;

	struct store store;
	struct store_run folder;
	bool has_store, has_folder;
	bool had_shell;             /* top: a job ran with the shell executor */
	size_t n_ended;             /* top: processes that runs which died had left running */
	bool others_died;           /* runs of this project, when this one began */
	struct run_runner *runners; /* top */
	size_t n_runners;           /* top */
	struct sources *sources;
	struct sources_wait resume_wait;
	bool own_sources; /* of a child: of another project */
	struct shell_login *login;
	struct build_host *hosts; /* one for each runner */
	const char *cache_dir;    /* top */
	const char *slots_dir;    /* top */
	struct image_rule *image_rules;
	size_t n_image_rules;
	struct extra_name extra_names[2]; /* the local registry, the mirror of stand-ins */
	size_t n_extra_names;
	VEC(struct image_word) words; /* of the chosen jobs, in their order */
	struct str mirror;            /* top: the container of run_mirror.c; empty: there is none */
	struct str *mirrored;         /* top: what it has: "library/golang:1.19" */
	size_t n_mirrored;
	struct ca_mount ca_mount; /* of the local registry; its volume is empty without TLS */
	struct str registry_ca;   /* PEM; empty without TLS */
	struct registry_login logins[2];
	size_t n_logins;
	struct terminal *terminal; /* top: for debug; NULL: nobody looks inside */
	struct build_debug debug;  /* top */
	struct id_tokens *tokens;  /* top; NULL: no job wants one */
	uv_signal_t hangup;
	bool has_hangup;

	struct console *console; /* NULL with --json */
	struct events *events;   /* NULL without */
	struct show_live *live;  /* top: the status block; NULL: none */
	struct ask *ask;         /* top: the question for manual jobs; NULL: nobody is asked */
	double started;          /* seconds since the epoch */
	uint64_t started_ms;     /* loop_now() */
	struct loop_timer record_timer;

	double setup; /* seconds until its first job might start */

	struct job_run *jobs;           /* parallel to p->jobs; used where plan.chosen */
	struct job_run **last_of_stage; /* of each stage the job that ended last; NULL: none */
	struct job_class *classes;
	size_t n_classes, n_ready; /* n_ready: in the heaps of all classes */
	struct job_heap bridges;   /* trigger jobs that may start: they take no slot */
	unsigned running, limit;   /* limit: top */
	unsigned waiting; /* jobs in DELAYED or RESOURCE: they move without anybody's help */
	unsigned asked;   /* manual jobs that the user is asked about */
	struct resource *resources;
	struct loop_task pump;
};

/* X(constant, word of traces) */
#define JOB_STATES(X)             \
	X(CREATED, "created")     \
	X(DELAYED, "delayed")     \
	X(QUEUED, "queued")       \
	X(RESOURCE, "resource")   \
	X(RUNNING, "running")     \
	X(CANCELING, "canceling") \
	X(ABORTING, "aborting")   \
	X(DONE, "done")

/*
 * Legal moves:
 *	CREATED   -> QUEUED (ready), DELAYED (start_in), DONE (skipped, manual, canceled)
 *	DELAYED   -> QUEUED (time is over), DONE (canceled)
 *	QUEUED    -> RUNNING (a slot is free), RESOURCE (its group is busy), DONE (canceled)
 *	RESOURCE  -> QUEUED (its group is free), DONE (canceled)
 *	RUNNING   -> QUEUED (retry), CANCELING, ABORTING, DONE
 *	CANCELING -> ABORTING, DONE
 *	ABORTING  -> DONE
 *	DONE      -> QUEUED (skipped before, and what it needs was played)
 */
enum job_state {
#define JOB_STATE_ENUM(id, word) JOB_##id,
	JOB_STATES(JOB_STATE_ENUM)
#undef JOB_STATE_ENUM
		JOB_N_STATES
};

enum job_event {
	JOB_EV_READY,  /* progress: start it */
	JOB_EV_DELAY,  /* progress: scheduled */
	JOB_EV_SETTLE, /* progress: skipped or manual */
	JOB_EV_TIME,   /* start_in is over */
	JOB_EV_SLOT,   /* the scheduler has room for it */
	JOB_EV_FREE,   /* its resource group is free */
	JOB_EV_BUILT,  /* the attempt has ended; result is filled */
	JOB_EV_CANCEL,
	JOB_EV_ABORT,
	JOB_N_EVENTS
};

/* One job of the run; its handles are embedded. */
struct job_run {
	struct run *run;
	const struct job *job;
	uint32_t class;
	struct run_runner *runner; /* of the current or last attempt; NULL: none yet */
	enum job_state state;
	unsigned attempt; /* from 1; 0: never started */
	struct loop_timer timer;
	struct loop_task fail;     /* delivers an attempt that could not start, on the next turn */
	struct resource *resource; /* held while an attempt runs; NULL: none */

	/* the current attempt; gone between attempts */
	struct arena arena;
	struct build_spec spec;
	struct build *build;
	struct job_log *log;
	struct sink *tail_sink;
	struct sink *shown_sink;   /* on the console; NULL: none */
	struct sink *trace_sink;   /* into the run's folder */
	char doing[160];           /* what it waits for now; empty: nothing */
	const struct varset *vars; /* for explaining hits */

	/* how the last attempt went */
	struct build_result result;
	bool has_result;
	bool allowed; /* its failure is allowed */
	uint64_t began_ms;
	double started, seconds;      /* epoch seconds; duration of the last attempt, < 0: none */
	double ended;                 /* seconds, from the start of the run; < 0: not yet */
	struct str after;             /* the job whose end let it start; may be empty */
	VEC(struct job_phase) phases; /* of all attempts; in the run's arena */
	struct str fingerprint;       /* of its definition */
	struct str slug, log_path, tail, reason; /* in the run's arena */
	struct job_artifacts artifacts;
	struct artifact_record record;
	struct job_environment environment;

	/* what it left for others; in the run's arena */
	struct str archive; /* a tar; empty: none */
	struct varset dotenv;
	bool has_dotenv;

	struct str shown;      /* its name, with those of the bridges above; in the run's arena */
	struct varset *played; /* variables that the user played it with; in the run's arena */
	const struct varset *extra; /* of the current attempt: what only a running job has */
	const char *word;           /* failure reason that no build has; NULL: the build's */

	/* a trigger job */
	struct run *child;          /* what it started last */
	enum job_status downstream; /* what it ends with */
	bool waits;                 /* for the end of child */
	bool borrowed;              /* not run here, looked for in earlier runs */
};

/* scheduler.c */
void scheduler_start(struct run *r);
void scheduler_classify(struct run *r);          /* once r->jobs are made */
void scheduler_push(struct job_run *j);          /* it may start */
void scheduler_wake(struct run *r);              /* look again on the next turn */
void scheduler_slot_free(struct run *r);         /* any run of the family may have a use for it */
bool scheduler_take_resource(struct job_run *j); /* false: it waits now */
void scheduler_give_resource(struct job_run *j);
void scheduler_leave_resource(struct job_run *j); /* no longer waits */
void scheduler_release(struct run *r);

/* job_run.c */
void job_run_step(struct job_run *j, enum job_event ev);
enum job_status job_run_status(const struct job_run *j);
/* Failed, and not allowed to. */
bool job_run_counts_as_failure(const struct job_run *j);
void job_run_release(struct job_run *j);

/* job_run.c: the reason of the last failure, in GitLab's words. */
const char *job_run_reason(const struct job_run *j);

/* bridge.c: the attempt of a trigger job; ends with JOB_EV_BUILT, later. */
void bridge_start(struct job_run *j);
/* The pipeline that it started is over. */
void bridge_child_over(struct run *child);
void bridge_release_children(struct run *top);
/* A job of the same family of pipelines by `needs:pipeline`; NULL: none. */
struct job_run *bridge_find_job(struct run *r, struct str pipeline_id, struct str job);

/* job_payload.c: fills j->spec and slug for the next attempt; -1 with err. */
int job_payload_make(struct job_run *j, struct error *err);
uint64_t job_run_id(const struct job_run *j); /* CI_JOB_ID of the current or last attempt */

/* job_files.c: 0, or -1 with err where a job of another pipeline has nothing to give; downloads,
 * caches, uploads of the next attempt into j->spec, dotenv into extra. */
int job_files_make(struct job_run *j, struct varset *extra, struct error *err);

/* debug.c: whoever looks inside of jobs. */
int debug_check(const struct run *r, struct error *err); /* once the plan is made */
void debug_open(struct run *r);
void debug_close(struct run *r);
/* --keep: after the table, how to enter and remove what stays. */
void debug_kept(const struct run *r);
const struct build_debug *debug_of(const struct run *r); /* NULL: nobody does */

/* job_files.c: what is in the job's folder of this run already. */
void job_files_adopt(struct job_run *j);

/* resume.c: before the first job, what passed in the earlier run. */
void resume_begin(struct run *r);
/* Before the sources go. */
void resume_end(struct run *r);

/* run.c */
void run_quit(struct run *r); /* as Ctrl-C does */
/* The folder whose .cilocal holds the run. */
const char *run_store_root(const struct run *r);
void run_cancel(struct run *r);
void run_abort(struct run *r);
/* Jobs, with the names that the user sees, before anything starts. */
void run_make_jobs(struct run *r);
/* Nothing runs and nothing will: ends the main loop, or tells the bridge. */
void run_over(struct run *r);
void run_message(const struct run *r, enum diag_level level, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* A line of the summary below the table. */
void run_line(struct run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
int run_exit_code(const struct run *r);

/* phases.c: what a job does from when to when. One phase ends where the next begins. */
void phase_begin(struct job_run *j, const char *name);
void phase_end(struct job_run *j);
void phase_pulls(struct job_run *j, bool image); /* whether an image is being pulled */
void phase_ready(struct job_run *j); /* it may start: it waits, and we know for whom it did */
void phase_over(struct job_run *j);  /* its last attempt has ended */

/* run_warn.c: one warning for what the jobs' keywords ask and this version does not do. */
void run_warn_unused(const struct run *r);
/* run_words.c: r->words, before the engine is asked for anything. */
void run_words_find(struct run *r);
/* "FILE:LINE" */
struct str run_image_place(const struct run *r, struct arena *a, const struct image_place *at);
/* run_proxy.c: images that jobs ask the dependency proxy for, put where the local registry has it.
 */
void run_proxy_fill(struct run *r, const struct registry_info *info);
/* What of it nobody answers for: all without the local registry, and what came too late for it. */
void run_proxy_warn(const struct run *r);
/*
 * An image of Docker Hub by its path and tag there: "golang" is library/golang and latest. Both in
 * the arena. false: it is another registry's, or no name.
 */
bool run_hub_name(struct arena *a, struct str name, struct str *path, struct str *tag);
/*
 * run_mirror.c: before the first job, a mirror of Docker Hub for Docker-in-Docker, where chosen
 * jobs name images there that have stand-ins. What fails is a warning.
 */
void run_mirror_start(struct run *r);
void run_mirror_end(struct run *r);
/* Whether it has that image, by a name that jobs use. */
bool run_mirror_has(const struct run *r, struct arena *a, struct str name);
/* Whether the job gets a Docker-in-Docker service, its own or its runner's. */
bool run_job_has_daemon(const struct run *r, const struct job *job, struct arena *a);
/* run_stand_ins.c: jobs whose own commands ask for an image that has a stand-in. */
void run_warn_stand_ins(const struct run *r);

/* show_hints.c: known failures in the log of a failed attempt: cause, cure, the line to change. */
void show_hints(struct job_run *j);

/* show.c */
int show_open(struct run *r, struct error *err);
void show_close(struct run *r);
int show_attempt_start(struct job_run *j, struct error *err); /* log, sinks, event */
void show_attempt_end(struct job_run *j, bool retried);
void show_move(struct job_run *j); /* a job was skipped, is manual, was canceled unstarted */
void show_pipeline_start(struct run *r);
void show_child_end(struct run *r);
void show_pipeline_end(struct run *r, int exit_code);
void show_record(struct run *r); /* run.json, soon */
void show_record_now(struct run *r, bool over);

/* show_live.c: NULL where there is no status block; goes with the console. */
struct console_live_options;
const struct console_live_options *show_live_open(struct run *r, bool single);
void show_live_close(struct run *r);

/* ask.c. Opened after the console; without effect where nobody can be asked. */
void ask_open(struct run *r);
void ask_close(struct run *r);
/* A manual job is there: where it blocks its pipeline, the user is asked. */
void ask_about(struct job_run *j);
/* The jobs of this run are asked about no more. */
void ask_forget(struct run *r);
bool ask_is(const struct run *r, const struct terminal_wait *owner);
struct live;
void ask_fill(const struct run *top, struct live *l);

#endif
