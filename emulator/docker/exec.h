/* A further process in a running container. Started by docker_exec_start() of raw.h. */
#ifndef DOCKER_EXEC_H
#define DOCKER_EXEC_H

#include "emulator/docker/types.h"

struct exec_spec {
	struct docker_strs cmd, env; /* env: "NAME=value" */
	struct str user, working_dir;
	struct str detach_keys; /* with tty; empty: the engine's, which hold back Ctrl-P */
	bool privileged, tty;
	bool attach_stdin, attach_stdout, attach_stderr;
};
typedef void exec_create_fn(void *arg, struct error *err, struct str exec_id);
struct docker_call *docker_exec_create(struct engine *e, struct str container,
	const struct exec_spec *spec, exec_create_fn *done, void *arg);

struct exec_state {
	bool running;
	int64_t exit_code; /* valid when not running */
	int64_t pid;
};
typedef void exec_inspect_fn(void *arg, struct error *err, const struct exec_state *r);
struct docker_call *docker_exec_inspect(
	struct engine *e, struct str exec_id, exec_inspect_fn *done, void *arg);
struct docker_call *docker_exec_resize(struct engine *e, struct str exec_id, unsigned rows,
	unsigned cols, docker_done_fn *done, void *arg);

/*
 * create, start, collect, inspect in one: for probes and short helper commands. Output of both
 * streams is collected up to 1 MiB (the rest is dropped).
 */
struct exec_result {
	int64_t exit_code;
	struct str out, err;
};
typedef void exec_run_fn(void *arg, struct error *err, const struct exec_result *r);
struct exec_run;
struct exec_run *docker_exec_run(struct engine *e, struct str container,
	const struct exec_spec *spec, struct str input, exec_run_fn *done, void *arg);
void docker_exec_run_cancel(struct exec_run *r);

#endif
