/* Images as one tar, out of the engine and into it, as `docker save` and `docker load` do. */
#include "base/base.h"
#include "emulator/docker/image.h"

#include "emulator/docker/docker_internal.h"
#include "emulator/docker/json.h"

struct docker_call *docker_image_save(struct engine *e, struct docker_strs names,
	http_chunk_fn *chunk, docker_done_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "GET", call_finish_plain, (call_user_fn *)done, arg);

	call_path(c, "/images/get?");
	for (size_t i = 0; i < names.n; i++) {
		call_path(c, i ? "&names=" : "names=");
		call_path_arg(c, names.v[i]);
	}
	c->user_chunk = (call_user_fn *)chunk;
	c->chunk = call_user_chunk;
	return call_go(c);
}

/* The engine says what went wrong in a stream of JSON, after a status that promised success. */
static void on_loaded(struct docker_call *c, struct error *err, const struct http_response *r)
{
	docker_done_fn *done = (docker_done_fn *)c->user;
	struct str line;
	struct str_split it;

	if (err) {
		done(c->arg, err);
		return;
	}
	it = str_split(r->body, '\n');
	while (str_split_next(&it, &line)) {
		struct error ignored = ERROR_INIT;
		json_t *doc =
			str_trim(line).n ? json_parse(line, "the engine's answer", &ignored) : NULL;
		struct str why = json_failure(doc);

		if (why.n)
			error_set(&c->err, ERR_DOCKER, 0, "Error response from daemon: " STR_FMT,
				STR_ARG(why));
		if (doc)
			json_decref(doc);
	}
	done(c->arg, error_is(&c->err) ? &c->err : NULL);
}

struct docker_call *docker_image_load(
	struct engine *e, http_produce_fn *produce, docker_done_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "POST", on_loaded, (call_user_fn *)done, arg);

	call_path(c, "/images/load?quiet=1");
	c->content_type = "application/x-tar";
	c->user_chunk = (call_user_fn *)produce;
	c->produce = call_user_produce;
	return call_go(c);
}
