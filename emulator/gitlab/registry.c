#include "base/base.h"
#include "emulator/gitlab/registry.h"
#include "emulator/gitlab/registry_api.h"
#include "emulator/gitlab/registry_up.h"
#include "emulator/gitlab/session.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"
#include "emulator/store/store_json.h"
#include "vars/facts.h"

#include <time.h>

#define MAX_PEM ((size_t)64 * 1024)

int registry_facts(struct facts *f, struct arena *a, const struct registry_options *o, bool wanted,
	bool *used, struct error *err)
{
	struct registry_state state;
	bool use;

	if (wanted ? registry_state_ensure(&state, a, o, err)
		   : registry_state_read(&state, a, o, NULL))
		return wanted ? -1 : 0;
	use = wanted || (state.started && state.password.n && state.deploy_password.n);
	if (used)
		*used = use;
	if (!use)
		return 0;
	f->registry_host = o->host ? arena_str(a, str_c(o->host))
				   : arena_printf(a, "registry." STR_FMT, STR_ARG(f->server_host));
	f->registry_local = true;
	f->registry_user = state.user;
	f->registry_password = state.password;
	f->deploy_user = STR(REGISTRY_DEPLOY_USER);
	f->deploy_password = state.deploy_password;
	/* As on GitLab: a job's password for the registry is its token. */
	f->job_token = state.password;
	return 0;
}

struct str registry_ca(struct arena *a, const struct registry_options *o)
{
	struct registry_state state;
	struct str pem = STR_NULL;
	const char *path = registry_tls_ca(a, o, NULL);

	if (path && !registry_state_read(&state, a, o, NULL) && registry_uses_tls(&state, o))
		store_read_file(path, a, MAX_PEM, &pem, NULL);
	return pem;
}

int registry_start(struct registry_info *out, struct arena *a, const struct registry_options *o,
	struct error *err)
{
	struct registry_state state;
	struct session s;
	int rc;

	if (registry_state_ensure(&state, a, o, err) || session_open(&s, err))
		return -1;
	rc = session_engine(&s, &o->engine, err);
	if (!rc)
		rc = registry_up(&s, &state, o, a, out, err);
	if (!rc) {
		state.started = true;
		state.tls = out->tls;
		if (o->host)
			state.host = str_c(o->host);
		rc = registry_state_write(&state, a, o, err);
	}
	return session_close(&s, err) || rc ? -1 : 0;
}

int registry_stop(bool purge, bool *was, const struct registry_options *o, struct error *err)
{
	struct arena a = ARENA_INIT;
	struct registry_state state;
	struct session s;
	int rc = -1;

	if (session_open(&s, err))
		return -1;
	if (!session_engine(&s, &o->engine, err))
		rc = registry_down(&s, purge, was, o, err);
	if (!rc && purge) {
		rc = registry_state_remove(&a, o, err);
		if (!rc)
			rc = registry_tls_remove(&a, o, err);
	} else if (!rc && !registry_state_read(&state, &a, o, NULL) && state.started) {
		state.started = false;
		rc = registry_state_write(&state, &a, o, err);
	}
	if (session_close(&s, err))
		rc = -1;
	arena_release(&a);
	return rc;
}

int registry_status(struct registry_info *out, struct arena *a, const struct registry_options *o,
	struct error *err)
{
	struct registry_state state;
	struct session s;
	int rc;

	if (registry_state_read(&state, a, o, err) || session_open(&s, err))
		return -1;
	rc = session_engine(&s, &o->engine, err);
	if (!rc)
		rc = registry_look(&s, &state, o, a, out, err);
	return session_close(&s, err) || rc ? -1 : 0;
}

static int list_on(struct session *s, struct registry_tag **out, size_t *n,
	struct registry_info *info, struct arena *a, const struct registry_options *o,
	const struct registry_state *state, struct error *err)
{
	if (session_engine(s, &o->engine, err) || registry_look(s, state, o, a, info, err))
		return -1;
	if (!info->running)
		return registry_not_running(err);
	return registry_api_list(s, info, a, out, n, err);
}

