#include "base/base.h"
#include "emulator/gitlab/fetch_internal.h"
#include "emulator/core/error.h"
#include "emulator/core/http.h"
#include "emulator/core/loop.h"
#include "emulator/gitlab/fetch_include.h"
#include "source/loader.h"

#include <unistd.h>

void fetch_over(struct fetch *f)
{
	if (!--f->pending && f->loop)
		loop_stop(f->loop);
}

void fetch_refuse(struct fetch *f, struct config_want *w, const char *fmt, ...)
{
	struct str why;
	va_list ap;

	va_start(ap, fmt);
	why = arena_vprintf(&f->arena, fmt, ap);
	va_end(ap);
	/* Looked for there first. */
	if (w->kind == WANT_TEMPLATE && f->o->templates)
		why = arena_printf(&f->arena, STR_FMT "; %s '%s'%s", STR_ARG(why),
			access(f->o->templates, F_OK) ? "and there is no folder"
						      : "it is not in the folder",
			f->o->templates, access(f->o->templates, F_OK) ? "" : " either");
	config_refuse(f->config, w, why);
}

void fetch_provide(
	struct fetch *f, struct config_want *w, struct str text, const struct config_resolved *as)
{
	const struct fetch_lock *lock = f->o->lock;
	struct str why = STR_NULL;

	if (lock && lock->content &&
		!lock->content(lock->arg, w, fetch_hash(&f->arena, text), &why))
		config_refuse(f->config, w, why);
	else
		config_provide(f->config, w, text, as);
}

void fetch_warn(struct fetch *f, const char *fmt, ...)
{
	struct str text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vprintf(&f->arena, fmt, ap);
	va_end(ap);
	if (f->o->message)
		f->o->message(f->o->message_arg, DIAG_WARNING, text.p);
	else
		fprintf(stderr, "cilocal: warning: %s\n", text.p);
}

static bool is_here(const struct config_want *w)
{
	return (w->kind == WANT_LOCAL || w->kind == WANT_LOCAL_GLOB) && !w->project.n && !w->ref.n;
}

static void answer_local(struct fetch *f, struct config_want *w)
{
	struct loader *l = f->o->loader;
	struct str why = STR_NULL, text, *paths = NULL;
	size_t n = 0;

	if (!l)
		fetch_refuse(
			f, w, "there is no work tree to read '" STR_FMT "' from", STR_ARG(w->path));
	else if (w->kind == WANT_LOCAL_GLOB &&
		 loader_glob(l, w->path, &paths, &n, &why) == LOADER_OK)
		config_provide_glob(f->config, w, paths, n);
	else if (w->kind == WANT_LOCAL && loader_read(l, w->path, &text, &why) == LOADER_OK)
		config_provide(f->config, w, text, NULL);
	else
		config_refuse(f->config, w, why);
}

static void start(struct fetch *f, struct config_want *w)
{
	switch (w->kind) {
	case WANT_LOCAL:
	case WANT_LOCAL_GLOB:
	case WANT_PROJECT:
	case WANT_COMPONENT:
		fetch_git_add(f, w);
		return;
	case WANT_REMOTE:
		fetch_url(f, w, w->path);
		return;
	case WANT_TEMPLATE:
		fetch_template(f, w);
		return;
	case WANT_ARTIFACT:
		fetch_refuse(f, w, "a job's artifacts are only there when a child pipeline starts");
		return;
	}
}

static int open_loop(struct fetch *f, struct error *err)
{
	f->loop = loop_new(err);
	if (!f->loop)
		return -1;
	f->http = http_new(f->loop);
	f->cache = fetch_cache_dir(&f->arena, f->o);
	return 0;
}

void fetch_includes(struct config *c, const struct fetch_options *o)
{
	struct fetch f = {.config = c, .o = o, .arena = ARENA_INIT};
	struct error err = ERROR_INIT;

	for (struct config_want *w = c->wants; w; w = w->next) {
		if (w->answered)
			continue;
		if (is_here(w))
			answer_local(&f, w);
		else if (f.loop || !open_loop(&f, &err))
			start(&f, w);
		else
			fetch_refuse(&f, w, "%s", err.text);
	}
	if (f.loop) {
		fetch_git_start(&f);
		while (f.pending)
			loop_run(f.loop);
		http_free(f.http);
		loop_free(f.loop, &err);
	}
	arena_release(&f.arena);
}
