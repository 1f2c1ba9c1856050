#include "base/base.h"
#include "emulator/gitlab/artifact_record.h"
#include "base/arena.h"
#include "emulator/core/error.h"
#include "emulator/store/store_json.h"

#include <unistd.h>

#define RECORD_MAX (4u * 1024 * 1024)
#define FILE_NAME  "artifacts.json"

static json_t *item_json(const struct artifact_item *i)
{
	json_t *j = json_object();

	json_object_set_new(j, "type", store_json_text(i->type));
	json_object_set_new(j, "path", store_json_text(i->path));
	json_object_set_new(j, "name", store_json_text(i->name));
	json_object_set_new(j, "when", store_json_text(i->when));
	json_object_set_new(j, "expire_in", store_json_text(i->expire_in));
	json_object_set_new(j, "expose_as", store_json_text(i->expose_as));
	json_object_set_new(j, "access", store_json_text(i->access));
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
	json_t *j = json_object(), *items = json_array();

	json_object_set_new(j, "job", store_json_text(r->job));
	json_object_set_new(j, "coverage", store_json_text(r->coverage));
	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(items, item_json(&r->v[i]));
	json_object_set_new(j, "artifacts", items);
	for (size_t i = 0; i < r->notes.n; i++)
		json_object_set_new(object_of(j, r->notes.v[i].of), r->notes.v[i].key.p,
			store_json_text(r->notes.v[i].value));
	return store_json_write(path, j, JSON_INDENT(1), err);
}

static void read_item(struct arena *a, json_t *j, struct artifact_item *i)
{
	i->type = store_json_get_text(a, j, "type");
	i->path = store_json_get_text(a, j, "path");
	i->name = store_json_get_text(a, j, "name");
	i->when = store_json_get_text(a, j, "when");
	i->expire_in = store_json_get_text(a, j, "expire_in");
	i->expose_as = store_json_get_text(a, j, "expose_as");
	i->access = store_json_get_text(a, j, "access");
	i->entries = store_json_get_count(j, "entries");
	i->bytes = store_json_get_count(j, "bytes");
}

static void read_notes(struct arena *a, json_t *j, struct artifact_record *out)
{
	static const char *const objects[] = {"environment", "release", "pages"};

	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		json_t *o = json_object_get(j, objects[i]), *v;
		const char *key;

		json_object_foreach(o, key, v)
		{
			struct job_note n = {str_c(objects[i]), arena_str(a, str_c(key)),
				store_json_get_text(a, o, key)};

			vec_push_in(a, &out->notes, n);
		}
	}
}

int artifact_record_read(
	const char *job_dir, struct arena *a, struct artifact_record *out, struct error *err)
{
	CLEANUP(free) char *path = xasprintf("%s/" FILE_NAME, job_dir);
	json_t *j, *items;

	memset(out, 0, sizeof(*out));
	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	j = store_json_read(path, RECORD_MAX, err);
	if (!j)
		return -1;
	out->job = store_json_get_text(a, j, "job");
	out->coverage = store_json_get_text(a, j, "coverage");
	items = json_object_get(j, "artifacts");
	out->v = arena_array(a, struct artifact_item, json_array_size(items) + 1);
	for (size_t i = 0; i < json_array_size(items); i++)
		read_item(a, json_array_get(items, i), &out->v[out->n++]);
	out->cap = out->n;
	read_notes(a, j, out);
	json_decref(j);
	return 0;
}
