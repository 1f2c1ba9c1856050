#include "base/base.h"
#include "emulator/docker/exec.h"

#include "emulator/docker/docker_internal.h"
#include "emulator/docker/json.h"

static void on_created(struct docker_call *c, struct error *err, const struct http_response *r)
{
	exec_create_fn *done = (exec_create_fn *)c->user;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's answer", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, STR_NULL);
		return;
	}
	done(c->arg, NULL, json_str(doc, "Id"));
	json_decref(doc);
}

struct docker_call *docker_exec_create(struct engine *e, struct str container,
	const struct exec_spec *spec, exec_create_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "POST", on_created, (call_user_fn *)done, arg);
	json_t *o = json_object();

	call_path(c, "/containers/");
	call_path_arg(c, container);
	call_path(c, "/exec");
	json_put_strs(o, "Cmd", spec->cmd);
	json_put_strs(o, "Env", spec->env);
	json_put_str(o, "User", spec->user);
	json_put_str(o, "WorkingDir", spec->working_dir);
	json_put_str(o, "DetachKeys", spec->detach_keys);
	json_put_true(o, "Privileged", spec->privileged);
	json_put_true(o, "Tty", spec->tty);
	json_put_true(o, "AttachStdin", spec->attach_stdin);
	json_put_true(o, "AttachStdout", spec->attach_stdout);
	json_put_true(o, "AttachStderr", spec->attach_stderr);
	json_write(&c->body, o);
	c->has_body = true;
	return call_go(c);
}

static void on_inspect(struct docker_call *c, struct error *err, const struct http_response *r)
{
	exec_inspect_fn *done = (exec_inspect_fn *)c->user;
	struct exec_state s;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's answer", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, NULL);
		return;
	}
	s.running = json_flag(doc, "Running");
	s.exit_code = json_int(doc, "ExitCode");
	s.pid = json_int(doc, "Pid");
	done(c->arg, NULL, &s);
	json_decref(doc);
}

struct docker_call *docker_exec_inspect(
	struct engine *e, struct str exec_id, exec_inspect_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "GET", on_inspect, (call_user_fn *)done, arg);

	call_path(c, "/exec/");
	call_path_arg(c, exec_id);
	call_path(c, "/json");
	return call_go(c);
}

struct docker_call *docker_exec_resize(struct engine *e, struct str exec_id, unsigned rows,
	unsigned cols, docker_done_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "POST", call_finish_plain, (call_user_fn *)done, arg);

	call_path(c, "/exec/");
	call_path_arg(c, exec_id);
	call_path(c, "/resize?h=%u&w=%u", rows, cols);
	return call_go(c);
}
