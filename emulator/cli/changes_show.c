#include "base/base.h"

#include "emulator/cli/changes_show.h"
#include "emulator/cli/changes.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/line_diff.h"
#include "emulator/cli/load.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "base/map.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

#include <unistd.h>

/* Lines around a change that are shown with it. */
#define CONTEXT 2
/* So many names of jobs that changed in the same way are told. */
#define MAX_ALIKE 12

/* ---- text ---- */

/* A mapping of the one keyword, as YAML; empty for NULL. */
static struct str as_yaml(struct arena *a, struct str keyword, const struct node *value)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct node *m = tree_map(a);
	if (!value)
		return STR_NULL;
	node_map_put(a, m, node_new_str(a, keyword, SPAN_NONE), (struct node *)value);
	yaml_write(&b, m);
	return arena_str(a, buf_str(&b));
}

static void put_line(struct cli *c, char mark, struct str text)
{
	struct buf *out = &c->out;
	const char *color = mark == '-' ? "\033[31m" : mark == '+' ? "\033[32m" : "";
	if (c->color_out)
		buf_adds(out, color);
	buf_printf(out, "  %c ", mark);
	plain_text(out, text);
	buf_trim_blanks(out);
	if (c->color_out && *color)
		buf_adds(out, "\033[0m");
	buf_addc(out, '\n');
}

/* The first line, which names the keyword, is shown with any change; so are the lines around one.
 */
static bool is_shown(const struct diff_line *v, size_t n, size_t i)
{
	size_t from = i > CONTEXT ? i - CONTEXT : 0, to = MIN(n, i + CONTEXT + 1);
	for (size_t k = from; k < to; k++)
		if (v[k].kind != LINE_SAME)
			return true;
	return i == 0;
}

static void say_value(struct cli *c, struct str keyword, const struct node *old_value,
	const struct node *new_value)
{
	struct arena *a = &c->arena;
	struct diff_line *v;
	size_t n = line_diff(a, as_yaml(a, keyword, old_value), as_yaml(a, keyword, new_value), &v);
	bool gap = false;
	for (size_t i = 0; i < n; i++) {
		if (!is_shown(v, n, i)) {
			gap = true;
			continue;
		}
		if (gap)
			put_line(c, ' ', STR("..."));
		gap = false;
		put_line(c,
			v[i].kind == LINE_OLD   ? '-'
			: v[i].kind == LINE_NEW ? '+'
						: ' ',
			v[i].text);
	}
	if (gap)
		put_line(c, ' ', STR("..."));
}

static void say_keywords(struct cli *c, const struct change_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		say_value(c, list->v[i].keyword, list->v[i].old_value, list->v[i].new_value);
}

static void head(struct cli *c, struct str text)
{
	struct buf *out = &c->out;
	if (out->n)
		buf_addc(out, '\n');
	buf_adds(out, c->color_out ? "\033[1m" : "");
	plain_text(out, text);
	buf_adds(out, c->color_out ? "\033[0m\n" : "\n");
}

static void say_job(struct cli *c, const struct job_change *j)
{
	struct arena *a = &c->arena;
	const struct node *whole = j->kind == JOB_ADDED ? j->new_job : j->old_job;
	switch (j->kind) {
	case JOB_ADDED:
	case JOB_REMOVED:
		head(c, arena_printf(a, "job %s: " STR_FMT,
				j->kind == JOB_ADDED ? "added" : "removed",
				STR_ARG(j->kind == JOB_ADDED ? j->new_name : j->old_name)));
		node_each_pair(pair, whole)
			say_value(c, pair->key->text, j->kind == JOB_ADDED ? NULL : pair->value,
				j->kind == JOB_ADDED ? pair->value : NULL);
		break;
	case JOB_RENAMED:
		head(c, arena_printf(a, "job renamed: " STR_FMT " -> " STR_FMT,
				STR_ARG(j->old_name), STR_ARG(j->new_name)));
		say_keywords(c, &j->keywords);
		break;
	case JOB_CHANGED:
		break;
	}
}

/* Jobs that changed in the same way, as many do with a default, are told of once. */
struct alike {
	struct str names, body;
	size_t n;
};

