/*
 * Stand-ins for images, for what jobs pull and build in Docker-in-Docker. A daemon in a service
 * asks registries by itself, and only for Docker Hub it can be told to ask somebody else first: a
 * mirror. So a registry of the run's own gets those images that the jobs' commands name; its name
 * is given to the services (runner/docker_mirror.c). What it does not have comes from Docker Hub,
 * as without it. Whoever names an image of another registry is warned (run_stand_ins.c).
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/core/error.h"
#include "emulator/docker/auth.h"
#include "emulator/docker/image.h"
#include "emulator/gitlab/registry.h"
#include "emulator/runner/dind.h"
#include "emulator/runner/leftover.h"
#include "emulator/runner/runner_choose.h"
#include "pipeline/pipeline.h"

#define HOST     "stand-ins.cilocal"
#define PORT     "5000"
#define PORT_TCP PORT "/tcp"

/* A registry that has just been started takes a moment. */
#define TRIES    50
#define PAUSE_MS 100

struct mirrored {
	struct str name;      /* as jobs have it: "golang:1.19" */
	struct str from;      /* the image on this engine */
	struct str path, tag; /* in the mirror: "library/golang", "1.19" */
	struct str where;     /* of the first: "FILE:LINE" */
};

struct mirrors {
	struct mirrored *v;
	size_t n, cap;
};

bool run_hub_name(struct arena *a, struct str name, struct str *path, struct str *tag)
{
	CLEANUP(buf_release) struct buf whole = BUF_INIT;
	static const struct str hub = STR_INIT("docker.io/");
	struct image_ref ref;
	struct str rest;

	if (!image_ref_parse(name, &ref) || ref.is_id || ref.digest.n)
		return false;
	auth_image_path(&whole, name);
	if (!str_starts(buf_str(&whole), hub))
		return false;
	rest = str_from(buf_str(&whole), hub.n);
	*path = arena_printf(
		a, "%s" STR_FMT, str_chr(rest, '/') == STR_NPOS ? "library/" : "", STR_ARG(rest));
	*tag = arena_str(a, ref.tag.n ? ref.tag : STR("latest"));
	return true;
}

static void add(struct run *r, struct mirrors *found, const struct image_word *w)
{
	const struct run_options *o = r->o;
	struct mirrored m = {.name = w->word};

	if (!image_rule_find(o->stand_ins, o->n_stand_ins, w->word) ||
		!run_hub_name(&r->arena, w->word, &m.path, &m.tag))
		return;
	vec_each (const struct mirrored *, had, found)
		if (str_eq(had->path, m.path) && str_eq(had->tag, m.tag))
			return;
	m.from = image_rule_apply(o->stand_ins, o->n_stand_ins, m.name, &r->arena);
	m.where = run_image_place(r, &r->arena, &w->at);
	vec_push_in(&r->arena, found, m);
}

bool run_job_has_daemon(const struct run *r, const struct job *job, struct arena *a)
{
	const struct runner_config *config = runners_first(r->top->o->runners, &job->tags);
	struct dind dind;

	dind_find(a, job->def, &job->vars, config, &dind);
	return dind.image.n > 0;
}

static void collect(struct run *r, struct mirrors *found)
{
	for (size_t i = 0; i < r->words.n; i++)
		if (run_job_has_daemon(r, r->words.v[i].job, &r->arena))
			add(r, found, &r->words.v[i]);
}

static int start(struct run *r, struct str *address, struct error *err)
{
	static const struct str env = STR_INIT("OTEL_TRACES_EXPORTER=none");
	static const struct str port = STR_INIT(PORT_TCP);
	static const struct docker_kv binding = {STR_INIT(PORT_TCP), STR_INIT("127.0.0.1:0")};
	struct docker_kv labels[LEFTOVER_LABELS];
	struct container_spec spec = {
		.name = arena_printf(&r->arena, "cilocal-%s-stand-ins", r->folder.id),
		.image = str_c(r->o->registry_options.image ? r->o->registry_options.image
							    : REGISTRY_IMAGE),
		.env = {&env, 1},
		.labels = {labels, ARRAY_SIZE(labels)},
		.exposed_ports = {&port, 1},
		.port_bindings = {&binding, 1}};
	struct sync_container c;

	leftover_labels(&r->arena, r->folder.id, r->folder.lock_path, labels);
	if (sync_need_image(&r->session, spec.image, err) ||
		sync_create(&r->session, &spec, &r->arena, &r->mirror, err) ||
		sync_start(&r->session, r->mirror, err) ||
		sync_inspect(&r->session, r->mirror, &r->arena, &c, err))
		return -1;
	*address = docker_kv_get(c.ports, PORT_TCP);
	return address->n ? 0 : error_set(err, ERR_DOCKER, 0, "its container ended at once");
}

