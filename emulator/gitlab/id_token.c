#include "base/base.h"
#include "emulator/gitlab/id_token.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/core/httpd.h"
#include "emulator/gitlab/jwt.h"
#include "emulator/store/store_json.h"
#include "pipeline/pipeline.h"
#include "vars/facts.h"
#include "vars/predefined.h"

#include <sys/random.h>

/* GitLab, lib/gitlab/ci/jwt.rb: clocks of other machines may be a little behind. */
#define NOT_BEFORE_S  5
#define DISCOVERY_DOC "/.well-known/openid-configuration"
#define KEYS_DOC      "/oauth/discovery/keys"

struct id_tokens {
	struct jwt_key *key;
	struct httpd *server;
	struct str issuer;   /* empty: where a client finds the server */
	struct str gateway;  /* this machine on the engine's bridge; empty: it is not there */
	struct str loopback; /* http://127.0.0.1:PORT */
	struct str bridge;   /* how containers reach it; empty: not at all */
	struct arena *arena; /* the run's */
	struct arena answer; /* of the last request */
};

static bool has_tokens(const struct run *r, bool on_docker)
{
	for (size_t i = 0; i < r->p->n_jobs; i++)
		if (r->plan.chosen[i] && r->p->jobs[i]->def->rare->n_id_tokens &&
			(!on_docker || runners_wants_docker(r, r->p->jobs[i])))
			return true;
	return false;
}

/* ---- the server ---- */

static struct str dump(struct arena *a, json_t *j)
{
	char *p = json_dumps(j, JSON_COMPACT);
	struct str out;

	if (!p)
		die_oom(0);
	out = arena_str(a, str_c(p));
	free(p);
	json_decref(j);
	return out;
}

static json_t *words(const char *first, ...)
{
	json_t *list = json_array();
	va_list ap;

	va_start(ap, first);
	for (const char *w = first; w; w = va_arg(ap, const char *))
		json_array_append_new(list, json_string(w));
	va_end(ap);
	return list;
}

/* GitLab, /.well-known/openid-configuration: what a service that checks tokens reads of it. */
static struct str discovery(struct id_tokens *t, struct str host)
{
	struct str at =
		host.n ? arena_printf(&t->answer, "http://" STR_FMT, STR_ARG(host)) : t->loopback;
	json_t *j = json_object();

	json_object_set_new(j, "issuer", store_json_text(t->issuer.n ? t->issuer : at));
	json_object_set_new(j, "jwks_uri",
		store_json_text(arena_printf(&t->answer, STR_FMT KEYS_DOC, STR_ARG(at))));
	json_object_set_new(j, "response_types_supported", words("id_token", NULL));
	json_object_set_new(j, "subject_types_supported", words("public", NULL));
	json_object_set_new(j, "id_token_signing_alg_values_supported", words("RS256", NULL));
	json_object_set_new(j, "claims_supported",
		words("aud", "sub", "iss", "exp", "nbf", "iat", "jti", "project_path", "ref",
			"ref_type", "ref_protected", "environment", NULL));
	return dump(&t->answer, j);
}

static void on_request(void *arg, const struct httpd_request *q, struct httpd_answer *out)
{
	struct id_tokens *t = arg;

	arena_release(&t->answer);
	out->type = "application/json";
	if (str_is(q->path, KEYS_DOC) || str_is(q->path, "/-/jwks"))
		out->body = jwt_key_set(t->key);
	else if (str_is(q->path, DISCOVERY_DOC))
		out->body = discovery(t, q->host);
	else
		return;
	out->status = 200;
}

/* Containers do not see this machine's loopback. */
static void serve_bridge(struct run *r, struct id_tokens *t)
{
	struct error err = ERROR_INIT;
	unsigned port = 0;

	if (t->gateway.n)
		port = httpd_listen(t->server, t->gateway.p, 0, &err);
	if (port)
		t->bridge =
			arena_printf(t->arena, "http://" STR_FMT ":%u", STR_ARG(t->gateway), port);
	else if (has_tokens(r, true))
		run_message(r, DIAG_NOTE,
			"the keys of id_tokens are served at " STR_FMT
			" only, where containers of this engine don't see them%s%s",
			STR_ARG(t->loopback), err.text[0] ? ": " : "", err.text);
}

