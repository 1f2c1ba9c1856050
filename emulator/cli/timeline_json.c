/* The timeline for programs. */
#include "base/base.h"

#include "emulator/cli/timeline.h"
#include "emulator/cli/tree.h"
#include "emulator/store/run_record.h"
#include "yaml/node.h"

void timeline_tree_job(const struct timeline *t, size_t i, struct arena *a, struct node *to)
{
	const struct timeline_job *j = &t->jobs[i];
	struct node *list = tree_seq(a);
	for (size_t k = 0; k < j->record->n_phases; k++) {
		const struct job_phase *p = &j->record->phases[k];
		struct node *m = tree_map(a);
		tree_str(a, m, "name", p->name);
		tree_seconds(a, m, "start", p->start);
		tree_seconds(a, m, "duration", p->duration);
		node_seq_push(a, list, m);
	}
	tree_opt(a, to, "after", j->record->after);
	tree_bool(a, to, "critical", j->critical);
	tree_put(a, to, "phases", list);
}

void timeline_tree(const struct timeline *t, struct arena *a, struct node *to)
{
	/* In the order of enum time_kind. */
	static const char *const keys[] = {
		"waiting", "images", "preparing", "files", "scripts", "pipelines"};
	_Static_assert(ARRAY_SIZE(keys) == TIME_KINDS, "a key for each kind");
	struct node *sums = tree_map(a), *chain = tree_map(a), *jobs = tree_seq(a);
	for (size_t k = 0; k < TIME_KINDS; k++)
		tree_seconds(a, sums, keys[k], t->sums[k]);
	tree_put(a, to, "time", sums);
	for (size_t i = 0; i < t->n_chain; i++)
		tree_push_str(a, jobs, t->jobs[t->chain[i]].record->name);
	tree_seconds(a, chain, "duration", t->chain_s);
	tree_put(a, chain, "jobs", jobs);
	tree_put(a, to, "longest_chain", chain);
	tree_seconds(a, to, "setup", t->run->setup);
}

/* ---- trace events ---- */

static int64_t microseconds(double s)
{
	return (int64_t)(s * 1e6 + 0.5);
}

static struct node *event(struct arena *a, const char *kind, struct str name, size_t row)
{
	struct node *m = tree_map(a);
	tree_str(a, m, "name", name);
	tree_str(a, m, "ph", str_c(kind));
	tree_int(a, m, "pid", 1);
	tree_int(a, m, "tid", (int64_t)row);
	return m;
}

/* What a row of the viewer (0: the whole picture) is called, or where it stands. */
static void add_meta(struct arena *a, struct node *list, const char *what, size_t row,
	struct str name, int64_t index)
{
	struct node *m = event(a, "M", str_c(what), row), *args = tree_map(a);
	if (name.n)
		tree_str(a, args, "name", name);
	else
		tree_int(a, args, "sort_index", index);
	tree_put(a, m, "args", args);
	node_seq_push(a, list, m);
}

static void add_slice(struct arena *a, struct node *list, struct str name, const char *category,
	size_t row, double start, double end, struct node *args)
{
	struct node *m = event(a, "X", name, row);
	tree_str(a, m, "cat", str_c(category));
	tree_int(a, m, "ts", microseconds(start));
	tree_int(a, m, "dur", microseconds(end) - microseconds(start));
	if (args)
		tree_put(a, m, "args", args);
	node_seq_push(a, list, m);
}

/* The job itself; what it did is below it, since its times are within. */
static void add_job(const struct timeline *t, struct arena *a, struct node *list, size_t i)
{
	const struct timeline_job *j = &t->jobs[i];
	struct node *args = tree_map(a);
	size_t first = 0;
	add_meta(a, list, "thread_name", i + 1, j->record->name, 0);
	add_meta(a, list, "thread_sort_index", i + 1, STR_NULL, (int64_t)i);
	if (!j->n_parts)
		return;
	while (first + 1 < j->n_parts && j->parts[first].kind == TIME_WAIT)
		first++;
	tree_str(a, args, "stage", j->record->stage);
	tree_str(a, args, "status", j->record->status);
	tree_bool(a, args, "critical", j->critical);
	add_slice(a, list, j->record->name, "job", i + 1, j->parts[first].start, j->end, args);
	for (size_t k = 0; k < j->n_parts; k++)
		if (j->parts[k].name.n)
			add_slice(a, list, j->parts[k].name, time_kind_name(j->parts[k].kind),
				i + 1, j->parts[k].start, j->parts[k].end, NULL);
}

struct node *timeline_trace(const struct timeline *t, struct arena *a)
{
	struct node *m = tree_map(a), *list = tree_seq(a);
	add_meta(a, list, "process_name", 0,
		arena_printf(a, "cilocal run " STR_FMT, STR_ARG(t->run->id)), 0);
	for (size_t i = 0; i < t->run->n_jobs; i++)
		add_job(t, a, list, i);
	tree_put(a, m, "traceEvents", list);
	tree_str(a, m, "displayTimeUnit", STR("ms"));
	return m;
}