static void say_changed(struct cli *c, const struct differences *ch)
{
	struct arena *a = &c->arena;
	struct alike *v = arena_array(a, struct alike, ch->n_jobs + 1);
	struct buf before = c->out;
	struct map known;
	size_t n = 0;
	map_init(&known, a);
	for (size_t i = 0; i < ch->n_jobs; i++) {
		const struct job_change *j = &ch->jobs[i];
		if (j->kind != JOB_CHANGED)
			continue;
		c->out = (struct buf)BUF_INIT;
		say_keywords(c, &j->keywords);
		struct alike *same = map_get(&known, buf_str(&c->out));
		if (!same) {
			same = &v[n++];
			same->body = arena_str(a, buf_str(&c->out));
			map_put(&known, same->body, same);
		}
		if (same->n++ < MAX_ALIKE)
			same->names = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(same->names),
				same->n > 1 ? ", " : "", STR_ARG(j->new_name));
		buf_release(&c->out);
	}
	c->out = before;
	for (size_t i = 0; i < n; i++) {
		struct str more = v[i].n > MAX_ALIKE
					  ? arena_printf(a, " and %zu more", v[i].n - MAX_ALIKE)
					  : STR_NULL;
		head(c, arena_printf(a, "job%s changed: " STR_FMT STR_FMT, v[i].n == 1 ? "" : "s",
				STR_ARG(v[i].names), STR_ARG(more)));
		buf_addstr(&c->out, v[i].body);
	}
}

static const char *in_words(struct str when)
{
	return !when.n || str_is(when, "never") ? "not in" : when.p;
}

static void say_pipeline(struct cli *c, const struct differences *ch, const char *event)
{
	size_t width = 0;
	head(c, arena_printf(&c->arena, "jobs in the pipeline of %s:%s", event,
			ch->n_pipeline ? "" : " the same"));
	for (size_t i = 0; i < ch->n_pipeline; i++)
		width = MAX(width, str_width(ch->pipeline[i].name));
	for (size_t i = 0; i < ch->n_pipeline; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		const struct pipeline_change *p = &ch->pipeline[i];
		const char *was = in_words(p->old_when), *is = in_words(p->new_when);
		bool now_in = strcmp(is, "not in") != 0, was_in = strcmp(was, "not in") != 0;
		pad_text(&b, p->name, width);
		if (now_in && was_in)
			buf_printf(&b, "  %s -> %s", was, is);
		else
			buf_printf(&b, "  %s", now_in ? is : was);
		put_line(c, now_in && was_in ? '~' : now_in ? '+' : '-', buf_str(&b));
	}
}

static void say_sum(struct cli *c, const struct differences *ch)
{
	static const char *const words[] = {"added", "removed", "renamed", "changed"};
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t n[ARRAY_SIZE(words)] = {0};
	for (size_t i = 0; i < ch->n_jobs; i++)
		n[ch->jobs[i].kind]++;
	for (size_t k = 0; k < ARRAY_SIZE(words); k++)
		if (n[k])
			buf_printf(&b, "%s%zu %s", b.n ? ", " : "", n[k], words[k]);
	struct str jobs = arena_str(&c->arena, buf_str(&b));
	buf_clear(&b);
	for (size_t i = 0; i < ch->globals.n; i++)
		buf_printf(&b, "%s" STR_FMT, b.n ? ", " : "", STR_ARG(ch->globals.v[i].keyword));
	struct str line = arena_printf(&c->arena, "%s" STR_FMT "%s" STR_FMT "%s",
		jobs.n ? "jobs: " : "", STR_ARG(jobs), jobs.n && b.n ? "; " : "",
		STR_ARG(buf_str(&b)), b.n ? " changed" : "");
	buf_adds(&c->out, c->color_out ? "\n\033[1m" : "\n");
	wrap_text(&c->out, line, 0, 2, c->tty_out ? term_columns(STDOUT_FILENO) : 0);
	buf_adds(&c->out, c->color_out ? "\033[0m\n" : "\n");
}

