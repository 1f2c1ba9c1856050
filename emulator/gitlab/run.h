/*
 * One execution of one pipeline, from the plan to the exit code: what `cilocal run` does once the
 * pipeline is built. Owns the loop, the engine connection, the run's folder, the console, and takes
 * down everything that it started before it returns, whatever happened.
 *
 * How the command line uses it:
 *
 *	registry_facts(...)             before the definition is compiled, so that CI_REGISTRY is
 *known pipeline_build(...) run_pipeline(pipeline, &options, &err)   -> the exit code of CLI.md
 */
#ifndef GITLAB_RUN_H
#define GITLAB_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/diag.h"
#include "base/str.h"
#include "emulator/gitlab/registry.h"
#include "emulator/runner/image_rule.h"

/* Between a trigger job and a job of the pipeline that it started, in logs and records. */
#define BRIDGE_ARROW " > "

struct error;
struct pipeline;
struct repo;
struct run_record;
struct runner_configs;
struct arena;
struct job;
struct varset;

enum run_executor { RUN_EXECUTOR_AUTO, RUN_EXECUTOR_DOCKER, RUN_EXECUTOR_SHELL };

/* Exit codes of the program; the command line uses the same names. */
enum run_exit {
	RUN_EXIT_OK = 0,
	RUN_EXIT_FAILED = 1,
	RUN_EXIT_USAGE = 2,
	RUN_EXIT_INVALID = 3,
	RUN_EXIT_SURROUNDINGS = 4,
	RUN_EXIT_SIGINT = 130,
	RUN_EXIT_SIGTERM = 143
};

/*
 * A trigger job wants its pipeline. The run knows what only a run knows; whoever holds the options
 * knows where definitions come from.
 */
struct downstream_ask {
	void *parent; /* `made` of the pipeline that holds the job; NULL: the run's own pipeline */
	const struct job *job;
	const struct varset *extra; /* variables of the running job beyond job->vars */
	uint64_t pipeline_id;       /* of the pipeline to make */
	uint64_t job_id;            /* of the trigger job */
	/* include:artifact: a file from what a job of the parent left; -1 with a sentence. */
	int (*artifact)(void *arg, struct str job, struct str path, struct arena *a,
		struct str *text, struct str *why);
	void *arg;
};

struct downstream {
	void *made;                /* for downstream_free; NULL: nothing to free */
	struct pipeline *pipeline; /* NULL: it can't be made; borrowed */
	bool elsewhere;            /* a project that is not on this machine */
	const struct repo *repo;   /* of another project; NULL: the run's own */
	const char *root;          /* the same */
	char why[400]; /* without a pipeline: the first error; places are told already */
};

/* --resume: an earlier run of the project. */
struct run_resume {
	const struct run_record *record;
	const char *dir; /* its folder */
};

/* Everything is borrowed and must stay until run_pipeline() returned. Zeroed = the defaults. */
struct run_options {
	/* what to run */
	const struct str *jobs; /* names, base names, globs; none: the whole pipeline */
	size_t n_jobs;
	bool only_needs; /* what the named jobs need, without themselves; with needs */
	bool needs; /* also what the named jobs need, transitively; earlier stages where needs is
		       absent */
	const struct run_resume *resume; /* goes on from it; with no jobs and stages */
	const struct str *from;          /* jobs as above, and all that comes after them */
	const struct str
		*until; /* jobs as above, and all that they need; with from: what is in both */
	size_t n_from, n_until;
	const struct str *stages;
	size_t n_stages;
	const struct str *manual; /* manual jobs to play, as in jobs; "*" plays all */
	size_t n_manual;

