#include "base/base.h"
#include "emulator/runner/image_fetch.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/docker/auth.h"
#include "emulator/docker/image.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/docker_values.h"
#include "emulator/runner/pull_progress.h"

/* Network trouble is tried again; the Runner waits 2 to 10 s, nobody at a terminal wants to. */
#define EXTERNAL_TRIES 3
#define RETRY_MS       1000

struct image_fetch {
	struct image_fetch_spec spec;
	image_fetch_fn *done;
	void *arg;
	size_t policy; /* index of the one being tried */
	unsigned tries;
	bool cancelled, pulled;
	bool by_id; /* looked for by the digest alone, as by an id */
	struct docker_call *call;
	struct auth_query *query;
	struct loop_timer timer;
	struct buf header, id;
	struct docker_strs refused; /* lines to say where the registry refuses: auth's */
	bool refused_told;          /* to one policy: they are the same for the next */
	struct pull_progress progress;
	struct error missing; /* while the engine is asked what it has instead */
	struct outcome outcome;
};

const char *pull_policy_text(enum pull_policy p)
{
	static const char *const names[] = {"always", "if-not-present", "never"};

	return names[p];
}

bool pull_policy_parse(struct str text, enum pull_policy *out)
{
	int i;

	for (i = PULL_ALWAYS; i <= PULL_NEVER; i++)
		if (str_is(text, pull_policy_text((enum pull_policy)i))) {
			*out = (enum pull_policy)i;
			return true;
		}
	return false;
}

static void inspect(struct image_fetch *f);

static void finish(struct image_fetch *f, struct str id)
{
	loop_timer_stop(&f->timer);
	f->done(f->arg, &f->outcome, id);
	pull_progress_release(&f->progress);
	buf_release(&f->header);
	buf_release(&f->id);
	free(f);
}

static enum pull_policy policy(const struct image_fetch *f)
{
	return f->spec.policies[f->policy];
}

static void policies_text(const struct image_fetch *f, struct buf *b)
{
	size_t i;

	buf_addc(b, '[');
	for (i = 0; i < f->spec.n_policies; i++)
		buf_printf(b, "%s%s", i ? " " : "", pull_policy_text(f->spec.policies[i]));
	buf_addc(b, ']');
}

static void tell_refused(struct image_fetch *f, const struct error *err)
{
	if (f->cancelled || f->refused_told || !docker_pull_refused(str_c(err->text)))
		return;
	f->refused_told = f->refused.n != 0;
	for (size_t i = 0; i < f->refused.n; i++)
		job_log_warnln(f->spec.log, STR_FMT, STR_ARG(f->refused.v[i]));
}

/* This policy did not do: the next one, or the end. */
static void failed(struct image_fetch *f, const struct error *err)
{
	struct buf list = BUF_INIT;
	int reason = docker_pull_failure(str_c(err->text));

	tell_refused(f, err);
	if (!f->cancelled && f->policy + 1 < f->spec.n_policies) {
		job_log_warnln(f->spec.log, "Failed to pull image with policy \"%s\": %s",
			pull_policy_text(policy(f)), err->text);
		f->policy++;
		f->tries = 0;
		job_log_infoln(f->spec.log, "Attempt #%zu: Trying \"%s\" pull policy",
			f->policy + 1, pull_policy_text(policy(f)));
		f->pulled = false;
		inspect(f);
		return;
	}
	policies_text(f, &list);
	outcome_fail(&f->outcome, f->cancelled ? FAIL_CANCELED : (enum failure_reason)reason,
		"failed to pull image \"" STR_FMT "\" with specified policies %s: %s",
		STR_ARG(f->spec.name), list.p, err->text);
	f->outcome.at = f->spec.at;
	f->outcome.surroundings = true;
	buf_release(&list);
	finish(f, STR_NULL);
}

static void pull(struct image_fetch *f);

static void pull_again(void *arg)
{
	pull(arg);
}

/* `how` is added to the image's name; NULL: the pull is over. */
static void tell(struct image_fetch *f, const struct buf *how)
{
	struct buf text = BUF_INIT;

	if (!f->spec.waits)
		return;
	if (how)
		buf_printf(&text, "pulling " STR_FMT "%s%s", STR_ARG(f->spec.name),
			how->n ? ": " : "", how->p);
	f->spec.waits(f->spec.waits_arg, buf_str(&text));
	buf_release(&text);
}

static void on_progress(void *arg, const struct image_progress *event)
{
	struct image_fetch *f = arg;
	struct buf how = BUF_INIT;

	pull_progress_add(&f->progress, event);
	pull_progress_text(&f->progress, &how);
	tell(f, &how);
	buf_release(&how);
}

static void on_pulled(void *arg, struct error *err)
{
	struct image_fetch *f = arg;

	f->call = NULL;
	tell(f, NULL);
	if (!err) {
		f->pulled = true;
		inspect(f);
		return;
	}
	if (!f->cancelled && ++f->tries < EXTERNAL_TRIES &&
		docker_pull_failure(str_c(err->text)) == FAIL_EXTERNAL_DEPENDENCY &&
		f->policy + 1 == f->spec.n_policies) {
		loop_timer_start(f->spec.loop, &f->timer, RETRY_MS * f->tries, pull_again, f);
		return;
	}
	failed(f, err);
}

