/* Helpers of the tests of src/yaml: text in, Ruby's inspect of the value (or of the error) out. */
#ifndef TESTS_YAML_TEST_H
#define TESTS_YAML_TEST_H

#include "../unit.h"

#include "base/diag.h"
#include "source/source.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

struct reading {
	struct source_set set;
	struct diags d;
	const struct source *src;
	struct node *root;
	struct yaml_file file;
	bool ok;
};

static inline void start_reading(struct reading *r, struct str text)
{
	source_set_init(&r->set, &test_arena);
	diags_init(&r->d, &test_arena);
	r->src = source_get(&r->set, source_add(&r->set, STR("t.yml"), text, SPAN_NONE));
}

static inline struct node *read_text(struct reading *r, struct str text)
{
	start_reading(r, text);
	r->root = yaml_read(&test_arena, r->src, &r->d);
	return r->root;
}

static inline struct node *read_file(struct reading *r, struct str text)
{
	start_reading(r, text);
	r->ok = yaml_read_file(&test_arena, r->src, &r->d, &r->file);
	return r->file.content;
}

static inline const char *inspected(const struct node *n)
{
	struct buf b = BUF_INIT;
	struct str s;

	node_inspect(&b, n);
	s = arena_str(&test_arena, buf_str(&b));
	buf_release(&b);
	return s.p;
}

static inline const struct diag *first_of(const struct reading *r, enum diag_level level)
{
	const struct diag *d = r->d.first;

	while (d && d->level != level)
		d = d->next;
	return d;
}

/* The value, or "!" and GitLab's words for what is wrong with it. */
static inline const char *outcome(const char *text)
{
	struct reading r;
	const struct diag *e;

	if (read_text(&r, str_c(text)))
		return inspected(r.root);
	e = first_of(&r, DIAG_ERROR);
	return arena_printf(&test_arena, "!" STR_FMT, STR_ARG(e->gitlab)).p;
}

struct row {
	const char *text, *want;
};

static inline void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = outcome(rows[i].text);

		if (strcmp(got, rows[i].want))
			fail_msg("'%s': wanted %s, got %s", rows[i].text, rows[i].want, got);
	}
}

#endif
