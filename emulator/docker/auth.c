#include "base/base.h"
#include "emulator/docker/auth.h"

#include "emulator/docker/auth_internal.h"

#include <unistd.h>

struct auth *auth_new(struct loop *l)
{
	struct auth *a = xcalloc(1, sizeof(*a));

	a->loop = l;
	arena_init(&a->arena);
	a->jobs_tail = &a->jobs;
	return a;
}

static struct auth_source *add_source(struct auth *a, const char *label)
{
	struct auth_source *s = arena_new(&a->arena, struct auth_source);

	s->label = arena_strdup(&a->arena, label);
	vec_push_in(&a->arena, &a->sources, s);
	return s;
}

void auth_add_text(struct auth *a, const char *label, const char *origin, struct str text)
{
	struct auth_source *s = add_source(a, label);

	s->text = arena_str(&a->arena, text);
	s->origin = origin ? arena_strdup(&a->arena, origin) : NULL;
}

void auth_add_login(struct auth *a, const char *label, struct str registry, struct str user,
	struct str password)
{
	struct auth_entry e = {.username = user, .password = password, .server = registry};
	struct auth_source *s = add_source(a, label);

	s->is_login = true;
	auth_known_put(a, s, registry, &e);
}

void auth_add_user_config(struct auth *a)
{
	const char *dir = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
	struct str path = STR_NULL;
	struct auth_source *s;

	if (dir && *dir)
		path = arena_printf(&a->arena, "%s/config.json", dir);
	else if (home && *home)
		path = arena_printf(&a->arena, "%s/.docker/config.json", home);
	if (home && *home && (!path.n || access(path.p, R_OK))) {
		struct str old = arena_printf(&a->arena, "%s/.dockercfg", home);

		if (!access(old.p, R_OK))
			path = old;
	}
	if (!path.n)
		return;
	s = add_source(a, path.p);
	s->file = s->label;
	s->legacy = str_ends(path, STR("/.dockercfg"));
}

/* ---- looking up ---- */

static const struct auth_known *known_in(const struct auth_source *s, struct str path)
{
	if (s->warning.n)
		return NULL;
	vec_each (const struct auth_known *, k, &s->known)
		if (str_eq(k->path, path))
			return k;
	return NULL;
}

/* The full path first, then its parents; for each of them the sources in their order. */
static const struct auth_known *look_up(
	const struct auth *a, struct str path, const struct auth_source **from)
{
	while (path.n) {
		size_t slash;

		vec_each (struct auth_source *const *, s, &a->sources) {
			const struct auth_known *k = known_in(*s, path);

			if (k) {
				*from = *s;
				return k;
			}
		}
		slash = str_rchr(path, '/');
		path = slash == STR_NPOS ? STR_NULL : str_sub(path, 0, slash);
	}
	return NULL;
}

static bool is_empty(const struct auth_entry *e)
{
	return !e->username.n && !e->password.n && !e->auth.n && !e->identity_token.n &&
	       !e->registry_token.n;
}

static struct docker_strs warnings_of(struct auth *a)
{
	struct str *v = arena_array(&a->arena, struct str, a->sources.n + 1);
	size_t n = 0;

	vec_each (struct auth_source **, s, &a->sources) {
		if (!(*s)->warning.n || (*s)->warned)
			continue;
		(*s)->warned = true;
		v[n++] = arena_printf(&a->arena,
			"Failed to resolve credentials from %s: " STR_FMT
			". Credentials from this source will not be used.",
			(*s)->label, STR_ARG((*s)->warning));
	}
	return (struct docker_strs){v, n};
}

static void unlink_query(struct auth_query *q)
{
	struct auth_query **at = &q->auth->queries;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	loop_unpost(&q->task);
}

static void free_query(struct auth_query *q)
{
	free(q->image);
	free(q);
}

static void answer(void *arg)
{
	struct auth_query *q = arg;
	struct auth *a = q->auth;
	struct auth_match m = {0};
	const struct auth_source *from = NULL;
	const struct auth_known *k;
	struct error err = a->fatal;
	struct buf path = BUF_INIT, header = BUF_INIT;

	if (q->cancelled) {
		err = ERROR_INIT;
		error_set(&err, ERR_CANCELLED, 0, "cancelled");
	}
	auth_image_path(&path, str_c(q->image));
	k = look_up(a, buf_str(&path), &from);
	if (k && !is_empty(&k->entry)) {
		auth_header(&header, &k->entry);
		m.source = str_c(from->label);
		m.key = k->path;
		m.entry = k->entry;
		m.header = buf_str(&header);
	} else {
		k = NULL;
	}
	if (!error_is(&err)) {
		m.warnings = warnings_of(a);
		m.refused = auth_refused(a, buf_str(&path), from, k);
	}
	unlink_query(q);
	q->done(q->arg, error_is(&err) ? &err : NULL, error_is(&err) ? NULL : &m);
	free_query(q);
	buf_release(&path);
	buf_release(&header);
}

void auth_jobs_done(struct auth *a)
{
	for (struct auth_query *q = a->queries; q; q = q->next)
		if (!q->task.loop)
			loop_post(a->loop, &q->task, answer, q);
}

struct auth_query *auth_find(struct auth *a, struct str image, auth_find_fn *done, void *arg)
{
	struct auth_query *q = xcalloc(1, sizeof(*q));

	q->auth = a;
	q->image = xstrndup(image.n ? image.p : "", image.n);
	q->done = done;
	q->arg = arg;
	q->next = a->queries;
	a->queries = q;
	vec_each (struct auth_source **, s, &a->sources)
		if (!(*s)->loaded)
			auth_config_load(a, *s);
	if (!a->proc)
		auth_helper_next(a);
	return q;
}

void auth_query_cancel(struct auth_query *q)
{
	q->cancelled = true;
	if (!q->task.loop)
		loop_post(q->auth->loop, &q->task, answer, q);
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	a->closing = true;
	while (a->queries) {
		struct auth_query *q = a->queries;

		q->cancelled = true;
		loop_unpost(&q->task);
		answer(q);
	}
	/* A helper that runs still points here: its completion comes back for the rest. */
	if (a->proc) {
		a->jobs = NULL;
		proc_kill(a->proc, true);
		return;
	}
	arena_release(&a->arena);
	free(a);
}
