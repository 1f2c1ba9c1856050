/* Everything else that a job is made of, for golden tests. Keywords that were not given are left
 * out. */
#include "base/base.h"
#include "pipeline/dump_internal.h"
#include "pipeline/cache_key.h"

static struct node *vars_node(struct arena *a, const struct varset *set, bool root_only)
{
	struct node *n = d_map(a);
	const struct var **w;
	size_t count = varset_winners(set, a, &w);

	for (size_t i = 0; i < count; i++) {
		bool yaml =
			w[i]->layer == VAR_YAML_ROOT || (!root_only && w[i]->layer == VAR_YAML_JOB);
		struct node *value = d_str(a, w[i]->value);

		if (!yaml)
			continue;
		if (w[i]->raw) {
			struct node *raw = d_map(a);

			d_put(a, raw, "value", value);
			d_put_bool(a, raw, "expand", false);
			value = raw;
		}
		node_map_put(a, n, d_str(a, w[i]->key), value);
	}
	return n;
}

static struct node *caches_node(struct arena *a, const struct pipeline *p, const struct job *job)
{
	struct node *seq = d_seq(a);

	for (size_t i = 0; i < job->def->n_caches; i++) {
		const struct cache_def *c = &job->def->caches[i];
		struct cache_keys keys = pipeline_cache_keys(a, p, job, i, &CACHE_KEY_OPTIONS);
		struct node *n = d_map(a), *fallbacks = d_seq(a);

		d_put_str(a, n, "key", keys.key);
		d_put_texts(a, n, "paths", &c->paths);
		d_put_str(a, n, "policy", c->policy.s.n ? c->policy.s : STR("pull-push"));
		d_put_str(a, n, "when", str_c(job_when_name(c->when)));
		d_put_bool(a, n, "untracked", c->untracked);
		d_put_bool(a, n, "unprotect", c->unprotect);
		for (size_t k = 0; k < keys.n_fallbacks; k++)
			node_seq_push(a, fallbacks, d_str(a, keys.fallbacks[k]));
		d_put(a, n, "fallback_keys", fallbacks);
		node_seq_push(a, seq, n);
	}
	return seq;
}

static struct node *artifacts_node(struct arena *a, const struct artifacts_def *d)
{
	struct node *n = d_map(a);

	d_put_text(a, n, "name", d->name);
	d_put_texts(a, n, "paths", &d->paths);
	d_put_texts(a, n, "exclude", &d->exclude);
	d_put_bool(a, n, "untracked", d->untracked);
	d_put_str(a, n, "when", str_c(job_when_name(d->when)));
	d_put_text(a, n, "expire_in", d->expire_in);
	d_put_text(a, n, "expose_as", d->expose_as);
	d_put_text(a, n, "access", d->access);
	if (d->is_public >= 0)
		d_put_bool(a, n, "public", d->is_public);
	if (d->n_reports) {
		struct node *reports = d_map(a);

		for (size_t i = 0; i < d->n_reports; i++)
			node_map_put(a, reports, d_str(a, d->reports[i].type),
				d_texts(a, &d->reports[i].paths));
		d_put(a, n, "reports", reports);
	}
	return n;
}

static struct node *retry_node(struct arena *a, const struct retry_def *r)
{
	struct node *n = d_map(a);

	d_put_int(a, n, "max", (int64_t)r->max);
	d_put_texts(a, n, "when", &r->when);
	if (r->n_exit_codes)
		d_put(a, n, "exit_codes", d_codes(a, r->exit_codes, r->n_exit_codes));
	return n;
}

static struct node *id_tokens_node(struct arena *a, const struct job_def *def)
{
	struct node *n = d_map(a);

	for (size_t i = 0; i < def->rare->n_id_tokens; i++) {
		struct node *token = d_map(a);

		d_put(a, token, "aud", d_texts(a, &def->rare->id_tokens[i].aud));
		node_map_put(a, n, d_str(a, def->rare->id_tokens[i].name.s), token);
	}
	return n;
}

static struct node *release_node(struct arena *a, const struct release_def *r)
{
	struct node *n = d_map(a);

