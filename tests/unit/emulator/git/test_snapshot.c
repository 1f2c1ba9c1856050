#include "base/base.h"
#include "emulator/git/repo.h"
#include "emulator/git/snapshot.h"
#include "emulator/core/error.h"

#include <setjmp.h>
#include <cmocka.h>

#include "git_fixture.h"

static const struct entry *find(const struct snapshot *s, const char *path)
{
	vec_each (const struct entry *, e, &s->entries) {
		if (str_is(e->path, path))
			return e;
	}
	return NULL;
}

static void make(struct snapshot *s, struct repo *r, const char *sub)
{
	CLEANUP(free) char *path = xasprintf("%s/%s", dir, sub);
	struct snapshot_options o = {false};
	struct error err = ERROR_INIT;

	if (repo_open(r, path, &err) || snapshot_make(s, r, &o, &err))
		fail_msg("%s", err.text);
}

/* Writes the snapshot out with plain calls, so that git itself can judge it. */
static void write_out(const struct snapshot *s, const char *to)
{
	struct buf script = BUF_INIT;

	buf_printf(&script, "mkdir %s; cd %s\n", to, to);
	vec_each (const struct entry *, e, &s->entries) {
		if (e->kind == ENTRY_DIR)
			buf_printf(&script, "mkdir -p '" STR_FMT "'\n", STR_ARG(e->path));
		else if (e->kind == ENTRY_LINK)
			buf_printf(&script, "ln -s '" STR_FMT "' '" STR_FMT "'\n", STR_ARG(e->data),
				STR_ARG(e->path));
		else if (e->source.p)
			buf_printf(&script,
				"cp -p '" STR_FMT "' '" STR_FMT "'; chmod %o '" STR_FMT "'\n",
				STR_ARG(e->source), STR_ARG(e->path), e->mode, STR_ARG(e->path));
		else
			buf_printf(&script, "printf %%s '" STR_FMT "' > '" STR_FMT "'\n",
				STR_ARG(e->data), STR_ARG(e->path));
	}
	assert_int_equal(sh(script.p), 0);
	buf_release(&script);
}

static void test_work_tree(void **state)
{
	struct snapshot s;
	struct repo r;

	UNUSED(state);
	assert_int_equal(
		sh("git init -q app; cd app; mkdir -p d/e a-b; echo 1 > d/e/f; echo x > a-b/x;"
		   "echo gone > gone; printf '#!/bin/sh\\n' > run; chmod 755 run; ln -s d/e/f link;"
		   "echo '*.o' > .gitignore; git add .; git commit -qm c1; git tag v1;"
		   "echo changed > d/e/f; rm gone; echo u > untracked; echo o > x.o;"
		   "echo staged > staged; git add staged; chmod 600 staged;"
		   "echo '#!/bin/sh' > .git/hooks/pre-commit; touch .git/index.lock.x;"
		   "git remote add origin https://me:secret@host/g/p.git"),
		0);
	make(&s, &r, "app");
	assert_int_equal(s.tracked, 6);
	assert_null(find(&s, "gone"));
	assert_null(find(&s, "untracked"));
	assert_null(find(&s, "x.o"));
	assert_non_null(find(&s, "staged"));
	assert_int_equal(find(&s, "staged")->mode, 0666);
	assert_int_equal(find(&s, "run")->mode, 0777);
	assert_int_equal(find(&s, "d/e")->kind, ENTRY_DIR);
	assert_int_equal(find(&s, "d/e")->mode, 0777);
	assert_int_equal(find(&s, "link")->kind, ENTRY_LINK);
	assert_string_equal(find(&s, "link")->data.p, "d/e/f");
	assert_int_equal(find(&s, "d/e/f")->size, 8);
	assert_null(find(&s, ".git/hooks/pre-commit"));
	assert_null(find(&s, ".git/hooks"));
	assert_true(str_find(find(&s, ".git/config")->data, STR("secret")) == STR_NPOS);
	assert_true(str_find(find(&s, ".git/config")->data, STR("https://me@host/g/p.git")) !=
		    STR_NPOS);
	write_out(&s, "copy");
	assert_int_equal(sh("cd copy; git fsck --strict >/dev/null 2>&1"), 0);
	assert_int_equal(sh("cd copy; test \"$(git describe --tags)\" = v1"), 0);
	assert_int_equal(sh("cd copy; ! git symbolic-ref -q HEAD"), 0);
	assert_int_equal(
		sh("cd copy; test \"$(git status --porcelain)\" = \"$(printf ' M d/e/f\\n D "
		   "gone\\nA  staged')\""),
		0);
	snapshot_release(&s);
	repo_release(&r);
}