static void pull(struct image_fetch *f)
{
	struct image_pull p = {.name = f->spec.image,
		.platform = f->spec.platform,
		.auth = buf_str(&f->header),
		.progress = on_progress,
		.done = on_pulled,
		.arg = f};
	struct buf nothing = BUF_INIT;

	tell(f, &nothing);
	f->call = docker_image_pull(f->spec.engine, &p);
}

static void on_auth(void *arg, struct error *err, const struct auth_match *m)
{
	struct image_fetch *f = arg;
	size_t i;

	f->query = NULL;
	if (err && f->cancelled) {
		failed(f, err);
		return;
	}
	if (err)
		job_log_warnln(f->spec.log, "%s", err->text);
	for (i = 0; m && i < m->warnings.n; i++)
		job_log_warnln(f->spec.log, STR_FMT, STR_ARG(m->warnings.v[i]));
	f->refused = m ? m->refused : (struct docker_strs){0};
	buf_clear(&f->header); /* of the policy before */
	if (m && m->source.n) {
		job_log_println(f->spec.log, "Authenticating with credentials from " STR_FMT,
			STR_ARG(m->source));
		buf_addstr(&f->header, m->header);
	}
	job_log_println(f->spec.log, "Pulling docker image " STR_FMT " ...", STR_ARG(f->spec.name));
	pull(f);
}

static void show_image(struct image_fetch *f, const struct image_state *r)
{
	struct str digest = r->repo_digests.n ? r->repo_digests.v[0] : STR_NULL;

	if (digest.n)
		job_log_println(f->spec.log,
			"Using docker image " STR_FMT " for " STR_FMT " with digest " STR_FMT
			" ...",
			STR_ARG(r->id), STR_ARG(f->spec.name), STR_ARG(digest));
	else
		job_log_println(f->spec.log, "Using docker image " STR_FMT " for " STR_FMT " ...",
			STR_ARG(r->id), STR_ARG(f->spec.name));
}

/* Whether one of the image's names is at the place that the pulled one came from. */
static bool is_from_there(const struct image_fetch *f, const struct image_state *r)
{
	struct str place = str_sub(f->spec.image, 0, str_chr(f->spec.image, '/') + 1);

	for (size_t i = 0; i < r->repo_tags.n; i++)
		if (str_starts(r->repo_tags.v[i], place))
			return true;
	for (size_t i = 0; i < r->repo_digests.n; i++)
		if (str_starts(r->repo_digests.v[i], place))
			return true;
	return false;
}

/* The job has its image by the other name, so no more than a warning. */
static void on_tagged(void *arg, struct error *err)
{
	struct image_fetch *f = arg;

	f->call = NULL;
	if (err && !f->cancelled)
		job_log_warnln(f->spec.log, "'" STR_FMT "' can't be tagged: %s",
			STR_ARG(f->spec.name), err->text);
	finish(f, buf_str(&f->id));
}

static void tag(struct image_fetch *f)
{
	struct image_ref ref;

	image_ref_parse(f->spec.name, &ref);
	f->call = docker_image_tag(f->spec.engine, buf_str(&f->id), ref.repo,
		ref.tag.n ? ref.tag : STR("latest"), on_tagged, f);
}

/* Whether the registry has what holds the name: then that was pulled from there, too. */
static void on_known(void *arg, struct error *err, struct str digest)
{
	struct image_fetch *f = arg;

	UNUSED(digest);
	f->call = NULL;
	if (err || f->cancelled)
		finish(f, buf_str(&f->id));
	else
		tag(f);
}

/* The digest that the image has by this name, or nothing. */
static struct str digest_as(const struct image_state *r, struct str repo)
{
	struct image_ref ref;

	for (size_t i = 0; i < r->repo_digests.n; i++)
		if (image_ref_parse(r->repo_digests.v[i], &ref) && str_eq(ref.repo, repo))
			return ref.digest;
	return STR_NULL;
}

/*
 * In a containerd image store (Engine 29's default) an image's digests are those of the tags that
 * it has: once the tag of the place has gone to a newer image, nothing tells where the older one
 * came from, and the registry is asked.
 */
static void ask_registry(struct image_fetch *f, struct str digest)
{
	struct image_ref place;
	struct buf there = BUF_INIT;

	if (!digest.n || !image_ref_parse(f->spec.image, &place)) {
		finish(f, buf_str(&f->id));
		return;
	}
	buf_printf(&there, STR_FMT "@" STR_FMT, STR_ARG(place.repo), STR_ARG(digest));
	f->call = docker_image_distribution(
		f->spec.engine, buf_str(&there), buf_str(&f->header), on_known, f);
	buf_release(&there);
}

