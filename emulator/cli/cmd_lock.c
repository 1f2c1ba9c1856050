#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/cli/lock.h"
#include "emulator/cli/tree.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"

#include <unistd.h>

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

static const char *lock_path(struct cli *c, const struct load *l)
{
	return arena_printf(&c->arena, "%s/" LOCK_FILE, l->root).p;
}

/* Includes need no engine: they are locked all the same, and nothing that was locked is lost. */
static int keep_images(struct cli *c, const struct load *l, struct lock_file *now)
{
	struct lock_file before = {.with_images = false};
	int code = EXIT_OK;
	if (!access(lock_path(c, l), F_OK) || errno != ENOENT)
		code = lock_file_read(c, l->root, &before);
	now->with_images = before.with_images;
	now->images = before.images;
	if (!code && before.with_images)
		cli_warn(c, "images stay as " LOCK_FILE " has them, as no engine answers");
	else if (!code)
		cli_warn(c, "images are not locked, as no engine answers");
	return code;
}

static int write_lock(struct cli *c, const struct load *l, const struct lock_file *now)
{
	struct error err = ERROR_INIT;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	lock_file_write(&out, now);
	if (store_write_file(lock_path(c, l), buf_str(&out), &err)) {
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
	struct lock_state s = {.no_engine = false};
	int code = load_project(c, &l);
	if (!code)
		code = lock_collect(c, &l, false, true, &s);
	if (!code)
		code = say_failures(c, &l, &s);
	if (!code)
		code = write_lock(c, &l, &s.now);
	/* It is not what was asked for: the exit code stays that of a missing engine. */
	if (s.no_engine) {
		int kept = keep_images(c, &l, &s.now);
		if (kept)
			code = kept;
		else
			write_lock(c, &l, &s.now);
	}
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
		"registry gave is locked by its id. Where no engine answers, all but images is "
		"locked, and those of an earlier lock are kept; the exit code is 4.\n"
		"With --locked, other commands use exactly these: projects and components at their "
		"commits, images by digest. What differs or is missing is an error at its place. "
		"`outdated` shows what has moved since.",
	.kind = ARG_NONE,
	.run = run,
};
