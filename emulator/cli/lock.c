#include "base/base.h"

#include "emulator/cli/lock.h"
#include "emulator/cli/children.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/cmd_run.h"
#include "emulator/cli/load.h"
#include "emulator/core/error.h"
#include "emulator/gitlab/run.h"
#include "emulator/gitlab/session.h"
#include "pipeline/pipeline.h"

static bool is_digest(struct str name)
{
	return str_find(name, STR("@sha256:")) != STR_NPOS || str_starts(name, STR("sha256:"));
}

/* -1 where the engine itself fails; an image that can't be had is a failure of its own. */
static int ask(struct cli *c, struct session *s, const struct image_need *n, bool moved,
	struct lock_state *out, struct error *err)
{
	struct arena *a = &c->arena;
	struct error why = ERROR_INIT;
	struct str name = image_with_tag(a, n->taken), exact = STR_NULL;
	if (is_digest(n->taken))
		exact = n->taken;
	else if (!moved && sync_image_exact(s, name, a, &exact, err))
		return -1;
	if (!exact.n && sync_registry_exact(s, name, a, &exact, &why)) {
		struct lock_failure f = {n, arena_str(a, str_c(why.text))};
		if (s->signum)
			return error_pass(err, &why);
		vec_push_in(a, &out->failures, f);
		return 0;
	}
	struct lock_image i = {n->name, exact};
	vec_push_in(a, &out->now.images, i);
	return 0;
}

static int ask_all(struct cli *c, struct load *l, const struct image_needs *needs, bool moved,
	struct lock_state *out)
{
	struct endpoint_lookup where;
	struct session s;
	struct error err = ERROR_INIT;
	int code = EXIT_OK;
	rc_endpoint(&l->settings.runners.v[0], &c->arena, &where);
	if (session_open(&s, &err))
		return cli_fail(c, &err);
	if (session_engine(&s, &where, &err)) {
		code = cli_fail(c, &err);
		out->no_engine = code == EXIT_SURROUNDINGS;
	}
	for (size_t i = 0; !code && i < needs->all.n; i++)
		if (!needs->all.v[i]->local && ask(c, &s, needs->all.v[i], moved, out, &err))
			code = cli_fail(c, &err);
	session_close(&s, NULL);
	return code;
}

/* Those of the pipelines that trigger jobs start too. all: also of jobs that are out. */
static int find_images(struct cli *c, struct load *l, const struct run_options *o, bool all,
	unsigned depth, struct image_needs *needs)
{
	const struct pipeline *p = l->pipeline;
	struct job *const *jobs = all ? p->all : p->jobs;
	size_t n = all ? p->n_all : p->n_jobs;
	int code = image_needs_find(c, l, o, jobs, n, needs);
	for (size_t i = 0; !code && i < n && depth < CHILD_DEPTH; i++) {
		struct child ch;
		if (!jobs[i]->def->trigger)
			continue;
		child_load(l, jobs[i], &ch);
		if (ch.state == CHILD_BUILT) {
			code = find_images(c, &ch.load, o, all, depth + 1, needs);
			l->sources = ch.load.sources;
		}
		child_release(&ch);
	}
	return code;
}

static int collect_images(struct cli *c, struct load *l, bool moved, struct lock_state *out)
{
	struct image_needs needs = {.by_name = {.arena = NULL}};
	struct run_options o = {.pull = -1};
	bool some = false;
	run_stand_ins(c, &o);
	run_proxies(c, l, &o);
	int code = find_images(c, l, &o, true, 0, &needs);
	for (size_t i = 0; i < needs.all.n; i++)
		some |= !needs.all.v[i]->local;
	return code || !some ? code : ask_all(c, l, &needs, moved, out);
}

int lock_collect(struct cli *c, struct load *l, bool moved, bool images, struct lock_state *out)
{
	const struct opt_value *asked = opt_last(&c->opt, OPT_LOCK_IMAGES);
	*out = (struct lock_state){.now = {.arena = NULL}};
	lock_file_record(&out->now, &c->arena, moved);
	l->lock = &out->now;
	int code = load_definition(l, NULL);
	/* Files that only the pipelines of trigger jobs include. */
	if (!code)
		children_lint(l);
	if (l->config)
		load_print_diags(l, false);
	if (!code && l->diags.errors)
		code = EXIT_INVALID;
	out->now.with_images = images && !(asked && asked->negated);
	if (!code && out->now.with_images)
		code = collect_images(c, l, moved, out);
	return code;
}

/* ---- --locked ---- */

void lock_apply(struct cli *c, const struct load *l, struct run_options *o)
{
	const struct lock_file *lock = l->lock;
	if (!lock || !lock->with_images)
		return;
	struct image_rule *v = arena_array(&c->arena, struct image_rule, 2 * lock->images.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < lock->images.n; i++) {
		const struct lock_image *image = &lock->images.v[i];
		struct str full = image_with_tag(&c->arena, image->name);
		v[n++] = (struct image_rule){.from = image->name, .to = image->exact};
		/* Services without a tag have got one before. */
		if (!str_eq(full, image->name))
			v[n++] = (struct image_rule){.from = full, .to = image->exact};
	}
	o->stand_ins = v;
	o->n_stand_ins = n;
	o->n_proxies = 0;
	o->only_stand_ins = true;
}

int lock_lint_images(struct cli *c, struct load *l)
{
	struct image_needs needs = {.by_name = {.arena = NULL}};
	const struct run_options none = {.pull = -1};
	if (!l->lock || !l->lock->with_images)
		return EXIT_OK;
	int code = find_images(c, l, &none, false, 0, &needs);
	for (size_t i = 0; !code && i < needs.all.n; i++) {
		const struct image_need *n = needs.all.v[i];
		if (!n->local && !lock_find_image(l->lock, n->name))
			diag_set_job(&l->diags,
				diag_error(&l->diags, "unlocked-image", n->at,
					"image '" STR_FMT "' is not in " LOCK_FILE
					"; 'cilocal lock' takes it in",
					STR_ARG(n->name)),
				n->first);
	}
	return code;
}

int lock_check_images(struct cli *c, struct load *l)
{
	unsigned before = l->diags.errors;
	int code = lock_lint_images(c, l);
	if (code || l->diags.errors == before)
		return code;
	load_print_diags(l, false);
	return EXIT_INVALID;
}