/* What holds the name now: nothing, an older pull, or an image of the user's, which keeps it. */
static void on_named(void *arg, struct error *err, const struct image_state *r)
{
	struct image_fetch *f = arg;
	struct image_ref ref;
	bool missing = err && err->domain == ERR_DOCKER && err->code == 404;

	f->call = NULL;
	if (f->cancelled || (err && !missing) || !image_ref_parse(f->spec.name, &ref) ||
		ref.digest.n || (!err && str_eq(r->id, buf_str(&f->id))))
		finish(f, buf_str(&f->id));
	else if (missing || is_from_there(f, r))
		tag(f);
	else
		ask_registry(f, digest_as(r, ref.repo));
}

static void on_names(void *arg, struct error *err, const struct image_row *rows, size_t n)
{
	struct image_fetch *f = arg;
	const struct str *near;
	VEC(struct str) names = {0};

	f->call = NULL;
	for (size_t i = 0; !err && i < n; i++)
		for (size_t k = 0; k < rows[i].repo_tags.n; k++)
			vec_push(&names, rows[i].repo_tags.v[k]);
	near = image_ref_nearest(f->spec.name, names.v, names.n);
	/* Behind a blank: the image's name, which is before it, is looked for in the words. */
	if (near)
		snprintf(f->missing.text + strlen(f->missing.text),
			sizeof(f->missing.text) - strlen(f->missing.text),
			" (did you mean '" STR_FMT "'?)", STR_ARG(*near));
	failed(f, &f->missing);
	free(names.v);
}

static void on_inspected(void *arg, struct error *err, const struct image_state *r);

/*
 * In a containerd image store the digest is the image's id, and a name with a digest is good only
 * as long as a tag of that name is there: what `lock` wrote down of an image that no registry has.
 */
static bool look_by_id(struct image_fetch *f)
{
	struct image_ref ref;

	if (f->by_id || f->pulled || policy(f) == PULL_ALWAYS ||
		!image_ref_parse(f->spec.image, &ref) || ref.is_id || !ref.digest.n)
		return false;
	f->by_id = true;
	f->call = docker_image_inspect(f->spec.engine, ref.digest, on_inspected, f);
	return true;
}

static void on_inspected(void *arg, struct error *err, const struct image_state *r)
{
	struct image_fetch *f = arg;
	bool missing = err && err->domain == ERR_DOCKER && err->code == 404;

	f->call = NULL;
	if (missing && !f->cancelled && look_by_id(f))
		return;
	if (f->cancelled || (err && !missing)) {
		outcome_fail(&f->outcome, f->cancelled ? FAIL_CANCELED : FAIL_RUNNER_SYSTEM, "%s",
			f->cancelled ? "canceled" : err->text);
		f->outcome.surroundings = true;
		f->outcome.at = f->spec.at;
		finish(f, STR_NULL);
		return;
	}
	if (!err && (policy(f) != PULL_ALWAYS || f->pulled)) {
		if (!f->pulled && policy(f) == PULL_IF_NOT_PRESENT)
			job_log_println(f->spec.log,
				"Using locally found image version due to \"if-not-present\" pull "
				"policy");
		show_image(f, r);
		if (f->spec.seen)
			f->spec.seen(f->arg, r);
		if (f->pulled && f->spec.tag_as_name) {
			buf_addstr(&f->id, r->id);
			f->call = docker_image_inspect(f->spec.engine, f->spec.name, on_named, f);
			return;
		}
		finish(f, r->id);
		return;
	}
	if (policy(f) == PULL_NEVER && !f->pulled && f->policy + 1 == f->spec.n_policies) {
		f->missing = *err;
		f->call = docker_image_list(
			f->spec.engine, (struct docker_strs){NULL, 0}, on_names, f);
		return;
	}
	if (policy(f) == PULL_NEVER || f->pulled) {
		failed(f, err);
		return;
	}
	if (f->spec.auth)
		f->query = auth_find(f->spec.auth, f->spec.image, on_auth, f);
	else
		on_auth(f, NULL, NULL);
}

static void inspect(struct image_fetch *f)
{
	f->call = docker_image_inspect(f->spec.engine, f->spec.image, on_inspected, f);
}

struct image_fetch *image_fetch_start(
	const struct image_fetch_spec *spec, image_fetch_fn *done, void *arg)
{
	struct image_fetch *f = xcalloc(1, sizeof(*f));
	struct buf list = BUF_INIT;

	f->spec = *spec;
	f->done = done;
	f->arg = arg;
	f->outcome = OUTCOME_OK;
	buf_init(&f->header);
	buf_init(&f->id);
	pull_progress_init(&f->progress);
	policies_text(f, &list);
	job_log_println(spec->log, "Using effective pull policy of %s for container " STR_FMT,
		list.p, STR_ARG(spec->name));
	buf_release(&list);
	inspect(f);
	return f;
}

void image_fetch_cancel(struct image_fetch *f)
{
	struct error stopped = ERROR_INIT;

	if (f->cancelled)
		return;
	f->cancelled = true;
	if (f->call) {
		docker_call_cancel(f->call);
	} else if (f->query) {
		auth_query_cancel(f->query);
	} else if (f->timer.loop) {
		loop_timer_stop(&f->timer);
		error_set(&stopped, ERR_CANCELLED, 0, "canceled");
		failed(f, &stopped);
	}
}
