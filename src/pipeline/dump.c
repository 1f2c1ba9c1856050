/* The pipeline as a tree: the shape of `list --json`. dump_full.c adds what golden tests compare.
 */
#include "base/base.h"
#include "pipeline/dump_internal.h"
#include "source/source.h"
#include "yaml/yaml.h"

struct node *d_str(struct arena *a, struct str s)
{
	struct node *n = node_new_str(a, s.p ? s : STR(""), SPAN_NONE);

	n->quoted = true;
	return n;
}

void d_put(struct arena *a, struct node *map, const char *key, struct node *value)
{
	node_map_put(a, map, node_new_str(a, str_c(key), SPAN_NONE), value);
}

void d_put_str(struct arena *a, struct node *map, const char *key, struct str s)
{
	d_put(a, map, key, d_str(a, s));
}

void d_put_text(struct arena *a, struct node *map, const char *key, struct text t)
{
	if (t.s.n)
		d_put_str(a, map, key, t.s);
}

void d_put_bool(struct arena *a, struct node *map, const char *key, bool b)
{
	d_put(a, map, key, node_new_bool(a, b, SPAN_NONE));
}

void d_put_int(struct arena *a, struct node *map, const char *key, int64_t i)
{
	d_put(a, map, key, node_new_int(a, i, SPAN_NONE));
}

struct node *d_map(struct arena *a)
{
	return node_new(a, NODE_MAP, SPAN_NONE);
}

struct node *d_seq(struct arena *a)
{
	return node_new(a, NODE_SEQ, SPAN_NONE);
}

struct node *d_null(struct arena *a)
{
	return node_new(a, NODE_NULL, SPAN_NONE);
}

struct node *d_texts(struct arena *a, const struct texts *t)
{
	struct node *seq = d_seq(a);

	for (size_t i = 0; i < t->n; i++)
		node_seq_push(a, seq, d_str(a, t->v[i].s));
	return seq;
}

void d_put_texts(struct arena *a, struct node *map, const char *key, const struct texts *t)
{
	if (t->set || t->n)
		d_put(a, map, key, d_texts(a, t));
}

struct node *d_codes(struct arena *a, const int64_t *codes, size_t n)
{
	struct node *seq = d_seq(a);

	for (size_t i = 0; i < n; i++)
		node_seq_push(a, seq, node_new_int(a, codes[i], SPAN_NONE));
	return seq;
}

static struct node *need_node(struct arena *a, struct str job, bool artifacts, bool optional)
{
	struct node *n = d_map(a);

	d_put_str(a, n, "job", job);
	d_put_bool(a, n, "artifacts", artifacts);
	d_put_bool(a, n, "optional", optional);
	return n;
}

static struct node *outer_need(struct arena *a, const struct need_def *def)
{
	struct node *n = d_map(a);

	d_put_text(a, n, "pipeline", def->far->pipeline);
	d_put_text(a, n, "project", def->far->project);
	d_put_text(a, n, "ref", def->far->ref);
	d_put_text(a, n, "job", def->job);
	d_put_bool(a, n, "artifacts", def->artifacts);
	return n;
}

static struct node *needs_node(struct arena *a, const struct pipeline *p, const struct job *job)
{
	const struct need_defs *defs = &job->def->needs;
	struct node *seq = d_seq(a);

	if (!job->in) {
		for (size_t i = 0; i < defs->n; i++)
			node_seq_push(a, seq,
				need_node(a, defs->v[i].job.s, defs->v[i].artifacts,
					defs->v[i].optional));
		return defs->set ? seq : d_null(a);
	}
	if (!job->dag && !job->n_needs)
		return d_null(a);
	for (size_t i = 0; i < job->n_needs; i++) {
		const struct need *need = &job->needs[i];

		if (need->job == UINT32_MAX)
			node_seq_push(a, seq, outer_need(a, need->def));
		else
			node_seq_push(a, seq,
				need_node(a, p->jobs[need->job]->name, need->artifacts,
					need->optional));
	}
	return seq;
}

static struct node *image_node(struct arena *a, const struct image *image)
{
	static const char *const policies[] = {"always", "if-not-present", "never"};
	struct node *n = d_map(a);

	d_put_str(a, n, "name", image->name.s);
	d_put_texts(a, n, "entrypoint", &image->entrypoint);
	if (image->n_pull_policies) {
		struct node *seq = d_seq(a);

		for (size_t i = 0; i < image->n_pull_policies; i++)
			node_seq_push(a, seq, d_str(a, str_c(policies[image->pull_policies[i]])));
		d_put(a, n, "pull_policy", seq);
	}
	if (image->platform.s.n || image->user.s.n) {
		struct node *docker = d_map(a);

		d_put_text(a, docker, "platform", image->platform);
		d_put_text(a, docker, "user", image->user);
		d_put(a, n, "docker", docker);
	}
	return n;
}

static struct node *services_node(struct arena *a, const struct job_def *def)
{
	struct node *seq = d_seq(a);

	for (size_t i = 0; i < def->n_services; i++) {
		const struct service *s = &def->services[i];
		struct node *n = image_node(a, &s->image);

		d_put_text(a, n, "alias", s->alias);
		d_put_texts(a, n, "command", &s->command);
		if (s->vars && s->vars->n) {
			struct node *vars = d_map(a);

			for (size_t k = 0; k < s->vars->n; k++)
				node_map_put(a, vars, d_str(a, s->vars->v[k].key),
					d_str(a, s->vars->v[k].value));
			d_put(a, n, "variables", vars);
		}
		node_seq_push(a, seq, n);
	}
	return seq;
}

static struct node *environment_node(struct arena *a, const struct job *job)
{
	const struct environment_def *e = job->def->environment;
	struct node *n;

