/*
 * default, the deprecated keywords at the root that mean the same, and who inherits them. A keyword
 * is taken whole or not at all (GitLab docs, CI/CD YAML syntax reference, `default`).
 */
#include "base/base.h"

#include "config/jobs.h"

bool holds_job(const struct node *map)
{
	return node_get(map, "script") || node_get(map, "run") || node_get(map, "trigger") ||
	       node_get(map, "needs");
}

static void take(struct config *c, struct defaults *d, struct node_pair *pair)
{
	if (!d->node)
		d->node = node_new(c->arena, NODE_MAP, pair->value->at);
	node_map_put(c->arena, d->node, pair->key, pair->value);
}

static void read_default_map(struct config *c, struct defaults *d)
{
	struct frame root = FRAME_ROOT(c), f = FRAME_IN(&root, "default");
	struct node_pair *own = root_pair(c, STR("default"));

	if (!own || node_is_null(own->value))
		return;
	/* GitLab takes such a `default` for a job as well and then says nothing about it. */
	if (node_is(own->value, NODE_MAP) && holds_job(own->value)) {
		diag_warn(c->diags, "default-like-job", own->key->at,
			"'default' holds keywords of a job, which have no effect there");
	} else if (!want_map(&f, own->value, NULL)) {
		return;
	} else {
		check_keywords(&f, own->value, 'd');
	}
	d->node = node_new(c->arena, NODE_MAP, own->value->at);
	node_each_pair(pair, own->value)
	{
		const struct keyword *k = keyword_find(pair->key->text);

		if (!keyword_allowed(k, 'd') || node_is_null(pair->value))
			continue;
		take(c, d, pair);
		k->read(&f, pair->value, &d->def);
	}
}

/* A mapping of the job's own, since its node may be shared with a parent of `extends`. */
static struct node *own_map(struct config *c, const struct node *from, size_t more)
{
	struct node *map = node_new(c->arena, NODE_MAP, from->at);

	map->via = from->via;
	map->origin = from->origin;
	map->u.map.cap = from->u.map.n + more;
	map->u.map.pairs = arena_array(c->arena, struct node_pair, map->u.map.cap);
	if (from->u.map.n)
		memcpy(map->u.map.pairs, from->u.map.pairs,
			from->u.map.n * sizeof(*map->u.map.pairs));
	map->u.map.n = from->u.map.n;
	return map;
}

/* One marked copy of each value serves all jobs. */
static void mark_given(struct config *c, struct defaults *d)
{
	d->given = own_map(c, d->node, 0);
	node_each_pair(pair, d->given)
	{
		pair->value = copy_via(c->arena, pair->value, VIA_DEFAULT);
	}
}

void read_defaults(struct config *c, struct defaults *out)
{
	struct frame root = FRAME_ROOT(c);

	*out = (struct defaults){.node = NULL};
	init_job_def(&out->def, &out->rare);
	read_default_map(c, out);
	for (size_t i = 0; i < KEYWORD_COUNT; i++) {
		struct node_pair *pair;

		if (!keyword_allowed(&keywords[i], 'r'))
			continue;
		pair = root_pair(c, keywords[i].name);
		if (!pair || node_is_null(pair->value))
			continue;
		if (out->node && get_node(out->node, keywords[i].name.p)) {
			struct diag *d = fault(&root, "defined-twice", pair->key->at,
				fmt_in(&root, "=%s is defined in top-level and `default:` entry",
					keywords[i].name.p),
				"'%s' is defined at the top level and in 'default'",
				keywords[i].name.p);

			diag_note(c->diags, d, span_of_key(out->node, keywords[i].name.p),
				"the other definition");
			continue;
		}
		take(c, out, pair);
		keywords[i].read(&root, pair->value, &out->def);
	}
	c->defaults = out->node;
	if (out->node)
		mark_given(c, out);
}

static bool inherits(const struct job_def *job, struct str key)
{
	if (job->bridge && !str_is(key, "interruptible"))
		return false;
	if (job->rare->inherit.all_default)
		return true;
	for (size_t i = 0; i < job->rare->inherit.only_default.n; i++)
		if (str_eq(job->rare->inherit.only_default.v[i].s, key))
			return true;
	return false;
}

bool copy_fields(struct job_def *job, const struct job_def *from, enum keyword_id id)
{
	/* All keywords that `default` takes; the tests compare this list with keywords.def. */
	if (id == KEYWORD_image) {
		job->image = from->image;
	} else if (id == KEYWORD_services) {
		job->services = from->services;
		job->n_services = from->n_services;
	} else if (id == KEYWORD_before_script) {
		job->before_script = from->before_script;
	} else if (id == KEYWORD_after_script) {
		job->after_script = from->after_script;
	} else if (id == KEYWORD_hooks) {
		job->rare->pre_get_sources_script = from->rare->pre_get_sources_script;
	} else if (id == KEYWORD_retry) {
		job->rare->retry = from->rare->retry;
	} else if (id == KEYWORD_timeout) {
		job->rare->timeout = from->rare->timeout;
		job->timeout_s = from->timeout_s;
	} else if (id == KEYWORD_interruptible) {
		job->interruptible = from->interruptible;
	} else if (id == KEYWORD_tags) {
		job->tags = from->tags;
	} else if (id == KEYWORD_artifacts) {
		job->artifacts = from->artifacts;
	} else if (id == KEYWORD_cache) {
		job->caches = from->caches;
		job->n_caches = from->n_caches;
		job->caches_set = from->caches_set;
	} else if (id == KEYWORD_id_tokens) {
		job->rare->id_tokens = from->rare->id_tokens;
		job->rare->n_id_tokens = from->rare->n_id_tokens;
	} else if (id == KEYWORD_identity) {
		job->rare->identity = from->rare->identity;
	} else {
		return false;
	}
	return true;
}

void inherit_defaults(struct config *c, const struct defaults *d, struct job_def *job)
{
	struct node *map = NULL;

	if (!d->node)
		return;
	node_each_pair(pair, d->given)
	{
		const struct keyword *k = keyword_find(pair->key->text);
		struct node_pair *own;

		if (!inherits(job, k->name) || get_node(job->node, k->name.p))
			continue;
		if (!copy_fields(job, &d->def, (enum keyword_id)(k - keywords)))
			BUG("keyword " STR_FMT " of 'default' is not inherited", STR_ARG(k->name));
		if (!map)
			map = own_map(c, job->node, d->node->u.map.n);
		own = node_pair_of(map, k->name);
		if (own)
			own->value = pair->value;
		else
			map->u.map.pairs[map->u.map.n++] = *pair;
	}
	if (map)
		job->node = map;
}
