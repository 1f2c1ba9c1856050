/* What a test found, for people and for programs. */
#include "base/base.h"

#include "emulator/cli/test.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "emulator/cli/xml.h"
#include "source/source.h"
#include "yaml/node.h"

struct sums {
	size_t passed, failed;
	double seconds;
};

static struct sums sums_of(const struct test_file *f)
{
	struct sums s = {0};
	vec_each (const struct test_case *, t, &f->cases) {
		if (!t->done)
			continue;
		s.seconds += t->seconds;
		if (t->differences.n)
			s.failed++;
		else
			s.passed++;
	}
	return s;
}

static struct sums sums_of_all(const struct test_report *r)
{
	struct sums all = {0};
	for (size_t i = 0; i < r->n_files; i++) {
		struct sums s = sums_of(&r->files[i]);
		all.passed += s.passed;
		all.failed += s.failed;
		all.seconds += s.seconds;
	}
	return all;
}

/* ---- text ---- */

static void put_side(struct buf *out, char sign, const char *color, const struct str *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "    %s%c ", color, sign);
		plain_text(out, v[i]);
		buf_adds(out, *color ? "\033[0m\n" : "\n");
	}
}

/* A difference as lines with a sign: what was expected, what there is. */
static void put_difference(
	struct buf *out, const struct test_report *r, const struct test_difference *d, bool color)
{
	struct str at = place_text(&r->c->arena, r->sources, d->at);
	buf_printf(out, "  " STR_FMT ": " STR_FMT "\n", STR_ARG(at), STR_ARG(d->what));
	put_side(out, '-', color ? "\033[31m" : "", d->expected.v, d->expected.n);
	put_side(out, '+', color ? "\033[32m" : "", d->got.v, d->got.n);
	for (size_t i = 0; i < d->notes.n; i++) {
		buf_adds(out, "      ");
		plain_text(out, d->notes.v[i]);
		buf_addc(out, '\n');
	}
}

void test_say_case(const struct test_report *r, const struct test_case *t)
{
	struct cli *c = r->c;
	bool failed = t->differences.n > 0;
	if (!failed && c->quiet)
		return;
	const char *color = !c->color_out ? "" : failed ? "\033[31m" : "\033[32m";
	buf_printf(&c->out, "%s%-6s%s", color, failed ? "FAILED" : "ok", *color ? "\033[0m" : "");
	buf_adds(&c->out, " ");
	plain_text(&c->out, t->name);
	buf_addc(&c->out, '\n');
	vec_each (const struct test_difference *, d, &t->differences) {
		put_difference(&c->out, r, d, c->color_out);
	}
}

void test_say_sum(const struct test_report *r)
{
	struct sums s = sums_of_all(r);
	if (r->c->quiet && !s.failed)
		return;
	buf_printf(&r->c->out, "%s%zu passed, %zu failed (%.1f s)\n", s.failed ? "\n" : "",
		s.passed, s.failed, s.seconds);
	if (s.failed)
		buf_adds(&r->c->out, "'-' is what the test expects, '+' what there is\n");
}

/* ---- JSON ---- */

static struct node *texts_tree(struct arena *a, const struct str *v, size_t n)
{
	struct node *seq = tree_seq(a);
	for (size_t i = 0; i < n; i++)
		tree_push_str(a, seq, v[i]);
	return seq;
}

static struct node *case_tree(const struct test_report *r, const struct test_case *t)
{
	struct arena *a = &r->c->arena;
	struct node *m = tree_map(a), *list = tree_seq(a);
	tree_str(a, m, "name", t->name);
	tree_place(a, m, "source", r->sources, t->at);
	tree_bool(a, m, "passed", !t->differences.n);
	tree_seconds(a, m, "duration", t->seconds);
	vec_each (const struct test_difference *, d, &t->differences) {
		struct node *one = tree_map(a);
		tree_str(a, one, "what", d->what);
		tree_place(a, one, "source", r->sources, d->at);
		tree_put(a, one, "expected", texts_tree(a, d->expected.v, d->expected.n));
		tree_put(a, one, "got", texts_tree(a, d->got.v, d->got.n));
		tree_put(a, one, "notes", texts_tree(a, d->notes.v, d->notes.n));
		node_seq_push(a, list, one);
	}
	tree_put(a, m, "differences", list);
	return m;
}

void test_print_json(const struct test_report *r)
{
	struct arena *a = &r->c->arena;
	struct sums s = sums_of_all(r);
	struct node *m = tree_map(a), *cases = tree_seq(a);
	tree_int(a, m, "passed", (int64_t)s.passed);
	tree_int(a, m, "failed", (int64_t)s.failed);
	for (size_t i = 0; i < r->n_files; i++)
		vec_each (const struct test_case *, t, &r->files[i].cases) {
			if (t->done)
				node_seq_push(a, cases, case_tree(r, t));
		}
	tree_put(a, m, "cases", cases);
	tree_print(r->c, m);
}

/* ---- JUnit ---- */

static void attribute(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, " %s=\"", name);
	xml_text(out, value, false);
	buf_addc(out, '"');
}

static void put_case(struct buf *out, const struct test_report *r, const struct test_file *f,
	const struct test_case *t)
{
	buf_adds(out, "    <testcase");
	attribute(out, "name", t->name);
	attribute(out, "classname", f->path);
	attribute(out, "file", f->path);
	buf_printf(out, " line=\"%u\" time=\"%.3f\"", (unsigned)t->at.begin.line, t->seconds);
	if (!t->differences.n) {
		buf_adds(out, "/>\n");
		return;
	}
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	vec_each (const struct test_difference *, d, &t->differences) {
		put_difference(&text, r, d, false);
	}
	buf_adds(out, ">\n      <failure type=\"difference\"");
	attribute(out, "message", t->differences.v[0].what);
	buf_addc(out, '>');
	xml_text(out, buf_str(&text), true);
	buf_adds(out, "</failure>\n    </testcase>\n");
}

static void put_sums(struct buf *out, struct sums s)
{
	buf_printf(out, " tests=\"%zu\" failures=\"%zu\" time=\"%.3f\">\n", s.passed + s.failed,
		s.failed, s.seconds);
}

void test_put_junit(const struct test_report *r, struct buf *out)
{
	buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"cilocal\"");
	put_sums(out, sums_of_all(r));
	for (size_t i = 0; i < r->n_files; i++) {
		buf_adds(out, "  <testsuite");
		attribute(out, "name", r->files[i].path);
		put_sums(out, sums_of(&r->files[i]));
		vec_each (const struct test_case *, t, &r->files[i].cases) {
			if (t->done)
				put_case(out, r, &r->files[i], t);
		}
		buf_adds(out, "  </testsuite>\n");
	}
	buf_adds(out, "</testsuites>\n");
}