static int serve(struct run *r, struct id_tokens *t, struct error *err)
{
	struct run *top = r->top;
	struct str asked = str_c(top->o->id_token_issuer);
	const char *dir = arena_printf(t->arena, "%s/oidc", top->store.root).p;
	unsigned port;

	t->key = jwt_key_open(dir, err);
	if (!t->key)
		return -1;
	t->server = httpd_new(top->session.loop, on_request, t);
	port = httpd_listen(t->server, "127.0.0.1", 0, err);
	if (!port)
		return error_wrap(err, "the keys of id_tokens can't be served");
	t->loopback = arena_printf(t->arena, "http://127.0.0.1:%u", port);
	if (!asked.n)
		t->issuer = varset_value(&top->p->vars, "CI_SERVER_URL");
	else if (!str_is(asked, "local"))
		t->issuer = asked;
	serve_bridge(r, t);
	return 0;
}

static bool has_bridges(const struct run *r)
{
	for (size_t i = 0; i < r->p->n_jobs; i++)
		if (r->plan.chosen[i] && r->p->jobs[i]->def->trigger)
			return true;
	return false;
}

/*
 * The engine is asked while calls may still wait for their answer, which is before the first job;
 * and what the pipelines of trigger jobs hold is not known by then. Whatever network containers are
 * in, they see this machine's address on the bridge; with an engine in a virtual machine or without
 * root it is none of this machine's.
 */
int id_tokens_prepare(struct run *r, struct error *err)
{
	struct run *top = r->top;
	struct id_tokens *t = top->tokens;
	bool wanted = has_tokens(r, false);

	if (!t && (wanted || (r == top && has_bridges(r)))) {
		t = arena_new(&top->arena, struct id_tokens);
		t->arena = &top->arena;
		top->tokens = t;
		if (r == top && top->session.engine && engine_shares_network(top->session.engine))
			sync_gateway(&top->session, STR("bridge"), t->arena, &t->gateway, NULL);
	}
	return wanted && !t->key ? serve(r, t, err) : 0;
}

void id_tokens_free(struct run *top)
{
	if (!top->tokens)
		return;
	httpd_free(top->tokens->server);
	jwt_key_free(top->tokens->key);
	arena_release(&top->tokens->answer);
	top->tokens = NULL;
}

/* ---- the claims ---- */

static struct str uuid(struct arena *a)
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		memset(b, 0, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	return arena_printf(a,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		b[15]);
}

static void put(json_t *j, const char *key, struct str value)
{
	json_object_set_new(j, key, store_json_text(value));
}

static void put_id(json_t *j, struct arena *a, const char *key, uint64_t id)
{
	put(j, key, arena_printf(a, "%" PRIu64, id));
}

/* GitLab, lib/json_web_token/user_project_token_claims.rb. */
static void put_project(json_t *j, struct arena *a, const struct facts *f)
{
	put_id(j, a, "project_id", f->project_id);
	put(j, "project_path", f->project_path);
	put_id(j, a, "namespace_id", f->namespace_id);
	put(j, "namespace_path", f->project_namespace);
	put_id(j, a, "job_project_id", f->project_id);
	put(j, "job_project_path", f->project_path);
	put_id(j, a, "job_namespace_id", f->namespace_id);
	put(j, "job_namespace_path", f->project_namespace);
	put_id(j, a, "user_id", f->user_id);
	put(j, "user_login", f->user_login);
	put(j, "user_email", f->user_email);
	put(j, "user_access_level", STR("maintainer"));
	put(j, "project_visibility",
		f->project_visibility.n ? f->project_visibility : STR("private"));
}

static void put_environment(json_t *j, const struct job *job, const struct varset *sorted)
{
	const struct environment_def *env = job->def->environment;

	if (!env || !job->environment_name.n)
		return;
	put(j, "environment", job->environment_name);
	put(j, "environment_protected", STR("false"));
	put(j, "deployment_tier", varset_value(sorted, "CI_ENVIRONMENT_TIER"));
	put(j, "environment_action", env->action.s.n ? env->action.s : STR("start"));
}

static const char *ref_type(const struct facts *f)
{
	return f->tag.n ? "tag" : "branch";
}

