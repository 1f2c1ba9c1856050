#include "base/base.h"

#include "emulator/cli/family.h"
#include "emulator/cli/children.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/jobs.h"
#include "emulator/cli/tree.h"
#include "emulator/gitlab/run.h"
#include "config/config.h"
#include "pipeline/pipeline.h"
#include "yaml/node.h"

/* Compiled pipelines stay until all is printed: what is shown borrows their texts. */
struct member {
	struct child ch;
	struct member *next;
};
struct family {
	struct cli *c;
	bool all;
	struct load *top;
	struct member *members;
};

static struct child *add(struct family *f, struct load *l, const struct job *job)
{
	struct member *m = xcalloc(1, sizeof(*m));
	m->next = f->members;
	f->members = m;
	child_load(l, job, &m->ch);
	if (m->ch.state == CHILD_BUILT)
		load_mask_pipeline(f->top, m->ch.load.pipeline);
	return &m->ch;
}

static void release(struct family *f)
{
	while (f->members) {
		struct member *m = f->members;
		f->members = m->next;
		child_release(&m->ch);
		free(m);
	}
}

static struct job **listed(const struct family *f, const struct pipeline *p, size_t *n)
{
	*n = f->all ? p->n_all : p->n_jobs;
	return f->all ? p->all : p->jobs;
}

static struct str child_prefix(struct arena *a, struct str prefix, const struct job *job)
{
	return arena_printf(a, STR_FMT STR_FMT BRIDGE_ARROW, STR_ARG(prefix), STR_ARG(job->name));
}

/* ---- table ---- */

static void table_of(struct family *f, struct load *l, struct str prefix, unsigned depth)
{
	struct cli *c = f->c;
	size_t n;
	struct job **jobs = listed(f, l->pipeline, &n);
	for (size_t i = 0; i < n; i++) {
		if (!jobs[i]->def->trigger)
			continue;
		struct child *ch = add(f, l, jobs[i]);
		struct str name = arena_printf(
			&c->arena, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(jobs[i]->name));
		buf_addc(&c->out, '\n');
		child_head(c, ch, name);
		if (ch->state != CHILD_BUILT)
			continue;
		jobs_table(c, ch->load.pipeline, f->all);
		if (depth < CHILD_DEPTH) {
			table_of(f, &ch->load, child_prefix(&c->arena, prefix, jobs[i]), depth + 1);
			l->sources = ch->load.sources;
		}
	}
}

void family_table(struct cli *c, struct load *l, bool all)
{
	struct family f = {.c = c, .all = all, .top = l};
	jobs_table(c, l->pipeline, all);
	table_of(&f, l, STR(""), 1);
	release(&f);
}

/* ---- CSV ---- */

static void csv_of(struct family *f, struct load *l, struct str prefix, unsigned depth)
{
	struct cli *c = f->c;
	size_t n;
	struct job **jobs = listed(f, l->pipeline, &n);
	jobs_csv(c, l->pipeline, f->all, prefix);
	for (size_t i = 0; i < n && depth <= CHILD_DEPTH; i++) {
		if (!jobs[i]->def->trigger)
			continue;
		struct child *ch = add(f, l, jobs[i]);
		if (ch->state == CHILD_BUILT)
			csv_of(f, &ch->load, child_prefix(&c->arena, prefix, jobs[i]), depth + 1);
		l->sources = ch->load.sources;
	}
}

void family_csv(struct cli *c, struct load *l, bool all)
{
	struct family f = {.c = c, .all = all, .top = l};
	csv_of(&f, l, STR_NULL, 1);
	release(&f);
}

/* ---- JSON ---- */

static struct node *tree_of(struct family *f, struct load *l, unsigned depth)
{
	struct arena *a = &f->c->arena;
	size_t n;
	struct job **jobs = listed(f, l->pipeline, &n);
	struct node *root = pipeline_dump(a, l->pipeline, f->all);
	const struct node *list = node_get(root, "jobs");
	for (size_t i = 0; i < n && i < list->u.seq.n; i++) {
		struct node *item = list->u.seq.items[i];
		if (!jobs[i]->def->trigger || depth > CHILD_DEPTH) {
			tree_null(a, item, "downstream");
			continue;
		}
		struct child *ch = add(f, l, jobs[i]);
		struct node *m = child_tree(a, ch);
		if (ch->state == CHILD_BUILT)
			tree_put(a, m, "pipeline", tree_of(f, &ch->load, depth + 1));
		tree_put(a, item, "downstream", m);
		l->sources = ch->load.sources;
	}
	return root;
}

void family_json(struct cli *c, struct load *l, bool all)
{
	struct family f = {.c = c, .all = all, .top = l};
	tree_print(c, tree_of(&f, l, 1));
	release(&f);
}
