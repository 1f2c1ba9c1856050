#include "base/base.h"
#include "emulator/gitlab/artifact_record.h"
#include "base/arena.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"

#include <jansson.h>
#include <unistd.h>

#define RECORD_MAX (4u * 1024 * 1024)
#define FILE_NAME  "artifacts.json"

static json_t *text(struct str s)
{
	json_t *j = json_stringn(s.p ? s.p : "", s.n);

	/* No UTF-8, no name in JSON. */
	return j ? j : json_string("");
}

static json_t *item_json(const struct artifact_item *i)
{
	json_t *j = json_object();

	json_object_set_new(j, "type", text(i->type));
	json_object_set_new(j, "path", text(i->path));
	json_object_set_new(j, "name", text(i->name));
	json_object_set_new(j, "when", text(i->when));
	json_object_set_new(j, "expire_in", text(i->expire_in));
	json_object_set_new(j, "expose_as", text(i->expose_as));
	json_object_set_new(j, "access", text(i->access));
	json_object_set_new(j, "entries", json_integer((json_int_t)i->entries));
	json_object_set_new(j, "bytes", json_integer((json_int_t)i->bytes));
	return j;
}

static json_t *object_of(json_t *j, struct str name)
{
	const char *end = name.p ? name.p : "";
	json_t *o = json_object_get(j, end);

	if (o)
		return o;
	o = json_object();
	json_object_set_new(j, end, o);
	return o;
}

int artifact_record_write(const char *job_dir, const struct artifact_record *r, struct error *err)
{
	CLEANUP(free) char *path = xasprintf("%s/" FILE_NAME, job_dir);
	CLEANUP(free) char *dump = NULL;
	json_t *j = json_object(), *items = json_array();

	json_object_set_new(j, "job", text(r->job));
	json_object_set_new(j, "coverage", text(r->coverage));
	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(items, item_json(&r->v[i]));
	json_object_set_new(j, "artifacts", items);
	for (size_t i = 0; i < r->notes.n; i++)
		json_object_set_new(object_of(j, r->notes.v[i].of), r->notes.v[i].key.p,
			text(r->notes.v[i].value));
	dump = json_dumps(j, JSON_INDENT(1));
	json_decref(j);
	if (!dump)
		die_oom(0);
	return store_write_file(path, str_c(dump), err);
}

static struct str get_text(struct arena *a, json_t *j, const char *key)
{
	json_t *v = json_object_get(j, key);

	return json_is_string(v) ? arena_str(a, str_n(json_string_value(v), json_string_length(v)))
				 : STR("");
}

static uint64_t get_count(json_t *j, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(j, key));

	return n > 0 ? (uint64_t)n : 0;
}

static void read_item(struct arena *a, json_t *j, struct artifact_item *i)
{
	i->type = get_text(a, j, "type");
	i->path = get_text(a, j, "path");
	i->name = get_text(a, j, "name");
	i->when = get_text(a, j, "when");
	i->expire_in = get_text(a, j, "expire_in");
	i->expose_as = get_text(a, j, "expose_as");
	i->access = get_text(a, j, "access");
	i->entries = get_count(j, "entries");
	i->bytes = get_count(j, "bytes");
}

static void read_notes(struct arena *a, json_t *j, struct artifact_record *out)
{
	static const char *const objects[] = {"environment", "release", "pages"};

	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		json_t *o = json_object_get(j, objects[i]), *v;
		const char *key;

		json_object_foreach(o, key, v)
		{
			struct job_note n = {
				str_c(objects[i]), arena_str(a, str_c(key)), get_text(a, o, key)};

			vec_push_in(a, &out->notes, n);
		}
	}
}

int artifact_record_read(
	const char *job_dir, struct arena *a, struct artifact_record *out, struct error *err)
{
	CLEANUP(free) char *path = xasprintf("%s/" FILE_NAME, job_dir);
	json_t *j, *items;
	json_error_t why;
	struct str s;

	memset(out, 0, sizeof(*out));
	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	if (store_read_file(path, a, RECORD_MAX, &s, err))
		return -1;
	j = json_loadb(s.p, s.n, 0, &why);
	if (!j)
		return error_set(err, ERR_SYS, EINVAL, "%s: %s", path, why.text);
	out->job = get_text(a, j, "job");
	out->coverage = get_text(a, j, "coverage");
	items = json_object_get(j, "artifacts");
	out->v = arena_array(a, struct artifact_item, json_array_size(items) + 1);
	for (size_t i = 0; i < json_array_size(items); i++)
		read_item(a, json_array_get(items, i), &out->v[out->n++]);
	out->cap = out->n;
	read_notes(a, j, out);
	json_decref(j);
	return 0;
}
