/*
 * What an executor is: the back end that a build runs its stages on. To add one: a file
 * executor_<name>.c with one `const struct executor_ops`, a row in executor_find(), tests that run
 * tests/unit/emulator/runner/test_build.c's table against it.
 *
 * All operations are asynchronous: each answers exactly once through build_step_done(), and may do
 * so from inside the call. The build runs one operation at a time, except stop(), which may come
 * while one but cleanup is under way, hurries it, and has no answer of its own:
 * the operation that is under way then answers, with any outcome.
 */
#ifndef RUNNER_EXECUTOR_H
#define RUNNER_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"
#include "emulator/runner/build.h"

struct buf;
struct executor;
struct outcome;
struct job_env;
struct selection;
struct sources_view;
struct talk;
struct terminal;

/* One script to run in the job's surroundings. */
struct step {
	const char *name;  /* stage name: step_script, after_script */
	struct str script; /* the whole text, as script.h makes it; lives until the answer */
	struct talk *talk; /* it asks (talk.h): its input stays open for say(); NULL: it does not */
};

/* Somebody in the job's surroundings, while a script that asks waits there. */
struct visit {
	struct terminal *terminal; /* the build has it meanwhile; opened and closed by enter() */
	struct str dir;            /* as script_shell_dir() */
	const struct str *command; /* none: a shell */
	size_t n_command;
};
/* The outcome of a visit that ended because nobody reads what it prints: as SIGPIPE ends it. */
void visit_unread(struct outcome *o);

struct outcome {
	enum failure_reason reason; /* FAIL_NONE: it went well */
	bool has_exit_code;
	int exit_code;
	struct span at;
	bool surroundings;
	char text[512];
};
#define OUTCOME_OK ((struct outcome){FAIL_NONE, false, 0, SPAN_NONE, false, ""})

#define EXECUTOR_READ_MAX ((size_t)1024 * 1024)

struct executor_ops {
	const char *name; /* "docker", "shell": the words of the log */
	struct executor *(*open)(struct build *b);
	/* The root of project directories as the job sees it; valid right after open(). */
	struct str (*builds_dir)(struct executor *e);
	/* Network, services, image, container: all that is needed before the first script. */
	void (*prepare)(struct executor *e);
	/* The shell that scripts will have comes up; NULL: that shows with the first script. */
	void (*prepare_shell)(struct executor *e);
	/* The job's own tree at CI_PROJECT_DIR; services are waited for here at the latest. */
	void (*get_sources)(struct executor *e);
	/* Is all that is in the project directory the job's own, to be removed? NULL: yes. */
	bool (*owns_tree)(struct executor *e);
	void (*run)(struct executor *e, const struct step *s);
	/*
	 * Files of the project directory, before the first script and after the last one. put
	 * unpacks a tar file of this machine there, over what is there. get writes what the
	 * selection (select.h) takes to fd, as a tar. The texts and the selection live until the
	 * answer.
	 */
	void (*put)(struct executor *e, struct str archive);
	void (*get)(struct executor *e, struct selection *selection, int fd);
	/*
	 * What a small file of the job holds, wherever it is, into out; nothing where it is not
	 * there or holds more than EXECUTOR_READ_MAX bytes.
	 */
	void (*read)(struct executor *e, struct str path, struct buf *out);
	/* A line to the script that asks; without effect when it has ended. */
	void (*say)(struct executor *e, const char *line);
	/*
	 * The shell, or the command, on the terminal. Beside run(), and so with an answer of its
	 * own, build_visit_done(), on a later turn; stop() ends it too. v lives until then.
	 */
	void (*enter)(struct executor *e, const struct visit *v);
	/* now: kill; else ask the processes to end first. */
	void (*stop)(struct executor *e, bool now);
	/* Takes down all that was made, also after errors; its outcome is only logged. */
	void (*cleanup)(struct executor *e);
	/* After cleanup's answer. */
	void (*free)(struct executor *e);
};

struct executor {
	const struct executor_ops *ops;
	struct build *build;
};

extern const struct executor_ops executor_docker, executor_shell;
const struct executor_ops *executor_find(enum executor_kind kind);

/* The answers of an executor's operations. */
void build_step_done(struct build *b, const struct outcome *o);
void build_visit_done(struct build *b, const struct outcome *o);
/* --keep: how to enter what stays. */
void build_kept(struct build *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Fills an outcome; returns it for `build_step_done(b, outcome_fail(&o, ...))`. */
const struct outcome *outcome_fail(
	struct outcome *o, enum failure_reason reason, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* What executors may ask of their build. */
const struct build_host *build_host(const struct build *b);
const struct build_spec *build_spec(const struct build *b);
struct job_log *build_log(const struct build *b);
struct arena *build_arena(struct build *b);
/* The job's final variables (job_env.h); complete once prepare is called. */
const struct job_env *build_env(const struct build *b);
/* For whoever watches (build_spec.on_wait): what the job waits for. */
void build_waits(const struct build *b, enum build_wait kind, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
void build_waits_over(const struct build *b);
/*
 * What a script writes, on its way to the log: past its talk, where it has one (t; else NULL). A
 * script of which nothing was heard on standard output did not run. stream: 1 or 2.
 */
void build_output(struct build *b, struct talk *t, int stream, struct str data);
/* Nothing more comes. */
void build_output_end(struct build *b, struct talk *t);
bool build_stopping(const struct build *b); /* cancel, abort or a timeout came */
/*
 * What get_sources is to give. It may come twice: the empty project directory for the scripts that
 * run before the sources are there, then the sources.
 */
const struct sources_view *build_sources_view(const struct build *b);
/*
 * What get_sources will give as its first, without `shallow`: for an executor that gets them ready
 * before. False: nothing, or not at first.
 */
bool build_sources_planned(const struct build *b, struct sources_view *out);
bool build_wants_sources(const struct build *b); /* false: an empty project directory */
bool build_sources_again(const struct build *b); /* an attempt failed: anything may be there */
bool build_failed(const struct build *b);        /* for --keep, asked in cleanup */

#endif
