/* `registry push` and `registry pull`: images between the engine and the local registry. */
#include "base/base.h"
#include "emulator/gitlab/registry_move.h"
#include "emulator/gitlab/registry_api.h"
#include "emulator/gitlab/registry_name.h"
#include "emulator/gitlab/registry_up.h"
#include "emulator/gitlab/session.h"
#include "emulator/core/error.h"
#include "emulator/docker/auth.h"
#include "emulator/docker/image.h"
#include "emulator/runner/pull_progress.h"

struct move {
	struct session s;
	struct arena *a;
	struct registry_info info;
	struct registry_moved *out;
	struct pull_progress layers;
	registry_progress_fn *progress;
	void *arg;
};

static int begin(struct move *m, const struct registry_options *o, struct error *err)
{
	struct registry_state state;

	if (registry_state_read(&state, m->a, o, err) || session_engine(&m->s, &o->engine, err) ||
		registry_look(&m->s, &state, o, m->a, &m->info, err))
		return -1;
	return m->info.running ? 0 : registry_not_running(err);
}

/* "1: digest: sha256:... size: 527" ends a push, "Digest: sha256:..." a pull. */
static void take_digest(struct move *m, struct str status)
{
	size_t at = str_find(status, STR("igest: sha256:"));
	struct str digest = at == STR_NPOS ? STR_NULL : str_from(status, at + 7);

	if (digest.n)
		m->out->digest =
			arena_str(m->a, str_sub(digest, 0, MIN(digest.n, str_chr(digest, ' '))));
}

static void on_progress(void *arg, const struct image_progress *now)
{
	struct move *m = arg;
	struct buf text = BUF_INIT;

	take_digest(m, now->status);
	pull_progress_add(&m->layers, now);
	pull_progress_text(&m->layers, &text);
	if (m->progress && text.n)
		m->progress(m->arg, m->out, buf_str(&text));
	buf_release(&text);
}

/* "; did you mean 'x'?", or nothing. */
static struct str nearest(struct arena *a, struct str word, const struct str *names, size_t n)
{
	const struct str *near = image_ref_nearest(word, names, n);

	return near ? arena_printf(a, "; did you mean '" STR_FMT "'?", STR_ARG(*near)) : STR("");
}

static int not_on_engine(struct move *m, struct str image, struct error *err)
{
	struct sync_names names;

	if (sync_images(&m->s, m->a, &names, err))
		return -1;
	return error_set(err, ERR_DOCKER, 404, "the engine has no image '" STR_FMT "'" STR_FMT,
		STR_ARG(image), STR_ARG(nearest(m->a, image, names.v, names.n)));
}

/* The daemon's words where the registry has the name after all, or can't be asked. */
static int not_in_registry(
	struct move *m, struct str asked, const struct error *from, struct error *err)
{
	struct error mine = ERROR_INIT;
	struct registry_tag *tags;
	struct str *names;
	size_t n;

	if (from->domain == ERR_CANCELLED ||
		registry_api_list(&m->s, &m->info, m->a, &tags, &n, &mine))
		return error_pass(err, from);
	names = arena_array(m->a, struct str, n + 1);
	for (size_t i = 0; i < n; i++) {
		names[i] = arena_printf(m->a, STR_FMT ":" STR_FMT, STR_ARG(tags[i].repository),
			STR_ARG(tags[i].tag));
		if (str_eq(names[i], asked))
			return error_pass(err, from);
	}
	return error_set(err, ERR_DOCKER, 404,
		"the local registry has no image '" STR_FMT "'" STR_FMT, STR_ARG(asked),
		STR_ARG(n ? nearest(m->a, asked, names, n) : STR("; it holds none")));
}

static struct str login(struct arena *a, const struct registry_info *info)
{
	struct auth_entry e = {
		.username = info->user, .password = info->password, .server = info->address};
	struct buf b = BUF_INIT;
	struct str out;

	auth_header(&b, &e);
	out = arena_str(a, buf_str(&b));
	buf_release(&b);
	return out;
}

static struct str full_name(const struct move *m, struct str host)
{
	const struct registry_moved *o = m->out;
	const char *mark = str_starts(o->tag, STR("sha256:")) ? "@" : ":";

	return arena_printf(m->a, STR_FMT "/" STR_FMT "%s" STR_FMT, STR_ARG(host),
		STR_ARG(o->repository), mark, STR_ARG(o->tag));
}

static void begins(struct move *m)
{
	m->out->name = full_name(m, m->info.host.n ? m->info.host : m->info.address);
	if (m->progress)
		m->progress(m->arg, m->out, STR(""));
}

static int other_registry(
	const struct move *m, const char *text, const struct registry_name *name, struct error *err)
{
	return error_set(err, ERR_USAGE, 0,
		"'%s' is a name of the registry " STR_FMT "; the local one is " STR_FMT, text,
		STR_ARG(name->host), STR_ARG(m->info.host.n ? m->info.host : m->info.address));
}

