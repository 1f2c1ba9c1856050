#include "base/base.h"
#include "emulator/git/repo.h"
#include "emulator/core/error.h"

#include <setjmp.h>
#include <cmocka.h>

#include "git_fixture.h"

static void open_at(struct repo *r, const char *sub)
{
	CLEANUP(free) char *path = xasprintf("%s/%s", dir, sub);
	struct error err = ERROR_INIT;

	if (repo_open(r, path, &err))
		fail_msg("%s", err.text);
}

static void refused(const char *sub, const char *words)
{
	CLEANUP(free) char *path = xasprintf("%s/%s", dir, sub);
	struct error err = ERROR_INIT;
	struct repo r;

	assert_int_equal(repo_open(&r, path, &err), -1);
	if (!strstr(err.text, words))
		fail_msg("'%s' lacks '%s'", err.text, words);
	repo_release(&r);
}

static void test_errors(void **state)
{
	UNUSED(state);
	assert_int_equal(sh("mkdir plain; git init -q --bare bare"), 0);
	refused("plain", "is not in a git work tree");
	refused("bare", "is a bare git repository");
	refused("missing", "cannot open folder");
	assert_int_equal(sh("mkdir broken; echo 'gitdir: nowhere' > broken/.git"), 0);
	refused("broken", "which is not there");
}

static void test_no_commit(void **state)
{
	struct facts f = {0};
	struct repo r;

	UNUSED(state);
	assert_int_equal(sh("git init -q 'my project!'"), 0);
	open_at(&r, "my project!");
	assert_false(r.has_commit);
	assert_string_equal(r.branch.p, "main");
	repo_fill_facts(&r, &f);
	assert_string_equal(f.project_path.p, "local/my-project-");
	assert_string_equal(f.server_host.p, "gitlab.localhost");
	assert_string_equal(f.branch.p, "main");
	repo_release(&r);
}

static void test_commit_and_remote(void **state)
{
	struct facts f = {0};
	struct str_list list;
	struct repo r;
	bool dirty;

	UNUSED(state);
	assert_int_equal(
		sh("git init -q app; cd app; git remote add up https://u:p@other/x/y.git;"
		   "git remote add origin git@gitlab.example.com:group/sub/app.git;"
		   "mkdir -p a/b; echo 1 > a/b/f; git add .; git commit -qm 'First line'; "
		   "echo 2 > g; git add .; "
		   "git commit -qm 'Title here' -m 'Body one' -m 'Body two';"
		   "git tag v2; git tag -a v1 -m 'annotated'; git checkout -qb 'feature/x'"),
		0);
	open_at(&r, "app/a/b");
	assert_string_equal(r.remote.p, "origin");
	assert_string_equal(r.branch.p, "feature/x");
	assert_string_equal(r.title.p, "Title here");
	assert_string_equal(r.message.p, "Title here\n\nBody one\n\nBody two\n");
	assert_string_equal(r.description.p, "\nBody one\n\nBody two");
	assert_string_equal(r.author.p, "Ann Example <ann@example.com>");
	assert_int_equal(r.timestamp.p[10], 'T');
	assert_string_equal(r.tag.p, "v1");
	assert_string_equal(r.default_branch.p, "main");
	assert_int_equal(r.sha.n, 40);
	assert_int_equal(r.parent_sha.n, 40);

	repo_fill_facts(&r, &f);
	assert_string_equal(f.server_host.p, "gitlab.example.com");
	assert_string_equal(f.project_path.p, "group/sub/app");
	assert_string_equal(f.project_name.p, "app");
	assert_string_equal(f.project_namespace.p, "group/sub");
	assert_string_equal(f.project_root_namespace.p, "group");
	assert_string_equal(f.repository_url.p, "https://gitlab.example.com/group/sub/app.git");
	assert_string_equal(f.user_login.p, "ann");
	assert_false(f.ref_protected);
	/* a branch that the server has never seen: GitLab has no changes to tell */
	assert_int_equal(f.before_sha.p[0], '0');
	assert_int_equal(f.changes(f.ctx, STR_NULL, &list), 1);
	assert_int_equal(f.changes(f.ctx, STR("main"), &list), 0);
	assert_int_equal(list.n, 0);
	assert_int_equal(f.changes(f.ctx, STR("nope"), &list), -1);
	assert_string_equal(list.v[0].p, "'nope' is no branch, tag or commit here");
	assert_int_equal(f.changes(f.ctx, STR("--output=x"), &list), -1);

	assert_int_equal(repo_dirty(&r, &dirty, NULL), 0);
	assert_false(dirty);
	assert_int_equal(sh("cd app; touch g"), 0);
	assert_int_equal(repo_dirty(&r, &dirty, NULL), 0);
	assert_false(dirty);
	assert_int_equal(sh("cd app; echo 3 > g; git mv a/b/f a/b/h"), 0);
	assert_int_equal(repo_dirty(&r, &dirty, NULL), 0);
	assert_true(dirty);
	/* a pipeline is made from one answer, however often its rules ask */
	assert_int_equal(f.changes(f.ctx, STR("main"), &list), 0);
	assert_int_equal(list.n, 0);
	repo_fill_facts(&r, &f);
	assert_int_equal(f.changes(f.ctx, STR("main"), &list), 0);
	assert_int_equal(list.n, 3);
	assert_int_equal(f.files(f.ctx, STR_NULL, STR_NULL, &list), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0].p, "a/b/h");
	assert_int_equal(f.files(f.ctx, STR("other/project"), STR_NULL, &list), -1);
	{
		struct str id;

		assert_int_equal(f.file_id(f.ctx, STR("g"), true, &id), 0);
		assert_true(str_eq(id, r.sha));
		assert_int_equal(f.file_id(f.ctx, STR("g"), false, &id), 0);
		assert_int_equal(id.n, 40);
		assert_int_equal(f.file_id(f.ctx, STR("none"), false, &id), -1);
	}
	repo_release(&r);
}