	/* how */
	unsigned limit;    /* -j; 0: concurrent of the configuration, else the processors */
	bool fail_fast;    /* the first failure that counts cancels the rest */
	int64_t timeout_s; /* --timeout for each job, over the definition's; 0: not given */
	bool wait_delayed; /* wait for start_in; else delayed jobs start at once, with a note */
	bool keep;         /* containers of failed jobs stay */
	bool committed;    /* jobs get exactly HEAD, not the work tree */
	/* looking inside (emulator/gitlab/debug.c) */
	bool shell;                /* a shell in the one job named, instead of its scripts */
	const struct str *command; /* of shell: in place of one; none: a shell */
	size_t n_command;
	bool shell_on_failure; /* a shell where a script failed */
	bool step;             /* a question before each command */

	bool dry_run; /* print the plan, start nothing, ask no engine */
	enum run_executor executor;
	const struct runner_configs *runners; /* --privileged is already in them */
	int pull;                             /* enum pull_policy, or -1: as configured */
	const struct image_rule *stand_ins;   /* --image FROM=TO; the first that fits counts */
	size_t n_stand_ins;
	/* Behind them in the same list: what is asked of GitLab's dependency proxy comes by its own
	 * name. */
	size_t n_proxies;
	bool only_stand_ins; /* images that none of them fits are refused, but for the registry's */
	bool registry;       /* --registry: start and use the local registry */
	struct registry_options registry_options;

	/* where */
	const struct repo *repo; /* jobs' sources come from it (emulator/git); NULL: empty trees */
	const char *root;        /* the work tree's root, absolute */
	const char *store_root;  /* whose .cilocal gets the run, instead of root's; NULL: root */
	const char *state_dir;   /* of the user: see registry_state_dir(); NULL: found from the
				    environment */
	unsigned keep_runs;      /* retention of earlier runs; 0: the store's default */

	/* Makes the pipelines of trigger jobs; blocks. NULL: there are none. */
	void (*downstream)(void *arg, const struct downstream_ask *ask, struct downstream *out);
	void (*downstream_free)(void *arg, void *made);
	void *downstream_arg;

	const char *id_token_issuer; /* the claim iss: a URL, or "local"; NULL: CI_SERVER_URL */
	uint64_t cache_limit;        /* bytes of all caches; 0: 10 GiB */

	/* what is shown */
	bool json; /* events on stdout instead of the log */
	bool timestamps;
	int fold;      /* enum console_fold: sections that are shown as one line */
	int log_fd;    /* where logs and the table go; 0: standard output */
	bool no_hints; /* about known failures, after a failed job's log */
	bool quiet;
	unsigned verbose;
	bool color;   /* of stdout */
	bool tty;     /* stdout is a terminal */
	bool live;    /* a status block below the logs: stdout is a terminal that can show it */
	bool ask;     /* the user is asked about manual jobs that block; needs `live` */
	bool reflows; /* that terminal wraps its text anew when it gets narrower */
	unsigned columns;
	/* Its record, once it is over; NULL: nobody wants it. */
	void (*recorded)(void *arg, const struct run_record *r);
	void *recorded_arg;
	/* One message for people (standard error), no line end. NULL: "cilocal: TEXT" on stderr. */
	void (*message)(void *arg, enum diag_level level, const char *text);
	void *message_arg;
};

/*
 * Runs it. Returns an exit code of CLI.md. Where the code is 2, 3 or 4, err holds what to print
 * (unless its text is empty: then it was said already through message()).
 * The pipeline is only read; a reference is held meanwhile.
 *
 * Signals while it runs: the first SIGINT cancels (scripts stop, after_scripts run), the second
 * aborts, the third leaves at once after telling the engine to remove what is there; SIGTERM and
 * SIGHUP abort.
 */
int run_pipeline(struct pipeline *p, const struct run_options *o, struct error *err);

/*
 * Which jobs a selection means: sets chosen[job id] for each job of the pipeline (p->n_jobs
 * entries, cleared first). Returns 0, or -1 with a usage error that names the nearest job. Pure;
 * shared by `run`, `list` and `expand`.
 */
int run_select(
	const struct pipeline *p, const struct run_options *o, bool *chosen, struct error *err);

#endif
