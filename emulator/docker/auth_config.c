/* The docker client's config.json, and what credential helpers print. */
#include "base/base.h"
#include "emulator/docker/auth.h"

#include "emulator/docker/auth_internal.h"
#include "emulator/docker/base64.h"
#include "emulator/docker/docker_file.h"
#include "emulator/docker/json.h"

void auth_source_fail(struct auth *a, struct auth_source *s, const char *fmt, ...)
{
	va_list ap;

	if (s->warning.n)
		return;
	va_start(ap, fmt);
	s->warning = arena_vprintf(&a->arena, fmt, ap);
	va_end(ap);
	s->known.n = 0;
}

static struct auth_entry copy_entry(struct arena *a, const struct auth_entry *e)
{
	return (struct auth_entry){
		.username = arena_str(a, e->username),
		.password = arena_str(a, e->password),
		.auth = arena_str(a, e->auth),
		.server = arena_str(a, e->server),
		.identity_token = arena_str(a, e->identity_token),
		.registry_token = arena_str(a, e->registry_token),
	};
}

void auth_known_put(
	struct auth *a, struct auth_source *s, struct str key, const struct auth_entry *entry)
{
	struct auth_known known = {.entry = copy_entry(&a->arena, entry)};
	struct buf path = BUF_INIT;

	auth_key_path(&path, key);
	known.path = arena_str(&a->arena, buf_str(&path));
	buf_release(&path);
	vec_each (struct auth_known *, k, &s->known) {
		if (str_eq(k->path, known.path)) {
			*k = known;
			return;
		}
	}
	vec_push_in(&a->arena, &s->known, known);
}

/* "auth" holds base64 of user:password, and beats the fields of that name. */
static bool decode_auth(struct auth_entry *e, struct buf *plain)
{
	size_t colon;

	if (!e->auth.n)
		return true;
	if (!base64_decode(plain, e->auth))
		return false;
	colon = str_chr(buf_str(plain), ':');
	if (colon == STR_NPOS || !colon)
		return false;
	e->username = str_sub(buf_str(plain), 0, colon);
	e->password = str_from(buf_str(plain), colon + 1);
	/* Old clients padded the password. */
	while (e->password.n && !e->password.p[e->password.n - 1])
		e->password.n--;
	e->auth = STR_NULL;
	return true;
}

static void add_auths(struct auth *a, struct auth_source *s, json_t *map)
{
	const char *key;
	json_t *o;

	if (map && !json_is_object(map))
		auth_source_fail(a, s, "'auths' is not an object");
	json_object_foreach(map, key, o)
	{
		if (!json_is_object(o)) {
			auth_source_fail(a, s, "the entry '%s' is not an object", key);
			return;
		}
		struct buf plain = BUF_INIT;
		struct auth_entry e = {
			.username = json_str(o, "username"),
			.password = json_str(o, "password"),
			.auth = json_str(o, "auth"),
			.server = str_c(key),
			.identity_token = json_str(o, "identitytoken"),
			.registry_token = json_str(o, "registrytoken"),
		};

		if (decode_auth(&e, &plain))
			auth_known_put(a, s, str_c(key), &e);
		else
			auth_source_fail(
				a, s, "the 'auth' of '%s' is not user:password in base64", key);
		buf_release(&plain);
	}
}

/* docker-credential-NAME; a NAME with a path separator could run anything. */
static bool helper_program(struct auth *a, struct auth_source *s, struct str name, struct str *out)
{
	if (str_chr(name, '/') != STR_NPOS || str_is(name, "..") || str_is(name, ".")) {
		error_set(&a->fatal, ERR_USAGE, 0,
			"%s: credential helper '" STR_FMT "': path traversal is not allowed",
			s->label, STR_ARG(name));
		return false;
	}
	*out = arena_printf(&a->arena, "docker-credential-" STR_FMT, STR_ARG(name));
	return true;
}

static void add_helpers(struct auth *a, struct auth_source *s, const json_t *doc)
{
	json_t *map = json_get(doc, "credHelpers"), *value;
	struct str store = json_str(doc, "credsStore"), program;
	const char *key;

	if (store.n && helper_program(a, s, store, &program))
		auth_job_add(a, s, program, STR_NULL);
	json_object_foreach(map, key,
		value) if (json_text(value).n && helper_program(a, s, json_text(value), &program))
		auth_job_add(a, s, program, str_c(key));
}

static int read_file(struct auth *a, struct auth_source *s, struct buf *text)
{
	struct error err = ERROR_INIT;

	if (!docker_file_read(s->file, text, &err))
		return 0;
	/* No file is no fault: most users have none. */
	s->missing = err.code == ENOENT || err.code == ENOTDIR;
	if (!s->missing)
		auth_source_fail(a, s, "%s", err.text);
	return -1;
}

void auth_config_load(struct auth *a, struct auth_source *s)
{
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	json_t *doc = NULL, *auths;

	s->loaded = true;
	if (s->is_login || (s->file && read_file(a, s, &text))) {
		buf_release(&text);
		return;
	}
	if (!s->file)
		buf_addstr(&text, s->text);
	if (str_trim(buf_str(&text)).n) {
		doc = json_parse_secret(buf_str(&text), "the document", &err);
		if (!doc)
			auth_source_fail(a, s, "%s", err.text);
		else if (!json_is_object(doc))
			auth_source_fail(a, s, "the document is not an object");
		auths = json_get(doc, "auths");
		add_auths(a, s, auths || !s->legacy ? auths : doc);
		if (!s->warning.n)
			add_helpers(a, s, doc);
	}
	json_decref(doc);
	buf_release(&text);
}

void auth_config_listed(struct auth *a, const struct auth_job *job, struct str out)
{
	struct error err = ERROR_INIT;
	json_t *doc = json_parse_secret(out, "the list", &err), *user;
	struct auth_job *rest = a->jobs;
	const char *registry;

	if (doc && !json_is_object(doc))
		error_set(&err, ERR_DOCKER, 0, "the list is not an object");
	if (error_is(&err)) {
		auth_source_fail(
			a, job->source, STR_FMT " list: %s", STR_ARG(job->program), err.text);
		json_decref(doc);
		return;
	}
	/* Before the credHelpers of the same source, which are to overlay them. */
	a->jobs = NULL;
	a->jobs_tail = &a->jobs;
	json_object_foreach(doc, registry, user)
		auth_job_add(a, job->source, job->program, str_c(registry));
	*a->jobs_tail = rest;
	while (*a->jobs_tail)
		a->jobs_tail = &(*a->jobs_tail)->next;
	json_decref(doc);
}

void auth_config_got(struct auth *a, const struct auth_job *job, struct str out)
{
	struct error err = ERROR_INIT;
	json_t *doc = json_parse_secret(out, "the answer", &err);
	struct auth_entry e = {0};

	if (doc && !json_is_object(doc))
		error_set(&err, ERR_DOCKER, 0, "the answer is not an object");
	if (error_is(&err)) {
		auth_source_fail(
			a, job->source, STR_FMT " get: %s", STR_ARG(job->program), err.text);
		json_decref(doc);
		return;
	}
	e.username = json_str(doc, "Username");
	e.password = json_str(doc, "Secret");
	e.server = json_str(doc, "ServerURL");
	if (!e.server.n)
		e.server = job->registry;
	if (str_is(e.username, "<token>")) {
		e.identity_token = e.password;
		e.username = e.password = STR_NULL;
	}
	auth_known_put(a, job->source, job->registry, &e);
	json_decref(doc);
}