/* The project's branches by the name `origin`, tags, and nothing of the clone's own. */
static void test_refs(void **state)
{
	struct snapshot s;
	struct repo r;

	UNUSED(state);
	assert_int_equal(
		sh("git init -q -b main hub; cd hub; echo 1 > f; git add .; git commit -qm c1;"
		   "git tag -a v1 -m one; git branch other; git branch old; cd ..;"
		   "git clone -q -o upstream hub mine; cd mine; git tag light;"
		   "git branch local; git update-ref refs/notes/x HEAD; git pack-refs --all;"
		   "git update-ref -d refs/remotes/upstream/old; echo 2 > f; git commit -qam c2"),
		0);
	make(&s, &r, "mine");
	write_out(&s, "copy5");
	assert_int_equal(sh("cd copy5; git fsck --strict >/dev/null 2>&1;"
			    "test \"$(git for-each-ref --format='%(refname)' | tr '\\n' ' ')\" = "
			    "'refs/remotes/origin/main refs/remotes/origin/other refs/tags/light "
			    "refs/tags/v1 '"),
		0);
	assert_int_equal(
		sh("set -e; cd copy5; test \"$(git rev-parse origin/main)\" = \"$(git rev-parse "
		   "HEAD)\"; test \"$(git remote)\" = origin;"
		   "test \"$(git describe --tags --match 'v*')\" != v1;"
		   "git checkout -q other; test \"$(cat f)\" = 1; git status >/dev/null"),
		0);
	snapshot_release(&s);
	repo_release(&r);
}

static void test_alternates_and_work_trees(void **state)
{
	struct snapshot s;
	struct repo r;

	UNUSED(state);
	assert_int_equal(sh("git init -q base; cd base; echo 1 > f; git add .; git commit -qm c1;"
			    "git gc -q; cd ..; git clone -q --shared base shared; cd shared;"
			    "echo 2 > f; git commit -qam c2; git worktree add -q ../tree -b side"),
		0);
	make(&s, &r, "tree");
	assert_null(find(&s, ".git/objects/info/alternates"));
	write_out(&s, "copy2");
	assert_int_equal(sh("cd copy2; git fsck --strict >/dev/null 2>&1;"
			    "test \"$(git log --format=%s | tr '\\n' ' ')\" = 'c2 c1 ';"
			    "test -z \"$(git status --porcelain)\""),
		0);
	snapshot_release(&s);
	repo_release(&r);
}

static void test_submodule(void **state)
{
	struct snapshot s;
	struct repo r;

	UNUSED(state);
	assert_int_equal(
		sh("git init -q lib; cd lib; echo 1 > f; git add .; git commit -qm c1; cd ..;"
		   "git init -q super; cd super; git submodule -q add ../lib lib;"
		   "git commit -qm c1"),
		0);
	make(&s, &r, "super");
	assert_int_equal(find(&s, "lib")->kind, ENTRY_DIR);
	assert_int_equal(find(&s, "lib")->module, 0);
	assert_int_equal(s.modules.n, 1);
	assert_string_equal(s.modules.v[0].path.p, "lib");
	assert_int_equal(s.modules.v[0].level, 1);
	assert_false(s.modules.v[0].missing);
	assert_int_equal(find(&s, "lib/f")->module, 1);
	assert_int_equal(find(&s, "lib/.git/HEAD")->module, 1);
	assert_int_equal(find(&s, ".gitmodules")->module, 0);
	snapshot_release(&s);
	repo_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_tree),
		cmocka_unit_test(test_refs),
		cmocka_unit_test(test_alternates_and_work_trees),
		cmocka_unit_test(test_submodule),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