int registry_list(struct registry_tag **out, size_t *n, struct registry_info *info, struct arena *a,
	const struct registry_options *o, struct error *err)
{
	struct registry_state state;
	struct session s;
	int rc;

	*out = NULL;
	*n = 0;
	if (registry_state_read(&state, a, o, err) || session_open(&s, err))
		return -1;
	rc = list_on(&s, out, n, info, a, o, &state, err);
	return session_close(&s, err) || rc ? -1 : 0;
}

static struct str dump(struct arena *a, json_t *root)
{
	char *s = json_dumps(root, JSON_COMPACT);
	struct str out = arena_str(a, str_c(s ? s : "{}"));

	free(s);
	json_decref(root);
	return out;
}

/* ISO 8601, or null for 0. */
static json_t *time_text(int64_t seconds)
{
	time_t t = (time_t)seconds;
	char out[40] = "";
	struct tm tm;

	if (!seconds || !gmtime_r(&t, &tm) ||
		!strftime(out, sizeof(out), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return json_null();
	return json_string(out);
}

struct str registry_status_json(struct arena *a, const struct registry_info *info,
	const struct registry_options *o, bool show_password)
{
	const char *path = registry_state_path(a, o, NULL);
	json_t *root = json_object();

	json_object_set_new(root, "running", json_boolean(info->running));
	json_object_set_new(root, "exists", json_boolean(info->exists));
	json_object_set_new(root, "storage", json_boolean(info->storage));
	json_object_set_new(root, "host", store_json_text(info->host));
	json_object_set_new(root, "address", store_json_text(info->address));
	json_object_set_new(root, "port", json_integer(info->port));
	json_object_set_new(root, "url", store_json_text(info->url));
	json_object_set_new(root, "remote", json_boolean(info->elsewhere));
	json_object_set_new(root, "tls", json_boolean(info->tls));
	json_object_set_new(root, "ca", info->ca_file ? json_string(info->ca_file) : json_null());
	json_object_set_new(root, "certificate_ends", time_text(info->tls_end));
	json_object_set_new(root, "image", store_json_text(info->image));
	json_object_set_new(root, "container", store_json_text(info->container));
	json_object_set_new(root, "user", store_json_text(info->user));
	json_object_set_new(root, "credentials", json_string(path ? path : ""));
	if (show_password)
		json_object_set_new(root, "password", store_json_text(info->password));
	return dump(a, root);
}

static json_t *split(struct str list)
{
	struct str_split words = str_split(list, ',');
	json_t *out = json_array();
	struct str word;

	while (str_split_next(&words, &word))
		if (word.n)
			json_array_append_new(out, store_json_text(word));
	return out;
}

struct str registry_list_json(struct arena *a, const struct registry_info *info,
	const struct registry_tag *tags, size_t n)
{
	json_t *root = json_object(), *repos = json_array(), *list = NULL;

	for (size_t i = 0; i < n; i++) {
		json_t *tag;

		if (!i || !str_eq(tags[i].repository, tags[i - 1].repository)) {
			json_t *repo = json_object();

			list = json_array();
			json_object_set_new(repo, "name", store_json_text(tags[i].repository));
			json_object_set_new(repo, "tags", list);
			json_array_append_new(repos, repo);
		}
		if (!tags[i].tag.n)
			continue;
		tag = json_object();
		json_object_set_new(tag, "name", store_json_text(tags[i].tag));
		json_object_set_new(tag, "digest", store_json_text(tags[i].digest));
		json_object_set_new(tag, "size", json_integer(tags[i].size));
		json_object_set_new(
			tag, "platforms", tags[i].index ? split(tags[i].platforms) : json_null());
		json_array_append_new(list, tag);
	}
	json_object_set_new(root, "host", store_json_text(info->host));
	json_object_set_new(root, "url", store_json_text(info->url));
	json_object_set_new(root, "tls", json_boolean(info->tls));
	json_object_set_new(root, "repositories", repos);
	return dump(a, root);
}
