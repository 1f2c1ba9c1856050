#include "base/base.h"
#include "emulator/runner/layer_list.h"
#include "emulator/runner/layers.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/git/repo.h"
#include "emulator/runner/sources.h"
#include "emulator/runner/sources_internal.h"
#include "emulator/store/store.h"

#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../temp_dir.h"

static const struct sources_view all = {.submodules = 1};
static struct repo repo;

#define TAKEN 1000000

/* A snapshot from words: "dir/" is a folder, "name=N" a file of content N. */
static struct sources *sources_of(struct loop *l, const char *words)
{
	struct sources *s = sources_new(l, NULL);
	struct str_split it = str_split(str_c(words), ' ');
	struct str w;

	s->repo = &repo;
	s->snapshot.taken_s = TAKEN;
	while (str_split_next(&it, &w)) {
		size_t eq = str_chr(w, '=');
		struct entry e = {.kind = ENTRY_DIR, .mode = 0777};

		if (!w.n)
			continue;
		e.path = str_sub(w, 0, w.n - 1);
		if (eq != STR_NPOS) {
			uint64_t n = 0;

			assert_true(parse_u64(str_from(w, eq + 1), &n));
			e = (struct entry){.kind = ENTRY_FILE,
				.path = str_sub(w, 0, eq),
				.mode = 0666,
				.size = 10,
				.mtime_s = (int64_t)n,
				.ctime_s = (int64_t)n,
				.inode = 7,
				.source = STR("/some/file")};
		}
		vec_push_in(&s->snapshot.arena, &s->snapshot.entries, e);
	}
	return s;
}

/* What a snapshot brings above a base of another: "taken;taken|gone;gone". */
static void diff(const char *before, const char *after, struct layer_diff *d, struct buf *out)
{
	struct error err = ERROR_INIT;
	struct loop *l = loop_new(&err);
	struct sources *a = sources_of(l, before), *b = sources_of(l, after);

	buf_clear(out);
	assert_int_equal(layer_list_write(a, &all, dir, STR("base"), &err), 0);
	layer_diff_make(d, b, &all, dir, STR("base"));
	assert_true(d->known);
	for (size_t i = 0; i < d->part->n; i++)
		if (d->part->take[i])
			buf_printf(out, STR_FMT ";", STR_ARG(b->snapshot.entries.v[i].path));
	buf_addc(out, '|');
	for (size_t i = 0; i < d->part->n_gone; i++)
		buf_printf(out, STR_FMT ";", STR_ARG(d->part->gone[i]));
	sources_part_free(d->part);
	sources_free(a);
	sources_free(b);
	assert_int_equal(loop_free(l, &err), 0);
}

static void test_what_changed(void **state)
{
	static const char before[] = "a=1 d/ d/e/ d/e/f=1 d/g=1 z=1";
	static const struct {
		const char *after, *want;
		size_t changed;
	} rows[] = {
		{"a=1 d/ d/e/ d/e/f=1 d/g=1 z=1", "|", 0},
		{"a=2 d/ d/e/ d/e/f=1 d/g=1 z=1", "a;|", 1},
		{"a=1 d/ d/e/ d/e/f=2 d/g=1 z=1", "d;d/e;d/e/f;|", 1}, /* with its folders */
		{"a=1 d/ d/e/ d/e/f=1 z=1", "d;|d/g;", 1},
		{"a=1 z=1", "|d;", 1}, /* a folder goes as one */
		{"a=1 d/ d/g=1 z=1", "d;|d/e;", 1},
		{"a=1 d=1 z=1", "d;|", 1},                            /* a file in its place */
		{"a/ a/b=1 d/ d/e/ d/e/f=1 d/g=1 z=1", "a;a/b;|", 2}, /* the other way */
		{"a=1 d/ d/e/ d/e/f=1 d/g=1 n/ n/m=1 z=1", "n;n/m;|", 2},
		{"", "|a;d;z;", 3},
	};
	struct buf out = BUF_INIT;
	struct layer_diff d;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		diff(before, rows[i].after, &d, &out);
		assert_string_equal(out.p, rows[i].want);
		assert_int_equal(d.changed, rows[i].changed);
		assert_false(d.fresh);
	}
	buf_release(&out);
}

/* Changes are the same when they are the same: that is what a delta is found by. */
static void test_key(void **state)
{
	struct buf out = BUF_INIT;
	struct layer_diff one, same, other, gone;

	UNUSED(state);
	diff("a=1 b=1", "a=2 b=1", &one, &out);
	diff("a=1 b=1", "a=2 b=1", &same, &out);
	diff("a=1 b=1", "a=3 b=1", &other, &out);
	diff("a=1 b=1", "b=1", &gone, &out);
	assert_true(one.key == same.key);
	assert_true(one.key != other.key);
	assert_true(one.key != gone.key);
	buf_release(&out);
}

