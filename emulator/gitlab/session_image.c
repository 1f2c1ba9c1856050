#include "base/base.h"
#include "emulator/gitlab/session_internal.h"
#include "emulator/docker/auth.h"
#include "emulator/docker/image.h"

#include <unistd.h>

static void rows_done(void *arg, struct error *err, const struct image_row *rows, size_t n)
{
	struct wait *w = arg;
	struct sync_image_rows *out = w->out;
	size_t all = 0;

	for (size_t i = 0; !err && i < n; i++)
		all += rows[i].repo_tags.n;
	out->v = arena_array(w->arena, struct sync_image, all + 1);
	for (size_t i = 0; !err && i < n; i++)
		for (size_t k = 0; k < rows[i].repo_tags.n; k++)
			out->v[out->n++] =
				(struct sync_image){arena_str(w->arena, rows[i].repo_tags.v[k]),
					arena_str(w->arena, rows[i].id), rows[i].size};
	wait_over(w, err);
}

int sync_image_rows(
	struct session *s, struct arena *a, struct sync_image_rows *out, struct error *err)
{
	struct wait w = WAIT(s, a, out);

	memset(out, 0, sizeof(*out));
	return wait_call(&w,
		docker_image_list(s->engine, (struct docker_strs){NULL, 0}, rows_done, &w), err);
}

int sync_images(struct session *s, struct arena *a, struct sync_names *out, struct error *err)
{
	struct sync_image_rows rows;

	memset(out, 0, sizeof(*out));
	if (sync_image_rows(s, a, &rows, err))
		return -1;
	out->v = arena_array(a, struct str, rows.n + 1);
	while (out->n < rows.n) {
		out->v[out->n] = rows.v[out->n].name;
		out->n++;
	}
	return 0;
}

static void size_done(void *arg, struct error *err, const struct image_state *r)
{
	struct wait *w = arg;

	if (!err)
		*(int64_t *)w->out = r->size;
	wait_over(w, err);
}

int sync_image_size(struct session *s, struct str name, int64_t *size, struct error *err)
{
	struct wait w = WAIT(s, NULL, size);
	struct error mine = ERROR_INIT;

	*size = -1;
	if (!wait_call(&w, docker_image_inspect(s->engine, name, size_done, &w), &mine) ||
		(mine.domain == ERR_DOCKER && mine.code == 404))
		return 0;
	return error_pass(err, &mine);
}

struct exact {
	struct wait w; /* first: wait_over() gets it */
	struct str name;
};

/* Of several digests the one of the repository that is asked for. */
static void exact_done(void *arg, struct error *err, const struct image_state *r)
{
	struct exact *x = arg;
	struct image_ref want, have;
	struct str best = err ? STR_NULL : r->id;

	for (size_t i = 0; !err && i < r->repo_digests.n; i++)
		if (image_ref_parse(x->name, &want) &&
			image_ref_parse(r->repo_digests.v[i], &have) &&
			str_eq(want.repo, have.repo))
			best = r->repo_digests.v[i];
	if (!err)
		*(struct str *)x->w.out = arena_str(x->w.arena, best);
	wait_over(&x->w, err);
}

int sync_image_exact(
	struct session *s, struct str name, struct arena *a, struct str *exact, struct error *err)
{
	struct exact x = {.w = WAIT(s, a, exact), .name = name};
	struct error mine = ERROR_INIT;

	*exact = STR_NULL;
	if (!wait_call(&x.w, docker_image_inspect(s->engine, name, exact_done, &x), &mine) ||
		(mine.domain == ERR_DOCKER && mine.code == 404))
		return 0;
	return error_pass(err, &mine);
}

static void on_header(void *arg, struct error *err, const struct auth_match *m)
{
	struct wait *w = arg;

	/* Without credentials the registry says what is wrong. */
	if (!err && m)
		*(struct str *)w->out = arena_str(w->arena, m->header);
	wait_over(w, NULL);
}

static void on_digest(void *arg, struct error *err, struct str digest)
{
	struct exact *x = arg;
	struct image_ref ref;

	if (!err && image_ref_parse(x->name, &ref))
		*(struct str *)x->w.out = arena_printf(
			x->w.arena, STR_FMT "@" STR_FMT, STR_ARG(ref.repo), STR_ARG(digest));
	wait_over(&x->w, err);
}

/* The user's credentials for the image's registry; empty without any. */
static int find_login(
	struct session *s, struct str name, struct arena *a, struct str *header, struct error *err)
{
	struct wait w = WAIT(s, a, header);
	struct auth *auth = auth_new(s->loop);
	int rc;

	*header = STR_NULL;
	auth_add_user_config(auth);
	auth_find(auth, name, on_header, &w);
	rc = wait_result(&w, err);
	auth_free(auth);
	return rc;
}

int sync_registry_exact(
	struct session *s, struct str name, struct arena *a, struct str *exact, struct error *err)
{
	struct str header;
	struct exact x = {.w = WAIT(s, a, exact), .name = name};

	*exact = STR_NULL;
	if (find_login(s, name, a, &header, err))
		return -1;
	return wait_call(
		&x.w, docker_image_distribution(s->engine, name, header, on_digest, &x), err);
}

struct transfer {
	struct wait w; /* first: wait_over() gets it */
	int fd;
	int failed; /* errno of the file */
};

static void save_chunk(void *arg, struct str data)
{
	struct transfer *t = arg;

	while (data.n && !t->failed) {
		ssize_t n = write(t->fd, data.p, data.n);

		if (n < 0 && errno != EINTR)
			t->failed = errno;
		else if (n > 0)
			data = str_from(data, (size_t)n);
	}
	if (t->failed && t->w.s->call)
		docker_call_cancel(t->w.s->call);
}

