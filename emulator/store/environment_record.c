#include "base/base.h"
#include "emulator/store/environment_record.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"
#include "emulator/store/store_json.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define FILE_NAME "environments.json"
#define FILE_MAX  (16u * 1024 * 1024)

/* The texts of a record, by the names that they have in the file. */
static const struct {
	const char *key;
	size_t at;
} texts[] = {
#define TEXT(field)                                                \
	{                                                          \
#field, offsetof(struct environment_record, field) \
	}
	TEXT(name),
	TEXT(slug),
	TEXT(tier),
	TEXT(url),
	TEXT(state),
	TEXT(on_stop),
	TEXT(job),
	TEXT(run),
	TEXT(ref),
	TEXT(sha),
#undef TEXT
};

static struct str *text_of(const struct environment_record *e, size_t i)
{
	return (struct str *)(void *)((char *)(uintptr_t)e + texts[i].at);
}

static void read_one(json_t *j, struct arena *a, struct environment_record *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		*text_of(e, i) = store_json_get_text(a, j, texts[i].key);
	e->id = store_json_get_count(j, "id");
	e->deployments = store_json_get_count(j, "deployments");
	e->created = store_json_get_real(j, "created");
	e->auto_stop = store_json_get_real(j, "auto_stop");
	e->deployed = store_json_get_real(j, "deployed");
}

int environment_list_read(
	const char *dir, struct arena *a, struct environment_list *out, struct error *err)
{
	CLEANUP(free) char *path = xasprintf("%s/" FILE_NAME, dir);
	struct error why = ERROR_INIT;
	json_t *j, *list;

	memset(out, 0, sizeof(*out));
	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	j = store_json_read(path, FILE_MAX, &why);
	list = json_object_get(j, "environments");
	if (j && !json_is_array(list))
		error_set(&why, ERR_SYS, EINVAL, "'%s' is damaged: no list of environments", path);
	if (!json_is_array(list)) {
		json_decref(j);
		return error_set(err, why.domain, why.code,
			why.code == EINVAL ? "%s: remove it" : "%s", why.text);
	}
	out->v = arena_array(a, struct environment_record, json_array_size(list) + 1);
	for (size_t i = 0; i < json_array_size(list); i++)
		read_one(json_array_get(list, i), a, &out->v[out->n++]);
	json_decref(j);
	return 0;
}

struct environment_record *environment_find(const struct environment_list *l, struct str name)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->v[i].name, name))
			return &l->v[i];
	return NULL;
}

static json_t *time_json(double t)
{
	return t < 0 ? json_null() : json_integer((json_int_t)t);
}

static json_t *one_json(const struct environment_record *e)
{
	json_t *j = json_object();

	json_object_set_new(j, "id", json_integer((json_int_t)e->id));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		json_object_set_new(j, texts[i].key, store_json_text(*text_of(e, i)));
	json_object_set_new(j, "created", time_json(e->created));
	json_object_set_new(j, "auto_stop", time_json(e->auto_stop));
	json_object_set_new(j, "deployments", json_integer((json_int_t)e->deployments));
	json_object_set_new(j, "deployed", time_json(e->deployed));
	return j;
}

static int write_list(const char *dir, const struct environment_list *l, struct error *err)
{
	CLEANUP(free) char *path = xasprintf("%s/" FILE_NAME, dir);
	json_t *j = json_object(), *list = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(list, one_json(&l->v[i]));
	json_object_set_new(j, "environments", list);
	return store_json_write(path, j, JSON_INDENT(1), err);
}

static struct environment_record *add(struct environment_list *l, struct str name)
{
	struct environment_record *e = &l->v[l->n];
	uint64_t id = 0;

	for (size_t i = 0; i < l->n; i++)
		id = MAX(id, l->v[i].id);
	l->n++;
	*e = (struct environment_record){.id = id + 1,
		.name = name,
		.state = STR("available"),
		.created = -1,
		.auto_stop = -1,
		.deployed = -1};
	return e;
}

/* Ids and deployments only grow, so times need no look of their own where these are the same. */
static bool same(const struct environment_record *a, const struct environment_record *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!str_eq(*text_of(a, i), *text_of(b, i)))
			return false;
	return a->id == b->id && a->deployments == b->deployments &&
	       (int64_t)a->created == (int64_t)b->created &&
	       (int64_t)a->auto_stop == (int64_t)b->auto_stop;
}

int environment_change(const char *dir, struct str name, environment_change_fn *fn, void *arg,
	struct arena *a, struct environment_record *out, struct error *err)
{
	CLEANUP(free) char *path = xasprintf("%s/environments.lock", dir);
	CLEANUP(close) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct environment_list l;
	struct environment_record *e, before = {0};

	if (fd < 0 || flock(fd, LOCK_EX))
		return error_sys(err, errno, "can't lock '%s'", path);
	if (environment_list_read(dir, a, &l, err))
		return -1;
	if (!l.v)
		l.v = arena_array(a, struct environment_record, 1);
	e = environment_find(&l, name);
	if (e)
		before = *e;
	else
		e = add(&l, name);
	fn(arg, e);
	if (out)
		*out = *e;
	return same(&before, e) ? 0 : write_list(dir, &l, err);
}
