#include "base/base.h"

#include "emulator/cli/changes.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/cli/tree.h"
#include "yaml/node.h"
#include "config/config.h"
#include "pipeline/pipeline.h"

/* With more removed and added jobs than this, none is looked for under another name. */
#define MAX_RENAMES 300

/* What jobs have taken over already is theirs, and is compared there. */
static bool is_inherited(struct str key)
{
	static const char *const inherited[] = {
		"default", "image", "services", "before_script", "after_script", "cache"};
	for (size_t i = 0; i < ARRAY_SIZE(inherited); i++)
		if (str_is(key, inherited[i]))
			return true;
	return false;
}

static void keep_pipeline(struct arena *a, struct side *s, const struct pipeline *p)
{
	for (size_t i = 0; i < p->n_all; i++) {
		const struct job *j = p->all[i];
		bool in = j->in && p->n_jobs;
		struct str *when = arena_new(a, struct str);
		*when = str_c(job_when_name(in ? j->when : WHEN_NEVER));
		map_put(&s->in, j->name, when);
		vec_push_in(a, &s->in_order, j->name);
	}
}

void side_take(struct load *l, struct side *s)
{
	struct arena *a = &l->c->arena;
	const struct config *config = l->config;
	struct node *root = config ? config_expanded(a, config) : tree_map(a);
	s->globals = tree_map(a);
	map_init(&s->jobs, a);
	map_init(&s->in, a);
	node_each_pair(pair, root)
	{
		struct str key = pair->key->text;
		if (pair->value->kind == NODE_MAP && config_job(config, key))
			map_put(&s->jobs, key, pair->value);
		else if (!is_inherited(key))
			node_map_put(a, s->globals, pair->key, pair->value);
	}
	if (l->pipeline)
		keep_pipeline(a, s, l->pipeline);
	s->pipeline = l->pipeline;
	arena_adopt(a, &l->arena);
	l->pipeline = NULL;
	l->config = NULL;
}

void side_release(struct side *s)
{
	pipeline_unref(s->pipeline);
}

static void add(struct arena *a, struct change_list *list, struct str keyword,
	const struct node *old_value, const struct node *new_value)
{
	struct change c = {keyword, old_value, new_value};
	vec_push_in(a, list, c);
}

void changes_of_maps(struct arena *a, const struct node *old_map, const struct node *new_map,
	struct change_list *out)
{
	node_each_pair(pair, new_map)
	{
		const struct node *was = node_get_str(old_map, pair->key->text);
		if (!was || !node_equal(was, pair->value))
			add(a, out, pair->key->text, was, pair->value);
	}
	node_each_pair(pair, old_map) if (!node_get_str(new_map, pair->key->text))
		add(a, out, pair->key->text, pair->value, NULL);
}

/* ---- renamed jobs ---- */

static bool same_value(const struct node *x, const struct node *y, const char *key)
{
	const struct node *a = node_get(x, key), *b = node_get(y, key);
	return a && b && node_equal(a, b);
}

/* Of a hundred; obvious is what does the same and differs in little else. */
static unsigned likeness(const struct node *x, const struct node *y)
{
	size_t same = 0, all = x->u.map.n;
	if (!same_value(x, y, "script") && !same_value(x, y, "trigger") && !same_value(x, y, "run"))
		return 0;
	node_each_pair(pair, x)
	{
		const struct node *other = node_get_str(y, pair->key->text);
		same += other && node_equal(other, pair->value);
	}
	node_each_pair(pair, y) all += !node_get_str(x, pair->key->text);
	return (unsigned)(100 * same / MAX(all, 1));
}

/* The added job that a removed one has become, if one is more like it than all others. */
static struct job_change *new_name_of(struct job_change *gone, struct job_change *added, size_t n)
{
	struct job_change *best = NULL;
	unsigned most = 59, second = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned like =
			added[i].kind == JOB_ADDED ? likeness(gone->old_job, added[i].new_job) : 0;
		if (like > most) {
			second = best ? most : second;
			most = like;
			best = &added[i];
		} else if (like > second) {
			second = like;
		}
	}
	return best && second < most ? best : NULL;
}

