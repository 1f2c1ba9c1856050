/*
 * One job on an executor, run to its end, with its log in memory; for the tests of builds. Included
 * by one file a binary.
 */
#ifndef TEST_BUILD_FIXTURE_H
#define TEST_BUILD_FIXTURE_H

#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/git/repo.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/build.h"
#include "emulator/runner/runner_config.h"
#include "emulator/runner/sources.h"
#include "emulator/store/store.h"
#include "../temp_dir.h"

#include <setjmp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define MAX_COMMANDS 8

/* Not every file uses every helper. */
#pragma GCC diagnostic ignored "-Wunused-function"

struct job {
	struct arena a;
	struct varset vars;
	struct text lines[3][MAX_COMMANDS];
	struct texts before, script, after;
	struct build_spec spec;
	struct build_host host;
	struct runner_config config;
	struct build *build;
	struct build_result result;
	unsigned dones;
	struct buf log;
	const char *trigger; /* when the log holds this, act() */
	void (*act)(struct job *j);
	void (*prepare)(struct job *j); /* once the loop is there */
	void (*done)(struct job *j);    /* before the loop goes */
	void *extra;
};

static void to_log(void *arg, enum log_stream stream, struct str b)
{
	struct job *j = arg;

	UNUSED(stream);
	buf_addstr(&j->log, b);
	if (j->trigger && strstr(j->log.p, j->trigger)) {
		j->trigger = NULL;
		j->act(j);
	}
}

static void put(struct texts *t, struct text *lines, const char *const *commands)
{
	t->v = lines;
	for (t->n = 0; commands && commands[t->n]; t->n++)
		lines[t->n].s = str_c(commands[t->n]);
}

static void job_init(struct job *j, const char *const *script, const char *const *after)
{
	*j = (struct job){.log = BUF_INIT};
	varset_init(&j->vars, &j->a);
	runner_config_init(&j->config);
	put(&j->script, j->lines[1], script);
	put(&j->after, j->lines[2], after);
	j->spec.name = STR("job");
	j->spec.slug = STR("job");
	j->spec.executor = EXECUTOR_SHELL;
	j->spec.project_path = STR("group/project");
	j->spec.sha = STR("0123456789abcdef");
	j->spec.ref = STR("main");
	j->spec.vars = &j->vars;
	j->spec.script = &j->script;
	j->spec.after_script = &j->after;
	j->host.config = &j->config;
	j->host.run_id = "run";
	j->host.run_dir = dir;
}

static void set(struct job *j, const char *key, const char *value, bool masked)
{
	struct var v = {
		.key = str_c(key), .value = str_c(value), .layer = VAR_YAML_JOB, .masked = masked};

	varset_put(&j->vars, &v);
}

static void on_done(struct build *b, const struct build_result *r, void *arg)
{
	struct job *j = arg;

	UNUSED(b);
	j->result = *r;
	j->dones++;
	loop_stop(j->host.loop);
}

static void job_run(struct job *j, const struct repo *repo)
{
	struct error err = ERROR_INIT;
	struct job_log *log = job_log_new(NULL, NULL);

	j->host.loop = loop_new(&err);
	j->host.sources = repo ? sources_new(j->host.loop, repo) : NULL;
	if (j->prepare)
		j->prepare(j);
	job_log_add(log, sink_fn_new(to_log, j));
	j->build = build_new(&j->host, &j->spec, log);
	build_start(j->build, on_done, j);
	assert_int_equal(j->dones, 0);
	loop_run(j->host.loop);
	if (j->done)
		j->done(j);
	assert_int_equal(j->dones, 1);
	build_free(j->build);
	job_log_free(log);
	sources_free(j->host.sources);
	if (loop_free(j->host.loop, &err))
		fail_msg("%s", err.text);
}

static void job_release(struct job *j)
{
	buf_release(&j->log);
	arena_release(&j->a);
}

static void shows(const struct job *j, const char *words)
{
	if (!strstr(j->log.p, words))
		fail_msg("the log lacks '%s':\n%s", words, j->log.p);
}

static void hides(const struct job *j, const char *words)
{
	if (strstr(j->log.p, words))
		fail_msg("the log holds '%s':\n%s", words, j->log.p);
}

static void cancel(struct job *j)
{
	build_cancel(j->build);
}

static void abort_it(struct job *j)
{
	build_abort(j->build);
	build_abort(j->build);
}

#endif
