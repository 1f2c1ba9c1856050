#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/cli/lock.h"
#include "emulator/cli/tree.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"

/* All that can't be had, before anything is written. */
static int say_failures(struct cli *c, const struct load *l, const struct lock_state *s)
{
	vec_each (const struct lock_failure *, f, &s->failures) {
		struct str at = place_text(&c->arena, &l->sources, f->need->at);
		cli_error(c,
			STR_FMT
			"%simage '" STR_FMT
			"' is neither on the engine nor to be had from its registry: " STR_FMT,
			STR_ARG(at), at.n ? ": " : "", STR_ARG(f->need->name), STR_ARG(f->why));
	}
	if (s->failures.n)
		cli_note(c, "nothing is written; with --no-images only includes are locked");
	return s->failures.n ? EXIT_SURROUNDINGS : EXIT_OK;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static int write(struct cli *c, const struct load *l, const struct lock_file *now)
{
	struct error err = ERROR_INIT;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	const char *path = arena_printf(&c->arena, "%s/" LOCK_FILE, l->root).p;
	lock_file_write(&out, now);
	if (store_write_file(path, buf_str(&out), &err)) {
		cli_error(c, "%s", err.text);
		return EXIT_SURROUNDINGS;
	}
	cli_note(c,
		"locked in " LOCK_FILE
		": %zu included file%s, %zu commit%s of other projects, %zu image%s%s; 'cilocal "
		"run --locked' uses exactly these",
		now->includes.n, plural(now->includes.n), now->projects.n, plural(now->projects.n),
		now->images.n, plural(now->images.n),
		now->with_images ? "" : " (images are left free)");
	return EXIT_OK;
}

static int run(struct cli *c)
{
	struct load l;
	struct lock_state s;
	int code = load_project(c, &l);
	if (!code)
		code = lock_collect(c, &l, false, true, &s);
	if (!code)
		code = say_failures(c, &l, &s);
	if (!code)
		code = write(c, &l, &s.now);
	load_release(&l);
	return code;
}

const struct cmd cmd_lock = {
	.id = CMD_lock,
	.args = "",
	.summary = "write down exactly which includes and images the pipeline uses",
	.details =
		"Writes .cilocal.lock in the project's root, to be committed: for each ref of "
		"another project and each version of a component the commit that it means, for "
		"each "
		"included file from elsewhere (URLs, templates, projects, components; those of "
		"child pipelines too) its SHA-256, for each image of a job or service its digest. "
		"Images are those of all jobs, also of jobs that this event leaves out; a digest "
		"is "
		"that of the engine's image, or where it has none the registry's. An image that no "
		"registry gave is locked by its id.\n"
		"With --locked, other commands use exactly these: projects and components at their "
		"commits, images by digest. What differs or is missing is an error at its place. "
		"`outdated` shows what has moved since.",
	.kind = ARG_NONE,
	.run = run,
};
