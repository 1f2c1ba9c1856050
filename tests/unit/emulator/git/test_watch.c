#include "base/base.h"
#include "emulator/git/watch.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/git/repo.h"

#include <setjmp.h>
#include <cmocka.h>

#include "git_fixture.h"

struct scene {
	struct loop *loop;
	struct repo repo;
	struct tree_watch *w;
	struct loop_timer limit;
	unsigned woken;
};

static void on_woken(void *arg)
{
	struct scene *s = arg;

	s->woken++;
	loop_stop(s->loop);
}

static void on_limit(void *arg)
{
	loop_stop(((struct scene *)arg)->loop);
}

/* Whether it is woken within this time. */
static bool wakes(struct scene *s, uint64_t ms)
{
	unsigned before = s->woken;

	loop_timer_start(s->loop, &s->limit, ms, on_limit, s);
	loop_run(s->loop);
	loop_timer_stop(&s->limit);
	return s->woken > before;
}

/* The changed files of one look, sorted as they come, blanks between. */
static void looks(struct scene *s, const char *expected)
{
	struct arena a = ARENA_INIT;
	struct error err = ERROR_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct str_list changed;

	if (tree_watch_look(s->w, &a, &changed, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < changed.n; i++)
		buf_printf(&text, "%s" STR_FMT, i ? " " : "", STR_ARG(changed.v[i]));
	assert_string_equal(text.p, expected);
	arena_release(&a);
}

static void begin(struct scene *s, const char *script)
{
	CLEANUP(free) char *path = xasprintf("%s/p", dir);
	struct error err = ERROR_INIT;

	memset(s, 0, sizeof(*s));
	assert_int_equal(sh("rm -rf p; git init -q p"), 0);
	assert_int_equal(sh(script), 0);
	if (repo_open(&s->repo, path, &err) || !(s->loop = loop_new(&err)))
		fail_msg("%s", err.text);
	s->w = tree_watch_new(s->loop, &s->repo, on_woken, s);
	looks(s, "");
}

static void end(struct scene *s)
{
	struct error err = ERROR_INIT;

	tree_watch_free(s->w);
	if (loop_free(s->loop, &err))
		fail_msg("%s", err.text);
	repo_release(&s->repo);
}

static void test_changes(void **state)
{
	struct scene s;

	UNUSED(state);
	begin(&s, "cd p; mkdir -p a/b c ign; echo ign/ >.gitignore; echo 1 >a/b/x; echo 1 >c/y; "
		  "ln -s nowhere l; git add -A; git commit -q -m one");
	assert_int_equal(tree_watch_state(s.w).files, 4);
	assert_int_equal(tree_watch_state(s.w).folders, 5); /* the root, .git, a, a/b, c */
	assert_int_equal(sh("cd p; echo 22 >a/b/x"), 0);
	assert_true(wakes(&s, 20000));
	looks(&s, "a/b/x");
	/* As editors do. */
	assert_int_equal(sh("cd p; echo 333 >c/.y.swp; mv c/.y.swp c/y"), 0);
	assert_true(wakes(&s, 20000));
	looks(&s, "c/y");
	assert_int_equal(sh("cd p; rm c/y; ln -sfn elsewhere l"), 0);
	assert_true(wakes(&s, 20000));
	looks(&s, "c/y l");
	looks(&s, "");
	end(&s);
}

static void test_what_does_not_count(void **state)
{
	struct scene s;

	UNUSED(state);
	begin(&s, "cd p; mkdir ign a; echo ign/ >.gitignore; echo 1 >a/x; git add -A; "
		  "git commit -q -m one; echo 1 >ign/z");
	/* Not even watched. */
	assert_int_equal(sh("cd p; echo 2 >ign/z"), 0);
	assert_false(wakes(&s, 300));
	/* Woken, for nothing: untracked, and links and reads of what is tracked. */
	assert_int_equal(sh("cd p; echo 2 >a/untracked; ln a/x ign/x; cat a/x >/dev/null"), 0);
	assert_true(wakes(&s, 20000));
	looks(&s, "");
	end(&s);
}

static void test_folders_come_and_go(void **state)
{
	struct scene s;

	UNUSED(state);
	begin(&s, "cd p; echo 1 >f; git add -A; git commit -q -m one");
	assert_int_equal(sh("cd p; mkdir -p n/m; echo 1 >n/m/x; git add n"), 0);
	assert_true(wakes(&s, 20000));
	looks(&s, "n/m/x");
	assert_int_equal(tree_watch_state(s.w).folders, 4);
	assert_int_equal(sh("cd p; echo 22 >n/m/x"), 0);
	assert_true(wakes(&s, 20000));
	looks(&s, "n/m/x");
	/* Gone and there again: another folder. */
	assert_int_equal(sh("cd p; rm -r n"), 0);
	assert_true(wakes(&s, 20000));
	looks(&s, "n/m/x");
	assert_int_equal(tree_watch_state(s.w).folders, 2);
	assert_int_equal(sh("cd p; mkdir -p n/m; echo 4444 >n/m/x"), 0);
	assert_true(wakes(&s, 20000));
	looks(&s, "n/m/x");
	assert_int_equal(sh("cd p; echo 55555 >n/m/x"), 0);
	assert_true(wakes(&s, 20000));
	looks(&s, "n/m/x");
	assert_int_equal(sh("cd p; git rm -q -f n/m/x"), 0);
	assert_true(wakes(&s, 20000));
	looks(&s, "n/m/x");
	end(&s);
}

static void test_also(void **state)
{
	struct str also[] = {STR("conf.yml"), STR("deep/down.yml")};
	struct scene s;

	UNUSED(state);
	begin(&s, "cd p; echo 1 >f; git add -A; git commit -q -m one; mkdir deep");
	tree_watch_also(s.w, also, ARRAY_SIZE(also));
	looks(&s, "conf.yml deep/down.yml");
	assert_int_equal(tree_watch_state(s.w).files, 1);
	assert_int_equal(sh("cd p; echo 1 >deep/down.yml"), 0);
	assert_true(wakes(&s, 20000));
	looks(&s, "deep/down.yml");
	assert_int_equal(tree_watch_state(s.w).files, 2);
	tree_watch_also(s.w, NULL, 0);
	looks(&s, "conf.yml deep/down.yml");
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_what_does_not_count),
		cmocka_unit_test(test_folders_come_and_go),
		cmocka_unit_test(test_also),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
