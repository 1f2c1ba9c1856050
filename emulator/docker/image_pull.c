/*
 * Pull and push: long answers of status 200 that are streams of JSON objects. A failure half way is
 * an object with errorDetail inside of that success.
 */
#include "base/base.h"
#include "emulator/docker/image.h"

#include "emulator/docker/docker_internal.h"
#include "emulator/docker/json.h"

struct pull {
	struct docker_call *call;
	struct json_stream objects;
	image_progress_fn *progress;
};

static void release_pull(void *extra)
{
	struct pull *p = extra;

	json_stream_release(&p->objects);
	free(p);
}

static void on_object(void *arg, struct str text)
{
	struct pull *p = arg;
	struct docker_call *c = p->call;
	CLEANUP(json_decref) json_t *doc = json_parse(text, "the engine's progress", &c->err);
	const json_t *detail = json_get(doc, "progressDetail");
	struct image_progress now;
	struct str why;

	if (!doc)
		return;
	why = json_failure(doc);
	if (why.n) {
		error_set(&c->err, ERR_DOCKER, 0, "Error response from daemon: " STR_FMT,
			STR_ARG(why));
		return;
	}
	if (!p->progress)
		return;
	now.id = json_str(doc, "id");
	now.status = json_str(doc, "status");
	now.progress = json_str(doc, "progress");
	now.current = json_int(detail, "current");
	now.total = json_int(detail, "total");
	/* Podman's stream says the same in a field of its own. */
	if (!now.status.n)
		now.status = str_trim(json_str(doc, "stream"));
	if (now.status.n)
		p->progress(c->arg, &now);
}

static void on_chunk(void *arg, struct str data)
{
	struct docker_call *c = arg;
	struct pull *p = c->extra;

	json_stream_feed(&p->objects, data, on_object, p);
}

static void on_pulled(struct docker_call *c, struct error *err, const struct http_response *r)
{
	struct pull *p = c->extra;

	UNUSED(r);
	if (!err && (p->objects.depth || p->objects.broken))
		error_set(&c->err, ERR_DOCKER, 0, "the engine's progress report ended too early");
	if (!err && error_is(&c->err))
		err = &c->err;
	((docker_done_fn *)c->user)(c->arg, err);
}

static struct docker_call *new_transfer(struct engine *e, const struct image_pull *options)
{
	struct docker_call *c =
		call_new(e, "POST", on_pulled, (call_user_fn *)options->done, options->arg);
	struct pull *p = xcalloc(1, sizeof(*p));

	p->call = c;
	p->progress = options->progress;
	json_stream_init(&p->objects);
	c->extra = p;
	c->release = release_pull;
	c->chunk = on_chunk;
	if (options->auth.n)
		buf_printf(&c->header, "X-Registry-Auth: " STR_FMT, STR_ARG(options->auth));
	return c;
}

struct docker_call *docker_image_pull(struct engine *e, const struct image_pull *options)
{
	struct docker_call *c = new_transfer(e, options);
	struct image_ref ref;

	/* What can't be parsed goes as it is: the daemon's complaint is the one that people know.
	 */
	if (!image_ref_parse(options->name, &ref) || ref.is_id)
		ref = (struct image_ref){.repo = options->name};
	call_path(c, "/images/create?fromImage=");
	call_path_arg(c, ref.repo);
	call_path(c, "&tag=");
	/* Without a tag the daemon would pull every tag there is. */
	if (ref.digest.n)
		call_path_arg(c, ref.digest);
	else
		call_path_arg(c, ref.tag.n ? ref.tag : STR("latest"));
	if (options->platform.n) {
		call_path(c, "&platform=");
		call_path_arg(c, options->platform);
	}
	return call_go(c);
}

struct docker_call *docker_image_push(struct engine *e, const struct image_pull *options)
{
	struct docker_call *c = new_transfer(e, options);
	struct image_ref ref;

	if (!image_ref_parse(options->name, &ref) || ref.is_id)
		ref = (struct image_ref){.repo = options->name};
	call_path(c, "/images/");
	call_path_name(c, ref.repo);
	call_path(c, "/push?tag=");
	call_path_arg(c, ref.tag.n ? ref.tag : STR("latest"));
	/* The engine insists on the header; {} in base64 for nobody in particular. */
	if (!options->auth.n)
		buf_adds(&c->header, "X-Registry-Auth: e30=");
	return call_go(c);
}
