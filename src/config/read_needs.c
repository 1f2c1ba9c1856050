/* needs: of jobs, of trigger jobs and of rules; dependencies. */
#include "base/base.h"

#include "config/readers.h"

enum need_type { NEED_JOB, NEED_PIPELINE, NEED_PROJECT, NEED_BRIDGE, NEED_UNKNOWN };

struct needs_ctx {
	enum needs_kind kind;
	struct need_defs *out;
	unsigned cross, bridges;
};

/* GitLab tells the forms apart by the keys that are there, whatever their values. */
static enum need_type need_type_of(const struct node *n, enum needs_kind kind)
{
	bool job, pipeline, project, ref;

	if (n->kind == NODE_STRING)
		return NEED_JOB;
	if (n->kind != NODE_MAP)
		return NEED_UNKNOWN;
	job = node_get(n, "job");
	pipeline = node_get(n, "pipeline");
	project = node_get(n, "project");
	ref = node_get(n, "ref");
	if (job && !pipeline && !project && !ref)
		return NEED_JOB;
	if (project)
		return NEED_PROJECT;
	if (job && pipeline)
		return NEED_PIPELINE;
	if (pipeline && !job && kind == NEEDS_BRIDGE)
		return NEED_BRIDGE;
	return NEED_UNKNOWN;
}

/* A required text of a need. */
static struct text need_text(const struct frame *f, const struct node *map, const char *key)
{
	const struct node *n = node_get(map, key);

	if (node_is_null(n) || (n->kind == NODE_STRING && node_is_blank(n)))
		fault(f, "blank", n && n->at.begin.line ? n->at : map->at,
			fmt_in(f, "%s can't be blank", key), "%s is missing", subject(f, key));
	return get_text(map, key);
}

const struct need_far need_near;

static bool read_need_parallel(const struct frame *f, const struct node *n, struct need_far *far)
{
	struct frame parallel = FRAME_IN(f, "parallel"),
		     matrix_frame = FRAME_IN(&parallel, "matrix");
	const struct node *matrix;

	if (n->kind == NODE_INT) {
		fault(f->up, "bad-need", n->at, "config cannot use \"parallel: <number>\".",
			"a need can't use 'parallel' with a number; write 'parallel: {matrix: "
			"...}'");
		return false;
	}
	if (n->kind != NODE_MAP) {
		fault(&parallel, "wrong-type", n->at, "should be an integer or a hash",
			"%s must be a mapping, not %s", subject(&parallel, NULL), found(f, n));
		return false;
	}
	check_scope(&parallel, n, SCOPE_parallel);
	matrix = node_get(n, "matrix");
	if (!matrix) {
		fault(&parallel, "missing-keyword", n->at, "config missing required keys: matrix",
			"'matrix' is missing in %s", subject(&parallel, NULL));
		return false;
	}
	if (matrix->kind == NODE_NULL)
		return true;
	if (!check_matrix(&matrix_frame, matrix))
		return false;
	far->matrix = matrix;
	return true;
}

static bool read_need_map(
	const struct frame *f, const struct node *n, enum need_type type, struct need_def *need)
{
	static const enum scope scopes[] = {
		[NEED_JOB] = SCOPE_need_job,
		[NEED_PIPELINE] = SCOPE_need_pipeline,
		[NEED_PROJECT] = SCOPE_need_project,
		[NEED_BRIDGE] = SCOPE_need_bridge,
	};
	const struct node *parallel = get_node(n, "parallel");
	struct need_far far = need_near, *kept;

	check_scope(f, n, scopes[type]);
	if (type != NEED_BRIDGE)
		need->job = need_text(f, n, "job");
	if (type == NEED_PIPELINE || type == NEED_BRIDGE)
		far.pipeline = need_text(f, n, "pipeline");
	if (type == NEED_PROJECT) {
		far.project = need_text(f, n, "project");
		far.ref = need_text(f, n, "ref");
	}
	need->artifacts = get_bool(n, "artifacts", true);
	need->optional = get_bool(n, "optional", false);
	if (parallel && type == NEED_JOB && !read_need_parallel(f, parallel, &far))
		return false;
	if (type != NEED_JOB || far.matrix) {
		kept = arena_new(frame_arena(f), struct need_far);
		*kept = far;
		need->far = kept;
	}
	return need->job.s.n || far.pipeline.s.n;
}