static void find_renames(struct arena *a, struct job_change *gone, size_t n_gone,
	struct job_change *added, size_t n_added)
{
	if (n_gone > MAX_RENAMES || n_added > MAX_RENAMES)
		return;
	for (size_t i = 0; i < n_gone; i++) {
		struct job_change *to = new_name_of(&gone[i], added, n_added);
		/* Both ways: two that were one before are no rename. */
		for (size_t k = 0; to && k < n_gone; k++)
			if (k != i && gone[k].kind == JOB_REMOVED &&
				likeness(gone[k].old_job, to->new_job) >=
					likeness(gone[i].old_job, to->new_job))
				to = NULL;
		if (!to)
			continue;
		to->kind = JOB_RENAMED;
		to->old_name = gone[i].old_name;
		to->old_job = gone[i].old_job;
		changes_of_maps(a, to->old_job, to->new_job, &to->keywords);
		gone[i].kind = JOB_RENAMED;
		gone[i].new_job = to->new_job;
	}
}

/* ---- all of it ---- */

static void compare_jobs(
	struct arena *a, const struct side *x, const struct side *y, struct differences *out)
{
	VEC(struct job_change) gone = {NULL, 0, 0}, added = {NULL, 0, 0}, changed = {NULL, 0, 0};
	map_each (struct map_entry *, e, &x->jobs)
		if (!map_has(&y->jobs, e->key))
			vec_push_in(a, &gone,
				((struct job_change){.kind = JOB_REMOVED,
					.old_name = e->key,
					.old_job = e->value}));
	map_each (struct map_entry *, e, &y->jobs) {
		struct job_change c = {.kind = JOB_ADDED, .new_name = e->key, .new_job = e->value};
		c.old_job = map_get(&x->jobs, e->key);
		if (!c.old_job) {
			vec_push_in(a, &added, c);
			continue;
		}
		c.kind = JOB_CHANGED;
		c.old_name = e->key;
		changes_of_maps(a, c.old_job, c.new_job, &c.keywords);
		if (c.keywords.n)
			vec_push_in(a, &changed, c);
	}
	find_renames(a, gone.v, gone.n, added.v, added.n);
	out->jobs = arena_array(a, struct job_change, gone.n + added.n + changed.n + 1);
	for (int kind = JOB_ADDED; kind <= JOB_CHANGED; kind++) {
		vec_each (struct job_change *, c, &added)
			if ((int)c->kind == kind)
				out->jobs[out->n_jobs++] = *c;
		vec_each (struct job_change *, c, &gone)
			if ((int)c->kind == kind && kind == JOB_REMOVED)
				out->jobs[out->n_jobs++] = *c;
		vec_each (struct job_change *, c, &changed)
			if ((int)c->kind == kind)
				out->jobs[out->n_jobs++] = *c;
	}
}

static bool is_in(const struct str *when)
{
	return when && !str_is(*when, "never");
}

static void compare_pipelines(
	struct arena *a, const struct side *x, const struct side *y, struct differences *out)
{
	out->pipeline = arena_array(a, struct pipeline_change, x->in_order.n + y->in_order.n + 1);
	for (int pass = 0; pass < 2; pass++) {
		const struct side *s = pass ? x : y;
		for (size_t i = 0; i < s->in_order.n; i++) {
			struct str name = s->in_order.v[i];
			const struct str *was = map_get(&x->in, name), *is = map_get(&y->in, name);
			if ((pass && is) || (!is_in(was) && !is_in(is)) ||
				(was && is && str_eq(*was, *is)))
				continue;
			out->pipeline[out->n_pipeline++] = (struct pipeline_change){
				name, was ? *was : STR_NULL, is ? *is : STR_NULL};
		}
	}
}

void changes_find(struct arena *a, const struct side *old_side, const struct side *new_side,
	bool pipeline, struct differences *out)
{
	*out = (struct differences){.jobs = NULL};
	changes_of_maps(a, old_side->globals, new_side->globals, &out->globals);
	compare_jobs(a, old_side, new_side, out);
	if (pipeline)
		compare_pipelines(a, old_side, new_side, out);
}