static void test_upstream(void **state)
{
	struct facts f = {0};
	struct str_list list;
	struct repo r;

	UNUSED(state);
	assert_int_equal(
		sh("git init -q server; cd server; for i in 1 2; do echo $i > f$i; git add .;"
		   "git commit -qm c$i; done; git branch -m trunk; cd ..; git clone -q server "
		   "clone;"
		   "cd clone; git pack-refs --all"),
		0);
	open_at(&r, "clone");
	assert_string_equal(r.default_branch.p, "trunk");
	assert_true(str_eq(r.upstream_sha, r.sha));
	repo_fill_facts(&r, &f);
	/* pushed already: what that push brought was its commit */
	assert_true(str_eq(f.before_sha, r.parent_sha));
	assert_true(f.ref_protected);
	assert_int_equal(f.changes(f.ctx, STR_NULL, &list), 0);
	assert_int_equal(list.n, 1);
	assert_string_equal(list.v[0].p, "f2");
	repo_release(&r);

	assert_int_equal(sh("cd clone; echo 3 > f3; git add .; git commit -qm c3"), 0);
	open_at(&r, "clone");
	f = (struct facts){0};
	repo_fill_facts(&r, &f);
	assert_true(str_eq(f.before_sha, r.upstream_sha));
	assert_int_equal(f.changes(f.ctx, STR_NULL, &list), 0);
	assert_string_equal(list.v[0].p, "f3");
	repo_release(&r);
}

static void test_work_tree_and_detached(void **state)
{
	struct facts f = {0};
	struct repo r, main_repo;

	UNUSED(state);
	assert_int_equal(sh("git init -q wt; cd wt; echo 1 > f; git add .; git commit -qm c1;"
			    "git worktree add -q ../wt2 -b side; cd ../wt2; echo 2 > f;"
			    "git commit -qam c2; git checkout -q --detach"),
		0);
	open_at(&main_repo, "wt");
	open_at(&r, "wt2");
	assert_string_equal(r.common_dir.p, main_repo.git_dir.p);
	assert_string_not_equal(r.git_dir.p, r.common_dir.p);
	assert_int_equal(r.branch.n, 0);
	assert_false(str_eq(r.sha, main_repo.sha));
	repo_fill_facts(&r, &f);
	assert_string_equal(f.branch.p, "side");
	repo_release(&r);
	repo_release(&main_repo);
}

/* Hooks run with GIT_DIR set; it must not lead us to another repository. */
static void test_from_hook(void **state)
{
	struct repo r;

	UNUSED(state);
	setenv("GIT_DIR", "/nonexistent", 1);
	open_at(&r, "app");
	assert_true(r.has_commit);
	repo_release(&r);
	unsetenv("GIT_DIR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_no_commit),
		cmocka_unit_test(test_commit_and_remote),
		cmocka_unit_test(test_upstream),
		cmocka_unit_test(test_work_tree_and_detached),
		cmocka_unit_test(test_from_hook),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
