#include "base/base.h"
#include "emulator/runner/sources.h"
#include "emulator/runner/sources_house.h"
#include "emulator/runner/sources_internal.h"
#include "emulator/runner/sources_tree.h"
#include "emulator/store/store.h"

#include <stdatomic.h>
#include <unistd.h>

struct sources_copy {
	uv_work_t work;
	struct sources *sources;
	char *top, *dir;
	struct sources_view view;
	atomic_bool cancelled;
	struct error error;
	sources_copy_fn *done;
	void *arg;
	struct loop_task task; /* where no worker could be started */
};

static void work(uv_work_t *w)
{
	struct sources_copy *c = container_of(w, struct sources_copy, work);
	struct tree *tree;

	if (!c->view.empty && access(c->dir, F_OK)) {
		tree = tree_take(
			c->sources->trees, c->sources, &c->view, c->top, c->dir, &c->error);
		if (tree)
			tree_fill(tree, &c->cancelled, &c->error);
	} else if (!house_make(c->dir, NULL, &c->error)) {
		if (c->view.empty)
			store_make_dirs(c->dir, &c->error);
		else
			tree_fill_once(c->sources, &c->view, c->dir, &c->cancelled, &c->error);
	}
}

static void finish(void *arg)
{
	struct sources_copy *c = arg;

	c->done(c->arg, error_is(&c->error) ? &c->error : NULL);
	sources_unref(c->sources);
	free(c->top);
	free(c->dir);
	free(c);
}

static void after(uv_work_t *w, int status)
{
	UNUSED(status);
	finish(container_of(w, struct sources_copy, work));
}

struct sources_copy *sources_copy_start(struct sources *s, struct str top, struct str dir,
	const struct sources_view *view, sources_copy_fn *done, void *arg)
{
	struct sources_copy *c = xcalloc(1, sizeof(*c));
	int r;

	c->sources = s;
	s->refs++;
	c->top = xstrndup(top.p, top.n);
	c->dir = xstrndup(dir.p, dir.n);
	c->view = *view;
	atomic_init(&c->cancelled, false);
	c->error = ERROR_INIT;
	c->done = done;
	c->arg = arg;
	r = uv_queue_work(loop_uv(s->loop), &c->work, work, after);
	if (r) {
		error_uv(&c->error, r, "cannot start a worker thread");
		loop_post(s->loop, &c->task, finish, c);
	}
	return c;
}

void sources_copy_cancel(struct sources_copy *c)
{
	atomic_store(&c->cancelled, true);
}

int sources_copy_done(struct sources *s, const char *top, const char *dir, const char *pool)
{
	return tree_give_back(s->trees, top, dir, pool);
}
