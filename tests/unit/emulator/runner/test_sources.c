#include "base/base.h"
#include "emulator/git/snapshot.h"
#include "emulator/runner/sources.h"
#include "emulator/runner/sources_internal.h"
#include "emulator/git/repo.h"
#include "emulator/store/archive.h"
#include "emulator/store/store.h"

#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../temp_dir.h"

struct pull {
	struct tar_stream *t;
	struct tar_reader *r;
	bool done;
};

static void wake(void *arg)
{
	struct pull *p = arg;
	struct error err = ERROR_INIT;
	char part[4096];
	long n;

	while ((n = tar_stream_read(p->t, part, sizeof(part))) > 0)
		assert_int_equal(tar_reader_push(p->r, part, (size_t)n, &err), 0);
	if (n == 0)
		return;
	assert_int_equal(n, -1);
	p->done = true;
}

/* Without a repository a job gets an empty folder of its own, and the one beside it. */
static void test_empty_tar(void **state)
{
	CLEANUP(free) char *tmp = xasprintf("%s/builds/g/p.tmp", dir);
	struct error err = ERROR_INIT;
	struct loop *l = loop_new(&err);
	struct sources *s = sources_new(l, NULL);
	struct pull p = {.r = tar_reader_new(dir)};
	struct stat st;

	UNUSED(state);
	p.t = sources_tar(s, STR("/builds/g/p"), &(struct sources_view){0}, wake, &p);
	sources_free(s);
	wake(&p);
	loop_run(l);
	assert_true(p.done);
	tar_stream_free(p.t);
	assert_int_equal(tar_reader_end(p.r, &err), 0);
	assert_int_equal(tar_reader_entries(p.r), 4);
	tar_reader_free(p.r);
	assert_int_equal(stat(tmp, &st), 0);
	assert_int_equal(loop_free(l, &err), 0);
}

static void on_copied(void *arg, const struct error *err)
{
	assert_null(err);
	*(bool *)arg = true;
}

/* The job's repository borrows the objects: none is copied, and its own folder takes new ones. */
static void test_objects_are_borrowed(void **state)
{
	static const char *const folders[] = {
		".git", ".git/objects", ".git/objects/pack", ".git/objects/ab", NULL};
	const struct repo repo = {.common_dir = STR_INIT("/home/user/project/.git")};
	CLEANUP(free) char *to = xasprintf("%s/copy", dir);
	CLEANUP(free) char *object = xasprintf("%s/.git/objects/ab", to);
	CLEANUP(free) char *packs = xasprintf("%s/.git/objects/pack", to);
	CLEANUP(free) char *path = xasprintf("%s/.git/objects/info/alternates", to);
	struct error err = ERROR_INIT;
	struct loop *l = loop_new(&err);
	struct sources *s = sources_new(l, NULL);
	const struct sources_view view = {.empty = false};
	bool done = false;
	char line[256];
	FILE *f;

	UNUSED(state);
	s->repo = &repo;
	for (size_t i = 0; folders[i]; i++) {
		struct entry e = {.kind = ENTRY_DIR, .path = str_c(folders[i])};

		vec_push_in(&s->snapshot.arena, &s->snapshot.entries, e);
	}
	sources_copy_start(s, str_c(dir), str_c(to), &view, on_copied, &done);
	sources_free(s);
	loop_run(l);
	assert_true(done);
	assert_int_equal(access(packs, F_OK), 0);
	assert_int_equal(access(object, F_OK), -1);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	assert_string_equal(line, "/home/user/project/.git/objects\n");
	assert_int_equal(loop_free(l, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_tar),
		cmocka_unit_test(test_objects_are_borrowed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
