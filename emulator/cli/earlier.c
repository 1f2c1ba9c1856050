#include "base/base.h"

#include "emulator/cli/earlier.h"
#include "emulator/cli/cmd.h"
#include "emulator/core/error.h"
#include "emulator/git/repo.h"
#include "expr/glob.h"

int earlier_open(struct cli *c, struct earlier *e)
{
	struct error err = ERROR_INIT;
	struct repo repo;
	memset(e, 0, sizeof(*e));
	if (repo_open(&repo, NULL, &err)) {
		cli_error(c, "%s", err.text);
		return EXIT_SURROUNDINGS;
	}
	e->root = arena_cstr(&c->arena, repo.root);
	repo_release(&repo);
	if (store_open(&e->store, e->root, false, &err))
		return cli_fail(c, &err);
	if (store_list(&e->store, &c->arena, &e->ids, &e->n, &err)) {
		store_release(&e->store);
		return cli_fail(c, &err);
	}
	return EXIT_OK;
}

void earlier_release(struct earlier *e)
{
	store_release(&e->store);
}

int earlier_find(struct cli *c, const struct earlier *e, const char *id, size_t *index)
{
	size_t found = SIZE_MAX;
	if (!e->n) {
		cli_error(c, "there is no earlier run of this project");
		return EXIT_USAGE;
	}
	if (!id || !strcmp(id, "last")) {
		*index = 0;
		return EXIT_OK;
	}
	for (size_t i = 0; i < e->n; i++) {
		if (!str_starts(e->ids[i], str_c(id)))
			continue;
		if (found != SIZE_MAX) {
			cli_error(c, "several runs begin with '%s'", id);
			return EXIT_USAGE;
		}
		found = i;
	}
	if (found == SIZE_MAX) {
		cli_error(c, "there is no run '%s'; 'cilocal runs' shows them", id);
		return EXIT_USAGE;
	}
	*index = found;
	return EXIT_OK;
}

int earlier_read(
	struct cli *c, struct earlier *e, size_t index, struct run_record *out, const char **dir)
{
	struct error err = ERROR_INIT;
	const char *path = store_run_dir(&e->store, &c->arena, e->ids[index]);
	if (dir)
		*dir = path;
	if (path && run_record_read(path, &c->arena, out, &err) == 0)
		return 0;
	cli_warn(c, "run " STR_FMT ": %s", STR_ARG(e->ids[index]),
		path ? err.text : "its folder is gone");
	return -1;
}

int earlier_no_job(struct cli *c, const struct run_record *r, const char *name)
{
	struct str *names = arena_array(&c->arena, struct str, r->n_jobs + 1);
	for (size_t i = 0; i < r->n_jobs; i++)
		names[i] = r->jobs[i].name;
	const struct str *near = str_nearest(str_c(name), names, r->n_jobs);
	if (near)
		cli_error(c, "run " STR_FMT " has no job '%s'; did you mean '" STR_FMT "'?",
			STR_ARG(r->id), name, STR_ARG(*near));
	else
		cli_error(c,
			"run " STR_FMT " has no job '%s'; 'cilocal runs show " STR_FMT
			"' shows its jobs",
			STR_ARG(r->id), name, STR_ARG(r->id));
	return EXIT_USAGE;
}

bool earlier_means(struct str want, struct str job)
{
	struct str rest = str_from(job, want.n);
	if (str_eq(job, want))
		return true;
	/* The base name of a parallel job: "test" for "test 1/3" and "test: [a]". */
	if (str_starts(job, want) &&
		(str_starts(rest, STR(": [")) ||
			(str_starts(rest, STR(" ")) && str_chr(rest, '/') != STR_NPOS)))
		return true;
	return !glob_is_literal(want) && glob_match_name(want, job);
}