	if (!e)
		return d_null(a);
	n = d_map(a);
	d_put_str(a, n, "name", job->environment_name.n ? job->environment_name : e->name.s);
	d_put_text(a, n, "url", e->url);
	d_put_str(a, n, "action", e->action.s.n ? e->action.s : STR("start"));
	d_put_text(a, n, "on_stop", e->on_stop);
	d_put_text(a, n, "auto_stop_in", e->auto_stop_in);
	d_put_text(a, n, "deployment_tier", e->deployment_tier);
	if (job->environment_slug.n)
		d_put_str(a, n, "slug", job->environment_slug);
	return n;
}

static struct node *trigger_node(struct arena *a, const struct trigger_def *t)
{
	struct node *n;

	if (!t)
		return d_null(a);
	n = d_map(a);
	d_put_text(a, n, "project", t->project);
	d_put_text(a, n, "branch", t->branch);
	if (t->include)
		d_put(a, n, "include", node_clone(a, t->include, VIA_NONE));
	d_put_text(a, n, "strategy", t->strategy);
	if (t->inputs)
		d_put(a, n, "inputs", node_clone(a, t->inputs, VIA_NONE));
	if (t->forward_yaml >= 0 || t->forward_pipeline >= 0) {
		struct node *f = d_map(a);

		d_put_bool(a, f, "yaml_variables", t->forward_yaml != 0);
		d_put_bool(a, f, "pipeline_variables", t->forward_pipeline > 0);
		d_put(a, n, "forward", f);
	}
	return n;
}

static struct str source_of(struct arena *a, const struct pipeline *p, const struct job *job)
{
	struct loc at = job->def->name.at.begin;
	const struct source *src = source_get(p->sources, at.source);

	if (!src)
		return STR("");
	return arena_printf(a, STR_FMT ":%u", STR_ARG(src->name), at.line);
}

static struct node *job_node(struct arena *a, const struct pipeline *p, const struct job *job)
{
	const struct job_def *def = job->def;
	struct node *n = d_map(a);

	d_put_str(a, n, "name", job->name);
	d_put_str(a, n, "base_name", job->base_name);
	d_put_str(a, n, "stage", job->stage);
	d_put_str(a, n, "when", str_c(job_when_name(job->in ? job->when : WHEN_NEVER)));
	if (job->n_allow_exit_codes) {
		struct node *codes = d_map(a);

		d_put(a, codes, "exit_codes",
			d_codes(a, job->allow_exit_codes, job->n_allow_exit_codes));
		d_put(a, n, "allow_failure", codes);
	} else {
		d_put_bool(a, n, "allow_failure", job->allow_failure);
	}
	d_put(a, n, "needs", needs_node(a, p, job));
	d_put(a, n, "image", def->image ? image_node(a, def->image) : d_null(a));
	d_put(a, n, "services", services_node(a, def));
	d_put(a, n, "tags", d_texts(a, job->in ? &job->tags : &def->tags));
	d_put(a, n, "environment", environment_node(a, job));
	d_put(a, n, "trigger", trigger_node(a, def->trigger));
	d_put(a, n, "rule", job->rule < 0 ? d_null(a) : node_new_int(a, job->rule, SPAN_NONE));
	d_put_str(a, n, "source", source_of(a, p, job));
	return n;
}

static struct node *root_node(struct arena *a, const struct pipeline *p)
{
	struct node *root = d_map(a), *stages = d_seq(a), *workflow = d_map(a);

	for (size_t i = 0; i < p->n_stages; i++)
		node_seq_push(a, stages, d_str(a, p->stages[i]));
	d_put(a, root, "stages", stages);
	d_put(a, workflow, "name", p->name.n ? d_str(a, p->name) : d_null(a));
	d_put_bool(a, workflow, "run", p->run);
	d_put(a, root, "workflow", workflow);
	return root;
}

struct node *d_pipeline(struct arena *a, const struct pipeline *p, bool all, d_job_fn *more)
{
	struct node *root = root_node(a, p), *jobs = d_seq(a);
	struct job **v = all ? p->all : p->jobs;
	size_t n = all ? p->n_all : p->n_jobs;

	for (size_t i = 0; i < n; i++) {
		struct node *job = job_node(a, p, v[i]);

		if (more)
			more(a, p, v[i], job);
		node_seq_push(a, jobs, job);
	}
	d_put(a, root, "jobs", jobs);
	return root;
}

struct node *pipeline_dump(struct arena *a, const struct pipeline *p, bool all)
{
	return d_pipeline(a, p, all, NULL);
}

/* Ten thousand jobs as one tree would take more memory than the pipeline itself. */
bool pipeline_write_json(struct buf *out, const struct pipeline *p, bool all, int indent,
	bool (*flush)(void *ctx), void *ctx)
{
	struct job **v = all ? p->all : p->jobs;
	size_t n = all ? p->n_all : p->n_jobs;
	struct arena a = ARENA_INIT;
	struct node *root = root_node(&a, p);
	const char *tail = indent > 0 ? "\n}" : "}";
	bool ok = true;

	/* An empty list of jobs at the end, which is cut open. */
	d_put(&a, root, "jobs", d_seq(&a));
	yaml_write_json(out, root, indent);
	out->n -= strlen(tail) + 1;
	arena_release(&a);
	for (size_t i = 0; ok && i < n; i++) {
		if (i)
			buf_addc(out, ',');
		yaml_write_json_in(out, job_node(&a, p, v[i]), indent, 2);
		arena_release(&a);
		ok = flush(ctx);
	}
	if (n && indent > 0)
		buf_printf(out, "\n%*s", indent, "");
	buf_printf(out, "]%s\n", tail);
	return ok;
}
