/* include:remote and include:template: a GET, three tries where the server has trouble, and a
 * cache. */
#include "base/base.h"
#include "emulator/gitlab/fetch_internal.h"
#include "emulator/core/error.h"
#include "emulator/core/http.h"
#include "emulator/core/loop.h"
#include "emulator/store/store.h"
#include "config/duration.h"
#include "source/loader.h"

#define TRIES         3
#define TIMEOUT_MS    30000 /* all tries together: GitLab gives a whole definition that long */
#define MAX_SIZE      (5 * 1024 * 1024)
#define TEMPLATES_URL "https://gitlab.com/gitlab-org/gitlab/-/raw/master/lib/gitlab/ci/templates"

struct transfer {
	struct fetch *f;
	struct config_want *want;
	struct str url;
	const char *copy; /* the file in the cache, or NULL */
	unsigned tries;
	uint64_t started; /* loop_now() */
	struct loop_timer timer;
};

static void on_answer(void *arg, struct error *err, const struct http_response *r);

/* Authorities of the user's own, named as for OpenSSL's and curl's programs. */
static const char *ca_file(void)
{
	static const char *const names[] = {"CURL_CA_BUNDLE", "SSL_CERT_FILE"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *file = getenv(names[i]);

		if (file && *file)
			return file;
	}
	return NULL;
}

static uint64_t time_left(const struct transfer *t)
{
	uint64_t used = loop_now(t->f->loop) - t->started;

	return used < TIMEOUT_MS ? TIMEOUT_MS - used : 0;
}

static void ask(struct transfer *t)
{
	struct http_request req = {.url = t->url.p,
		.follow = true,
		.max_body = MAX_SIZE,
		.timeout_ms = MAX(time_left(t), 1),
		.tls = {.ca_file = ca_file()},
		.done = on_answer,
		.arg = t};

	t->tries++;
	http_start(t->f->http, &req);
}

static void ask_again(void *arg)
{
	ask(arg);
}

static bool give_copy(struct transfer *t, const char *why)
{
	struct fetch *f = t->f;
	struct error err = ERROR_INIT;
	struct str text;

	if (!t->copy || fetch_age(t->copy) < 0 ||
		store_read_file(t->copy, &f->arena, MAX_SIZE, &text, &err))
		return false;
	if (why)
		fetch_warn(f,
			"'" STR_FMT "' can't be fetched (%s): using the copy that is " STR_FMT,
			STR_ARG(t->url), why,
			STR_ARG(fetch_age_text(&f->arena, fetch_age(t->copy))));
	fetch_provide(f, t->want, text, NULL);
	return true;
}

static void failed(struct transfer *t, const char *why)
{
	if (!give_copy(t, why))
		fetch_refuse(t->f, t->want,
			"'" STR_FMT "' could not be fetched after %u attempt%s: %s",
			STR_ARG(t->url), t->tries, t->tries == 1 ? "" : "s", why);
}

/* Without a network nobody should wait for what is here already. */
static bool try_again(
	const struct transfer *t, const struct error *err, const struct http_response *r)
{
	uint64_t pause = t->tries * 1000;

	if (t->tries >= TRIES || time_left(t) <= pause)
		return false;
	if (err)
		return http_fault_may_pass(err) && !(t->copy && fetch_age(t->copy) >= 0);
	return r->status >= 500 || r->status == 429;
}

static void on_answer(void *arg, struct error *err, const struct http_response *r)
{
	struct transfer *t = arg;
	struct error ignored = ERROR_INIT;
	char why[64];

	if (try_again(t, err, r)) {
		loop_timer_start(t->f->loop, &t->timer, t->tries * 1000, ask_again, t);
		return;
	}
	if (err && http_fault_is_certificate(err)) {
		failed(t,
			arena_printf(&t->f->arena,
				"%s; CURL_CA_BUNDLE can name a file with its authority", err->text)
				.p);
	} else if (err) {
		failed(t, err->text);
	} else if (r->status == 404 || r->status == 410) {
		/* Gone is gone: an old copy would only hide it. */
		fetch_refuse(t->f, t->want, "'" STR_FMT "' does not exist (HTTP %ld)",
			STR_ARG(t->url), r->status);
	} else if (r->status != 200) {
		snprintf(why, sizeof(why), "HTTP %ld", r->status);
		failed(t, why);
	} else {
		if (t->copy)
			store_write_file(t->copy, r->body, &ignored);
		fetch_provide(t->f, t->want, r->body, NULL);
	}
	fetch_over(t->f);
}

/* include:cache says how long a copy is good enough. */
static bool copy_is_fresh(const struct transfer *t)
{
	int64_t good = 0, age = fetch_age(t->copy);

	if (!t->want->cache.n || age < 0)
		return false;
	if (str_is(t->want->cache, "true"))
		good = 3600;
	else if (!duration_parse(t->want->cache, &good))
		return false;
	return age < good;
}

void fetch_url(struct fetch *f, struct config_want *w, struct str url)
{
	struct transfer *t = arena_new(&f->arena, struct transfer);

	t->f = f;
	t->want = w;
	t->url = arena_str(&f->arena, url);
	t->copy = fetch_cache_path(f, "http", url, "");
	if (f->o->offline) {
		if (!give_copy(t, "offline"))
			fetch_refuse(f, w,
				"'" STR_FMT "' was never fetched, and this run is offline",
				STR_ARG(url));
		return;
	}
	if (copy_is_fresh(t) && give_copy(t, NULL))
		return;
	f->pending++;
	t->started = loop_now(f->loop);
	ask(t);
}

/* From the user's folder where that has it. */
static bool local_template(struct fetch *f, struct config_want *w)
{
	struct loader loader;
	struct str why, text;

	if (!f->o->templates ||
		loader_init(&loader, &f->arena, str_c(f->o->templates), &why) != LOADER_OK ||
		loader_read(&loader, w->path, &text, &why) != LOADER_OK)
		return false;
	fetch_provide(f, w, text, NULL);
	return true;
}

void fetch_template(struct fetch *f, struct config_want *w)
{
	const char *base = f->o->templates_url ? f->o->templates_url : TEMPLATES_URL;

	if (str_find(w->path, STR("..")) != STR_NPOS)
		fetch_refuse(f, w, "'" STR_FMT "' is no template", STR_ARG(w->path));
	else if (!local_template(f, w))
		fetch_url(f, w, arena_printf(&f->arena, "%s/" STR_FMT, base, STR_ARG(w->path)));
}