/* GitLab, lib/gitlab/ci/jwt.rb and jwt_v2.rb. */
static void put_ci(json_t *j, struct job_run *run, const struct varset *sorted)
{
	struct arena *a = &run->arena;
	const struct facts *f = run->run->p->facts;

	put_id(j, a, "pipeline_id", f->pipeline_id);
	put(j, "pipeline_source", f->source);
	put_id(j, a, "job_id", run->spec.job_id);
	put(j, "ref", f->ref_name);
	put(j, "ref_type", str_c(ref_type(f)));
	put(j, "ref_path",
		arena_printf(
			a, "refs/%s/" STR_FMT, f->tag.n ? "tags" : "heads", STR_ARG(f->ref_name)));
	put(j, "ref_protected", f->ref_protected ? STR("true") : STR("false"));
	put_environment(j, run->job, sorted);
	json_object_set_new(j, "runner_id", json_integer(1));
	put(j, "runner_environment", STR("self-hosted"));
	put(j, "sha", f->sha);
	put(j, "ci_config_ref_uri", varset_value(&run->run->p->vars, "CI_CONFIG_REF_URI"));
	put(j, "ci_config_sha", f->sha);
}

static json_t *audience(struct arena *a, const struct id_token_def *d, const struct varset *sorted)
{
	json_t *j;

	if (d->aud.n == 1 && !d->aud_list)
		return store_json_text(expand(a, d->aud.v[0].s, sorted, EXPAND_SERVER));
	j = json_array();
	for (size_t i = 0; i < d->aud.n; i++)
		json_array_append_new(
			j, store_json_text(expand(a, d->aud.v[i].s, sorted, EXPAND_SERVER)));
	return j;
}

static struct str claims(struct job_run *j, const struct id_token_def *d,
	const struct varset *sorted, struct str issuer)
{
	struct arena *a = &j->arena;
	const struct facts *f = j->run->p->facts;
	int64_t now = loop_wall_ms(j->run->session.loop) / 1000;
	json_t *c = json_object();

	put_project(c, a, f);
	put_ci(c, j, sorted);
	put(c, "jti", uuid(a));
	json_object_set_new(c, "iat", json_integer(now));
	json_object_set_new(c, "nbf", json_integer(now - NOT_BEFORE_S));
	json_object_set_new(c, "exp", json_integer(now + j->spec.timeout_s));
	put(c, "iss", issuer);
	put(c, "sub",
		arena_printf(a, "project_path:" STR_FMT ":ref_type:%s:ref:" STR_FMT,
			STR_ARG(f->project_path), ref_type(f), STR_ARG(f->ref_name)));
	json_object_set_new(c, "aud", audience(a, d, sorted));
	return dump(a, c);
}

static void put_var(struct varset *extra, struct str key, struct str value, bool masked)
{
	struct var v = {.key = key,
		.value = value,
		.from = "id_tokens",
		.layer = VAR_PERSISTED,
		.masked = masked,
		.raw = true,
		.internal = masked};

	varset_put(extra, &v);
}

int id_tokens_add(struct job_run *j, struct varset *extra, struct error *err)
{
	const struct job_rare *rare = j->job->def->rare;
	struct id_tokens *t = j->run->top->tokens;
	struct varset sorted;
	struct str here, issuer, cycle;

	if (!rare->n_id_tokens)
		return 0;
	if (!t || !t->key)
		return error_set(err, ERR_SYS, 0, "there is no key for the job's id_tokens");
	here = j->spec.executor == EXECUTOR_DOCKER ? t->bridge : t->loopback;
	issuer = t->issuer.n ? t->issuer : here.n ? here : t->loopback;
	varset_sort_and_expand(&j->arena, &j->job->vars, false, &sorted, &cycle);
	for (size_t i = 0; i < rare->n_id_tokens; i++) {
		const struct id_token_def *d = &rare->id_tokens[i];
		struct str token;

		if (jwt_sign(t->key, claims(j, d, &sorted, issuer), &j->arena, &token, err))
			return -1;
		put_var(extra, d->name.s, token, true);
	}
	if (here.n)
		put_var(extra, STR("CILOCAL_OIDC_URL"), here, false);
	return 0;
}