static ptrdiff_t load_produce(void *arg, char *buf, size_t n)
{
	struct transfer *t = arg;
	ssize_t got;

	do
		got = read(t->fd, buf, n);
	while (got < 0 && errno == EINTR);
	if (got >= 0)
		return got;
	t->failed = errno;
	return HTTP_ABORT;
}

static int transferred(struct transfer *t, struct docker_call *call, struct error *err)
{
	struct error mine = ERROR_INIT;
	int rc = wait_call(&t->w, call, &mine);

	if (t->failed)
		return error_sys(err, t->failed, "the file of images");
	return rc ? error_pass(err, &mine) : 0;
}

int sync_save_images(struct session *s, struct docker_strs names, int fd, struct error *err)
{
	struct transfer t = {.w = WAIT(s, NULL, NULL), .fd = fd};

	return transferred(
		&t, docker_image_save(s->engine, names, save_chunk, plain_done, &t), err);
}

int sync_load_images(struct session *s, int fd, struct error *err)
{
	struct transfer t = {.w = WAIT(s, NULL, NULL), .fd = fd};

	return transferred(&t, docker_image_load(s->engine, load_produce, plain_done, &t), err);
}

static void image_done(void *arg, struct error *err, const struct image_state *r)
{
	UNUSED(r);
	wait_over(arg, err);
}

int sync_need_image(struct session *s, struct str name, struct error *err)
{
	struct wait w = WAIT(s, NULL, NULL), p = WAIT(s, NULL, NULL);
	struct error mine = ERROR_INIT;
	struct image_pull pull = {.name = name, .done = plain_done, .arg = &p};
	struct arena scratch = ARENA_INIT;
	int rc;

	if (!wait_call(&w, docker_image_inspect(s->engine, name, image_done, &w), &mine))
		return 0;
	if (!(mine.domain == ERR_DOCKER && mine.code == 404))
		return error_pass(err, &mine);
	rc = find_login(s, name, &scratch, &pull.auth, err);
	if (!rc)
		rc = wait_call(&p, docker_image_pull(s->engine, &pull), err);
	arena_release(&scratch);
	return rc;
}

struct names {
	struct str prefix;
	VEC(struct str) found;
};

/*
 * A name that a pull from the place made: 127.0.0.1:PORT/group/app:1, and on the same image the tag
 * that is the same behind the host, registry.example.com/group/app:1.
 */
static bool is_pulled_name(const struct docker_strs *tags, struct str name, struct str prefix)
{
	size_t host = str_chr(name, '/');

	if (str_starts(name, prefix))
		return true;
	for (size_t i = 0; host != STR_NPOS && i < tags->n; i++)
		if (str_starts(tags->v[i], prefix) &&
			str_eq(str_from(tags->v[i], prefix.n), str_from(name, host + 1)))
			return true;
	return false;
}

static void images_done(void *arg, struct error *err, const struct image_row *rows, size_t n)
{
	struct wait *w = arg;
	struct names *names = w->out;

	for (size_t i = 0; !err && i < n; i++)
		for (size_t k = 0; k < rows[i].repo_tags.n; k++)
			if (is_pulled_name(
				    &rows[i].repo_tags, rows[i].repo_tags.v[k], names->prefix))
				vec_push_in(w->arena, &names->found,
					arena_str(w->arena, rows[i].repo_tags.v[k]));
	wait_over(w, err);
}

int sync_forget_images(struct session *s, struct str prefix, struct error *err)
{
	struct arena a = ARENA_INIT;
	struct names names = {.prefix = prefix};
	struct wait list = WAIT(s, &a, &names);
	int rc = wait_call(&list,
		docker_image_list(s->engine, (struct docker_strs){NULL, 0}, images_done, &list),
		err);

	for (size_t i = 0; !rc && i < names.found.n; i++) {
		struct wait w = WAIT(s, NULL, NULL);
		struct error ignored = ERROR_INIT;

		/* One that a container uses keeps its name. */
		wait_call(&w,
			docker_image_remove(s->engine, names.found.v[i], false, plain_done, &w),
			&ignored);
	}
	arena_release(&a);
	return rc;
}

struct moving {
	struct wait w; /* first: wait_over() gets it */
	sync_progress_fn *progress;
	void *arg;
};

static void on_moving(void *arg, const struct image_progress *now)
{
	struct moving *m = arg;

	if (m->progress)
		m->progress(m->arg, now);
}

static int move_image(struct session *s, bool push, struct str name, struct str auth,
	sync_progress_fn *progress, void *arg, struct error *err)
{
	struct moving m = {.w = WAIT(s, NULL, NULL), .progress = progress, .arg = arg};
	struct image_pull p = {
		.name = name, .auth = auth, .progress = on_moving, .done = plain_done, .arg = &m};

	return wait_call(&m.w,
		push ? docker_image_push(s->engine, &p) : docker_image_pull(s->engine, &p), err);
}

int sync_push_image(struct session *s, struct str name, struct str auth, sync_progress_fn *progress,
	void *arg, struct error *err)
{
	return move_image(s, true, name, auth, progress, arg, err);
}

int sync_pull_image(struct session *s, struct str name, struct str auth, sync_progress_fn *progress,
	void *arg, struct error *err)
{
	return move_image(s, false, name, auth, progress, arg, err);
}

int sync_tag_image(
	struct session *s, struct str name, struct str repo, struct str tag, struct error *err)
{
	struct wait w = WAIT(s, NULL, NULL);

	return wait_call(&w, docker_image_tag(s->engine, name, repo, tag, plain_done, &w), err);
}

int sync_untag_image(struct session *s, struct str name, struct error *err)
{
	struct wait w = WAIT(s, NULL, NULL);

	return wait_call(&w, docker_image_remove(s->engine, name, false, plain_done, &w), err);
}