/* What the engine says of a port behind which nobody listens yet. */
static bool is_not_ready(const char *text)
{
	return strstr(text, "connection refused") || strstr(text, "connection reset") ||
	       strstr(text, "EOF");
}

static int push(struct run *r, struct str name, struct error *err)
{
	struct error mine;

	for (unsigned i = 0; i < TRIES; i++) {
		mine = ERROR_INIT;
		if (!sync_push_image(&r->session, name, STR_NULL, NULL, NULL, &mine))
			return 0;
		if (!is_not_ready(mine.text) || r->session.signum)
			break;
		sync_sleep(&r->session, PAUSE_MS);
	}
	return error_pass(err, &mine);
}

static int fill(struct run *r, struct str address, const struct mirrored *m, struct error *err)
{
	struct str repo =
		arena_printf(&r->arena, STR_FMT "/" STR_FMT, STR_ARG(address), STR_ARG(m->path));
	struct str name =
		arena_printf(&r->arena, STR_FMT ":" STR_FMT, STR_ARG(repo), STR_ARG(m->tag));
	struct error ignored = ERROR_INIT;
	int rc;

	if (sync_need_image(&r->session, m->from, err) ||
		sync_tag_image(&r->session, m->from, repo, m->tag, err))
		return -1;
	rc = push(r, name, err);
	session_finish(&r->session, sync_untag_image, name, &ignored);
	return rc;
}

/* As the mirror has it: "library/golang:1.19". */
static struct str inner_name(struct arena *a, const struct mirrored *m)
{
	return arena_printf(a, STR_FMT ":" STR_FMT, STR_ARG(m->path), STR_ARG(m->tag));
}

bool run_mirror_has(const struct run *r, struct arena *a, struct str name)
{
	struct mirrored m;

	if (!r->top->n_mirrored || !run_hub_name(a, name, &m.path, &m.tag))
		return false;
	for (size_t i = 0; i < r->top->n_mirrored; i++)
		if (str_eq(r->top->mirrored[i], inner_name(a, &m)))
			return true;
	return false;
}

void run_mirror_start(struct run *r)
{
	struct mirrors found = {NULL, 0, 0};
	struct error err = ERROR_INIT;
	struct str address;

	/* What a lock file pins is images of jobs and services. */
	if (!r->session.engine || !r->o->n_stand_ins || r->o->only_stand_ins)
		return;
	collect(r, &found);
	if (!found.n)
		return;
	if (start(r, &address, &err)) {
		if (!r->session.signum)
			run_message(r, DIAG_WARNING,
				"the mirror with stand-ins for Docker-in-Docker can't be started: "
				"%s",
				err.text);
		return;
	}
	r->mirrored = arena_array(&r->arena, struct str, found.n);
	vec_each (const struct mirrored *, m, &found) {
		err = ERROR_INIT;
		if (!fill(r, address, m, &err)) {
			r->mirrored[r->n_mirrored++] = inner_name(&r->arena, m);
			run_message(r, DIAG_NOTE,
				"Docker-in-Docker gets '" STR_FMT "' (" STR_FMT ") as '" STR_FMT
				"'",
				STR_ARG(m->name), STR_ARG(m->where), STR_ARG(m->from));
		} else if (r->session.signum) {
			return;
		} else {
			run_message(r, DIAG_WARNING,
				"Docker-in-Docker does not get '" STR_FMT "' (" STR_FMT
				") as '" STR_FMT "': %s",
				STR_ARG(m->name), STR_ARG(m->where), STR_ARG(m->from), err.text);
		}
	}
	if (r->n_mirrored)
		r->extra_names[r->n_extra_names++] = (struct extra_name){
			.host = STR(HOST), .container = r->mirror, .mirror = STR(HOST ":" PORT)};
}

void run_mirror_end(struct run *r)
{
	struct error ignored = ERROR_INIT;

	if (r->mirror.n)
		session_finish(&r->session, sync_remove_container, r->mirror, &ignored);
	r->mirror = STR_NULL;
}