	d_put_text(a, n, "tag_name", r->tag_name);
	d_put_text(a, n, "tag_message", r->tag_message);
	d_put_text(a, n, "name", r->name);
	d_put_text(a, n, "description", r->description);
	d_put_text(a, n, "ref", r->ref);
	d_put_text(a, n, "released_at", r->released_at);
	d_put_texts(a, n, "milestones", &r->milestones);
	return n;
}

static struct node *names_node(struct arena *a, const struct str *v, size_t n)
{
	struct node *seq = d_seq(a);

	for (size_t i = 0; i < n; i++)
		node_seq_push(a, seq, d_str(a, v[i]));
	return seq;
}

/* Nodes that nothing here interprets. */
static void put_nodes(struct arena *a, const struct job_def *def, struct node *out)
{
	const struct {
		const char *key;
		const struct node *n;
	} nodes[] = {{"secrets", def->rare->secrets}, {"run", def->rare->run},
		{"inputs", def->rare->inputs}, {"identity", def->rare->identity},
		{"dast_configuration", def->rare->dast_configuration}};

	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		if (nodes[i].n)
			d_put(a, out, nodes[i].key, node_clone(a, nodes[i].n, VIA_NONE));
}

static void put_pages(struct arena *a, const struct job_def *def, struct node *out)
{
	struct node *pages;

	d_put_text(a, out, "publish", def->rare->publish);
	if (!def->rare->pages.enabled)
		return;
	pages = d_map(a);
	d_put_text(a, pages, "publish", def->rare->pages.publish);
	d_put_text(a, pages, "path_prefix", def->rare->pages.path_prefix);
	d_put_text(a, pages, "expire_in", def->rare->pages.expire_in);
	d_put(a, out, "pages", pages);
}

static void put_full(
	struct arena *a, const struct pipeline *p, const struct job *job, struct node *out)
{
	const struct job_def *def = job->def;

	d_put_texts(a, out, "before_script", &def->before_script);
	d_put_texts(a, out, "script", &def->script);
	d_put_texts(a, out, "after_script", &def->after_script);
	d_put_texts(a, out, "pre_get_sources_script", &def->rare->pre_get_sources_script);
	d_put(a, out, "variables", vars_node(a, &job->vars, false));
	if (def->caches_set)
		d_put(a, out, "cache", caches_node(a, p, job));
	if (def->artifacts)
		d_put(a, out, "artifacts", artifacts_node(a, def->artifacts));
	if (job->has_dependencies)
		d_put(a, out, "dependencies",
			names_node(a, job->dependencies, job->n_dependencies));
	if (def->rare->retry.set)
		d_put(a, out, "retry", retry_node(a, &def->rare->retry));
	if (def->timeout_s)
		d_put_int(a, out, "timeout", def->timeout_s);
	if (job->start_in_s)
		d_put_int(a, out, "start_in", job->start_in_s);
	d_put_bool(a, out, "interruptible", job->interruptible);
	d_put_bool(a, out, "dag", job->dag);
	if (job->resource_group.n)
		d_put_str(a, out, "resource_group", job->resource_group);
	d_put_text(a, out, "coverage", def->rare->coverage);
	d_put_text(a, out, "manual_confirmation", def->rare->manual_confirmation);
	if (job->node_index) {
		struct node *parallel = d_map(a);

		d_put_int(a, parallel, "index", job->node_index);
		d_put_int(a, parallel, "total", job->node_total);
		d_put(a, out, "parallel", parallel);
	}
	if (def->rare->n_id_tokens)
		d_put(a, out, "id_tokens", id_tokens_node(a, def));
	if (def->rare->release)
		d_put(a, out, "release", release_node(a, def->rare->release));
	put_pages(a, def, out);
	put_nodes(a, def, out);
}

struct node *pipeline_dump_full(struct arena *a, const struct pipeline *p, bool all)
{
	struct node *root = d_pipeline(a, p, all, put_full);
	struct node *workflow = node_get(root, "workflow");

	d_put_str(a, workflow, "on_new_commit", p->auto_cancel_on_new_commit);
	d_put_str(a, workflow, "on_job_failure", p->auto_cancel_on_job_failure);
	if (p->refusal.n)
		d_put_str(a, workflow, "refusal", p->refusal);
	d_put(a, root, "variables", vars_node(a, &p->vars, true));
	return root;
}