static bool is_allowed(enum need_type type, enum needs_kind kind)
{
	if (type == NEED_PIPELINE || type == NEED_PROJECT)
		return kind == NEEDS_JOB;
	return type != NEED_BRIDGE || kind == NEEDS_BRIDGE;
}

static void read_need(const struct frame *f, const struct node *n, void *arg)
{
	struct frame entry = FRAME_IN(f, "need");
	struct needs_ctx *ctx = arg;
	enum need_type type = need_type_of(n, ctx->kind);
	struct need_def need = {.artifacts = true, .at = n->at, .far = &need_near};

	if (type == NEED_UNKNOWN) {
		fault(&entry, "bad-need", n->at, "has an unsupported type",
			"an item of %s must be a job's name or a mapping with 'job', not %s",
			subject(f, NULL), found(f, n));
		return;
	}
	if (!is_allowed(type, ctx->kind)) {
		fault(f, "bad-need", n->at, "config uses invalid types: cross_dependency",
			"%s can't name a job of another pipeline", subject(f, NULL));
		return;
	}
	if (n->kind == NODE_STRING) {
		if (node_is_blank(n)) {
			fault(&entry, "blank", n->at, "config can't be blank",
				"an item of %s is empty", subject(f, NULL));
			return;
		}
		need.job = text_of(n);
	} else if (!read_need_map(&entry, n, type, &need)) {
		return;
	}
	if (type == NEED_PIPELINE || type == NEED_PROJECT)
		ctx->cross++;
	if (type == NEED_BRIDGE)
		ctx->bridges++;
	ctx->out->v[ctx->out->n++] = need;
}

void read_need_defs(
	const struct frame *f, const struct node *n, enum needs_kind kind, struct need_defs *out)
{
	struct needs_ctx ctx = {.kind = kind, .out = out};
	size_t *all = &config_state_of(f->c)->n_needs;

	if (n->kind != NODE_SEQ && n->kind != NODE_MAP) {
		fault(f, "wrong-type", n->at, "config can only be a hash or an array",
			"%s must be a list or one mapping, not %s", subject(f, NULL), found(f, n));
		return;
	}
	if (n->kind == NODE_MAP && !n->u.map.n) {
		fault(f, "blank", n->at, "config can not be an empty hash", "%s is empty",
			subject(f, NULL));
		return;
	}
	if (n->kind == NODE_SEQ && count_flat(n) > LIMIT_NEEDS) {
		fault(f, "too-many-needs", n->at, NULL, "%s holds more than %d items",
			subject(f, NULL), LIMIT_NEEDS);
		return;
	}
	*all += count_flat(n);
	if (*all > LIMIT_NEEDS_IN_ALL) {
		if (*all - count_flat(n) <= LIMIT_NEEDS_IN_ALL)
			fault(f, "too-many-needs", n->at, NULL,
				"the definition has more than %d needs", LIMIT_NEEDS_IN_ALL);
		return;
	}
	*out = (struct need_defs){.set = true, .at = n->at};
	if (n->kind == NODE_MAP) {
		out->v = arena_new(frame_arena(f), struct need_def);
		read_need(f, n, &ctx);
	} else {
		out->v = arena_array(frame_arena(f), struct need_def, count_flat(n));
		each_flat(f, n, read_need, &ctx);
	}
	if (ctx.cross > LIMIT_NEEDS_CROSS)
		fault(f, "too-many-needs", n->at, "config must be less than or equal to 5",
			"%s names %u jobs of other pipelines, more than the limit of %d",
			subject(f, NULL), ctx.cross, LIMIT_NEEDS_CROSS);
	if (ctx.bridges > 1)
		fault(f->up, "bad-need", n->at, "config should contain at most one bridge need",
			"%s names more than one pipeline to mirror", subject(f, NULL));
}

void read_needs(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "needs");

	read_need_defs(&entry, value, job->bridge ? NEEDS_BRIDGE : NEEDS_JOB, &job->needs);
}

void read_dependencies(const struct frame *f, const struct node *value, struct job_def *job)
{
	if (want_strings(f, value, "dependencies"))
		texts_of(f, value, &job->dependencies);
}