void changes_say(struct load *l, const struct differences *ch, const char *event)
{
	struct cli *c = l->c;
	for (size_t i = 0; i < ch->globals.n; i++) {
		const struct change *g = &ch->globals.v[i];
		head(c, g->keyword);
		say_value(c, g->keyword, g->old_value, g->new_value);
	}
	for (size_t i = 0; i < ch->n_jobs; i++)
		say_job(c, &ch->jobs[i]);
	say_changed(c, ch);
	if (event)
		say_pipeline(c, ch, event);
	if (!c->quiet && (ch->n_jobs || ch->globals.n))
		say_sum(c, ch);
}

/* ---- JSON ---- */

static void put_value(struct arena *a, struct node *m, const char *key, const struct node *value)
{
	if (value)
		tree_put(a, m, key, (struct node *)value);
	else
		tree_null(a, m, key);
}

static void push_change(struct arena *a, struct node *seq, struct str keyword, struct str key,
	const struct node *old_value, const struct node *new_value)
{
	struct node *m = tree_map(a);
	tree_str(a, m, "keyword", keyword);
	tree_opt(a, m, "key", key);
	put_value(a, m, "old", old_value);
	put_value(a, m, "new", new_value);
	node_seq_push(a, seq, m);
}

/* Of two mappings each key that differs, else the values as they are. */
static struct node *list_tree(struct arena *a, const struct change_list *list)
{
	struct node *seq = tree_seq(a);
	for (size_t i = 0; i < list->n; i++) {
		const struct change *c = &list->v[i];
		if (!node_is(c->old_value, NODE_MAP) || !node_is(c->new_value, NODE_MAP)) {
			push_change(a, seq, c->keyword, STR_NULL, c->old_value, c->new_value);
			continue;
		}
		struct change_list keys = {NULL, 0, 0};
		changes_of_maps(a, c->old_value, c->new_value, &keys);
		vec_each (const struct change *, k, &keys)
			push_change(a, seq, c->keyword, k->keyword, k->old_value, k->new_value);
	}
	return seq;
}

static struct node *jobs_tree(struct arena *a, const struct differences *ch)
{
	static const char *const names[] = {"added", "removed", "renamed", "changed"};
	struct node *m = tree_map(a), *lists[ARRAY_SIZE(names)];
	for (size_t k = 0; k < ARRAY_SIZE(names); k++)
		tree_put(a, m, names[k], lists[k] = tree_seq(a));
	for (size_t i = 0; i < ch->n_jobs; i++) {
		const struct job_change *j = &ch->jobs[i];
		struct node *one = tree_map(a);
		tree_str(a, one, "job", j->new_name.n ? j->new_name : j->old_name);
		if (j->kind == JOB_RENAMED)
			tree_str(a, one, "from", j->old_name);
		if (j->kind == JOB_RENAMED || j->kind == JOB_CHANGED)
			tree_put(a, one, "changes", list_tree(a, &j->keywords));
		else
			put_value(a, one, "definition", j->new_job ? j->new_job : j->old_job);
		node_seq_push(a, lists[j->kind], one);
	}
	return m;
}

struct node *changes_tree(struct load *l, const struct differences *ch, const struct side *old_side,
	const struct side *new_side, const char *event)
{
	struct arena *a = &l->c->arena;
	struct node *m = tree_map(a), *pipeline = event ? tree_seq(a) : NULL;
	tree_str(a, m, "old", old_side->name);
	tree_str(a, m, "new", new_side->name);
	tree_bool(a, m, "differs", ch->n_jobs || ch->globals.n || ch->n_pipeline);
	tree_put(a, m, "global", list_tree(a, &ch->globals));
	tree_put(a, m, "jobs", jobs_tree(a, ch));
	for (size_t i = 0; pipeline && i < ch->n_pipeline; i++) {
		struct node *one = tree_map(a);
		tree_str(a, one, "job", ch->pipeline[i].name);
		tree_opt(a, one, "old", ch->pipeline[i].old_when);
		tree_opt(a, one, "new", ch->pipeline[i].new_when);
		node_seq_push(a, pipeline, one);
	}
	put_value(a, m, "pipeline", pipeline);
	return m;
}