/* What the image is to be called there: `as`, else its own name without a host. */
static int plan_push(struct move *m, const char *image, const char *as, struct error *err)
{
	struct registry_name name, own;
	bool named = registry_name_parse(&own, str_c(image), &m->info) && !own.digest.n;

	if (!as && !named)
		return error_set(err, ERR_USAGE, 0,
			"'%s' is no name with a tag: say what it is to be called, 'cilocal "
			"registry push %s NAME'",
			image, image);
	if (!registry_name_parse(&name, str_c(as ? as : image), &m->info) || name.digest.n)
		return error_set(err, ERR_USAGE, 0, "'%s' can't be the name of an image", as);
	if (as && name.host.n)
		return other_registry(m, as, &name, err);
	m->out->repository = arena_str(m->a, name.repo);
	m->out->tag = arena_str(m->a, name.tag.n           ? name.tag
				      : named && own.tag.n ? own.tag
							   : STR("latest"));
	return 0;
}

/* By the name that the engine reaches the registry by; it goes again unless it was there before. */
static int send(struct session *s, struct arena *a, const struct registry_info *info,
	struct str image, struct str repo, struct str tag, sync_progress_fn *progress, void *arg,
	struct error *err)
{
	struct str at = arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(info->address), STR_ARG(repo));
	struct str there = arena_printf(a, STR_FMT ":" STR_FMT, STR_ARG(at), STR_ARG(tag));
	struct error ignored = ERROR_INIT;
	int64_t was;
	int rc;

	if (sync_image_size(s, there, &was, err) || sync_tag_image(s, image, at, tag, err))
		return -1;
	rc = sync_push_image(s, there, login(a, info), progress, arg, err);
	if (was < 0)
		session_finish(s, sync_untag_image, there, &ignored);
	return rc;
}

int registry_copy(struct session *s, struct arena *a, const struct registry_info *info,
	struct str image, struct str there, struct error *err)
{
	struct image_ref ref;

	if (!image_ref_parse(there, &ref))
		return error_set(err, ERR_USAGE, 0, "'" STR_FMT "' can't be the name of an image",
			STR_ARG(there));
	return send(
		s, a, info, image, ref.repo, ref.tag.n ? ref.tag : STR("latest"), NULL, NULL, err);
}

static int push(struct move *m, const char *image, const char *as, struct error *err)
{
	if (plan_push(m, image, as, err) ||
		sync_image_size(&m->s, str_c(image), &m->out->size, err))
		return -1;
	if (m->out->size < 0)
		return not_on_engine(m, str_c(image), err);
	begins(m);
	return send(&m->s, m->a, &m->info, str_c(image), m->out->repository, m->out->tag,
		on_progress, m, err);
}

/*
 * The name with the port goes again: with it `registry stop` would take the image away, which
 * whoever pulls it by hand wants to keep. A digest has no other name.
 */
static int pull(struct move *m, const char *image, struct error *err)
{
	struct error mine = ERROR_INIT;
	struct registry_name name;
	struct str there;

	if (!registry_name_parse(&name, str_c(image), &m->info))
		return error_set(err, ERR_USAGE, 0, "'%s' can't be the name of an image", image);
	if (name.host.n)
		return other_registry(m, image, &name, err);
	m->out->repository = arena_str(m->a, name.repo);
	m->out->tag = arena_str(m->a, name.digest.n ? name.digest
				      : name.tag.n  ? name.tag
						    : STR("latest"));
	there = full_name(m, m->info.address);
	m->out->size = -1;
	begins(m);
	if (sync_pull_image(&m->s, there, login(m->a, &m->info), on_progress, m, &mine))
		return not_in_registry(m, str_from(there, m->info.address.n + 1), &mine, err);
	m->out->name = there;
	if (sync_image_size(&m->s, there, &m->out->size, err))
		return -1;
	if (name.digest.n || !m->info.host.n)
		return 0;
	m->out->name = full_name(m, m->info.host);
	if (sync_tag_image(&m->s, there,
		    arena_printf(m->a, STR_FMT "/" STR_FMT, STR_ARG(m->info.host),
			    STR_ARG(m->out->repository)),
		    m->out->tag, err))
		return -1;
	return sync_untag_image(&m->s, there, err);
}

static int transfer(struct move *m, const struct registry_options *o, const char *image,
	const char *as, bool to_registry, struct error *err)
{
	int rc;

	memset(m->out, 0, sizeof(*m->out));
	if (session_open(&m->s, err))
		return -1;
	pull_progress_init(&m->layers);
	rc = begin(m, o, err);
	if (!rc)
		rc = to_registry ? push(m, image, as, err) : pull(m, image, err);
	pull_progress_release(&m->layers);
	return session_close(&m->s, err) || rc ? -1 : 0;
}

int registry_push(struct registry_moved *out, struct arena *a, const struct registry_options *o,
	const char *image, const char *as, registry_progress_fn *progress, void *arg,
	struct error *err)
{
	struct move m = {.a = a, .out = out, .progress = progress, .arg = arg};

	return transfer(&m, o, image, as, true, err);
}

int registry_pull(struct registry_moved *out, struct arena *a, const struct registry_options *o,
	const char *image, registry_progress_fn *progress, void *arg, struct error *err)
{
	struct move m = {.a = a, .out = out, .progress = progress, .arg = arg};

	return transfer(&m, o, image, NULL, false, err);
}
