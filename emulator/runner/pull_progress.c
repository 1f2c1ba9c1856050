#include "base/base.h"
#include "emulator/runner/pull_progress.h"
#include "emulator/docker/image.h"

#define LAYERS_MAX 1000

void pull_progress_init(struct pull_progress *p)
{
	memset(p, 0, sizeof(*p));
	arena_init(&p->arena);
}

void pull_progress_release(struct pull_progress *p)
{
	arena_release(&p->arena);
	memset(p, 0, sizeof(*p));
}

static struct pull_layer *layer_of(struct pull_progress *p, struct str id)
{
	struct pull_layer fresh = {.id = STR_NULL};

	for (size_t i = 0; i < p->layers.n; i++)
		if (str_eq(p->layers.v[i].id, id))
			return &p->layers.v[i];
	if (p->layers.n == LAYERS_MAX)
		return NULL;
	fresh.id = arena_str(&p->arena, id);
	vec_push_in(&p->arena, &p->layers, fresh);
	return &p->layers.v[p->layers.n - 1];
}

void pull_progress_add(struct pull_progress *p, const struct image_progress *event)
{
	struct pull_layer *l;

	/* "Pulling from library/alpine" has the tag as its id: no layer. */
	if (!event->id.n || str_starts(event->status, STR("Pulling from")))
		return;
	l = layer_of(p, event->id);
	if (!l)
		return;
	if ((str_is(event->status, "Downloading") || str_is(event->status, "Pushing")) &&
		event->total > 0) {
		l->current = MIN(event->current, event->total);
		l->total = event->total;
	} else if (str_is(event->status, "Download complete") ||
		   str_is(event->status, "Verifying Checksum") ||
		   str_is(event->status, "Extracting")) {
		l->current = l->total;
		l->loaded = true;
	} else if (str_is(event->status, "Pull complete") ||
		   str_is(event->status, "Already exists") || str_is(event->status, "Pushed") ||
		   str_is(event->status, "Layer already exists")) {
		l->current = l->total;
		l->loaded = l->there = true;
	}
}

void pull_progress_text(const struct pull_progress *p, struct buf *out)
{
	double current = 0, total = 0;
	size_t loaded = 0, there = 0;

	for (size_t i = 0; i < p->layers.n; i++) {
		current += (double)p->layers.v[i].current;
		total += (double)p->layers.v[i].total;
		loaded += p->layers.v[i].loaded;
		there += p->layers.v[i].there;
	}
	if (!p->layers.n)
		return;
	if (loaded == p->layers.n && there < loaded)
		buf_printf(out, "unpacking layer %zu of %zu", there + 1, p->layers.n);
	else if (total > 0)
		buf_printf(out, "%.1f of %.1f MB", current / 1e6, total / 1e6);
	else
		buf_printf(out, "%zu of %zu layers", loaded, p->layers.n);
}