/* Written in the moment before the look: nobody knows whether it was written once more. */
static void test_fresh(void **state)
{
	struct buf out = BUF_INIT;
	struct layer_diff d;

	UNUSED(state);
	diff("a=1 b=1000000", "a=1 b=1000000", &d, &out);
	assert_string_equal(out.p, "b;|");
	assert_true(d.fresh);
	buf_release(&out);
}

/* Of exactly HEAD the ids count, and the index is the same where they are. */
static void test_ids(void **state)
{
	struct error err = ERROR_INIT;
	struct loop *l = loop_new(&err);
	struct sources *s = sources_of(l, "a=1 .git/ .git/index=1");
	struct layer_diff d;

	UNUSED(state);
	s->snapshot.entries.v[0].id = STR("0123");
	assert_int_equal(layer_list_write(s, &all, dir, STR("head"), &err), 0);
	for (size_t i = 0; i < 3; i++)
		s->snapshot.entries.v[i].mtime_s = s->snapshot.entries.v[i].ctime_s = 9 * TAKEN;
	layer_diff_make(&d, s, &all, dir, STR("head"));
	assert_int_equal(d.changed, 0);
	sources_part_free(d.part);
	s->snapshot.entries.v[0].id = STR("4567");
	layer_diff_make(&d, s, &all, dir, STR("head"));
	assert_int_equal(d.changed, 2);
	sources_part_free(d.part);
	sources_free(s);
	assert_int_equal(loop_free(l, &err), 0);
}

static void test_damaged_list(void **state)
{
	CLEANUP(free) char *path = xasprintf("%s/base.list", dir);
	static const char *const texts[] = {"", "cilocal sources 1 other\n",
		"cilocal sources 1 base\nshort", "cilocal sources 1 base\n0123456789abcdeX-a\0"};
	struct error err = ERROR_INIT;
	struct loop *l = loop_new(&err);
	struct sources *s = sources_of(l, "a=1");
	struct layer_diff d;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(
			store_write_file(path, str_n(texts[i], strlen(texts[i]) + 1), &err), 0);
		layer_diff_make(&d, s, &all, dir, STR("base"));
		assert_false(d.known);
		sources_part_free(d.part);
	}
	sources_free(s);
	assert_int_equal(loop_free(l, &err), 0);
}

static void test_state(void **state)
{
	struct layer_state s = {.base = STR("one"), .delta = STR("two"), .delta_key = 77}, r;
	struct arena a = ARENA_INIT;
	struct error err = ERROR_INIT;

	UNUSED(state);
	assert_int_equal(layer_state_write(&s, dir, &err), 0);
	layer_state_read(&r, dir, &a);
	assert_true(str_is(r.base, "one") && str_is(r.delta, "two") && r.delta_key == 77);
	assert_true(layer_state_has(dir, STR("one")));
	assert_true(layer_state_has(dir, STR("two")));
	assert_false(layer_state_has(dir, STR("three")));
	assert_false(layer_state_has(dir, STR_NULL));
	s = (struct layer_state){.unable = STR("no\nway")};
	assert_int_equal(layer_state_write(&s, dir, &err), 0);
	layer_state_read(&r, dir, &a);
	assert_true(str_is(r.unable, "no") && !r.base.n);
	arena_release(&a);
}

static void test_volumes(void **state)
{
	struct layer_mount m = {STR("/v"), STR("/v/d/_data:/v/b/_data")};
	struct arena a = ARENA_INIT;
	struct volume_spec v[2];
	char *longer = xmalloc(5001);

	UNUSED(state);
	assert_true(layers_volumes(&a, &m, STR("job"), (struct docker_kvs){0}, v));
	assert_true(str_is(v[0].name, "job-tree") && str_is(v[1].name, "job-work"));
	assert_true(str_is(docker_kv_get(v[0].driver_opts, "o"),
		"lowerdir=/v/d/_data:/v/b/_data,upperdir=/v/job-tree/_data,"
		"workdir=/v/job-work/_data,redirect_dir=on,index=off,metacopy=off"));
	memset(longer, 'x', 5000);
	m.lower = str_n(longer, 5000);
	assert_false(layers_volumes(&a, &m, STR("job"), (struct docker_kvs){0}, v));
	free(longer);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_changed),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_damaged_list),
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_volumes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
