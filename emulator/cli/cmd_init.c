#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/init.h"
#include "emulator/core/error.h"
#include "emulator/git/repo.h"
#include "emulator/store/store.h"

#include <unistd.h>

#define FILE_NAME ".gitlab-ci.yml"

static void say(struct cli *c, const struct init *in, bool written)
{
	CLEANUP(buf_release) struct buf found = BUF_INIT;
	for (size_t i = 0; i < in->found.n; i++)
		buf_printf(&found, "%s%s (%s)", i ? ", " : "", in->found.v[i].language,
			in->found.v[i].file);
	if (found.n)
		cli_note(c, "found: %s", found.p);
	else
		cli_note(c, "found no language that 'init' knows; the job 'hello' is a place to "
			    "start from");
	if (!written)
		return;
	const char *job = in->found.n ? in->found.v[0].job : "hello";
	cli_note(c, "wrote " FILE_NAME "; read it, then try 'cilocal list' and 'cilocal run %s'",
		job);
	if (in->builds_image)
		cli_note(c, "'docker-image' wants 'cilocal run docker-image --privileged "
			    "--registry': it is a Docker daemon in a container, and pushes to a "
			    "registry");
}

static int run(struct cli *c)
{
	struct error err = ERROR_INIT;
	struct repo repo;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	bool print = opt_flag(&c->opt, OPT_PRINT);
	if (repo_open(&repo, NULL, &err))
		return cli_fail(c, &err);
	struct init in = {
		.arena = &c->arena, .root = arena_cstr(&c->arena, repo.root), .jobs = BUF_INIT};
	repo_release(&repo);
	const char *path = arena_printf(&c->arena, "%s/" FILE_NAME, in.root).p;
	if (!print && access(path, F_OK) == 0) {
		cli_error(c, "there is a " FILE_NAME " already, and it stays as it is; 'cilocal "
			     "init --print' shows what would be written");
		return EXIT_USAGE;
	}
	init_make(&in, &out);
	int code = EXIT_OK;
	if (print)
		buf_addstr(&c->out, buf_str(&out));
	else if (store_write_file(path, buf_str(&out), &err))
		code = cli_fail(c, &err);
	if (!code)
		say(c, &in, !print);
	init_release(&in);
	return code;
}

const struct cmd cmd_init = {
	.id = CMD_init,
	.args = "",
	.summary = "write a first .gitlab-ci.yml for the languages of the project",
	.details =
		"Looks at the files in the project's root: CMake, make, Node.js, Python, Go, "
		"Rust, Java (Maven, Gradle), Ruby, PHP, shell scripts, a Dockerfile. Each gets "
		"a job that builds and tests it in an official image, with a cache that follows "
		"its lock file and a report of its tests where it has one. A .gitlab-ci.yml that "
		"is there stays as it is.",
	.kind = ARG_NONE,
	.run = run,
};
