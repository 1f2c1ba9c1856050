#include "base/base.h"
#include "emulator/docker/json.h"

#include "emulator/core/error.h"

static json_t *parse(struct str text, json_error_t *why)
{
	return json_loadb(text.p ? text.p : "", text.n, JSON_ALLOW_NUL | JSON_DECODE_ANY, why);
}

json_t *json_parse(struct str text, const char *what, struct error *err)
{
	json_error_t why;
	json_t *v = parse(text, &why);

	if (!v)
		error_set(err, ERR_DOCKER, 0, "%s is not JSON: %s (line %d, column %d)", what,
			why.text, why.line, why.column);
	return v;
}

json_t *json_parse_secret(struct str text, const char *what, struct error *err)
{
	json_error_t why;
	json_t *v = parse(text, &why);

	if (!v)
		error_set(err, ERR_DOCKER, 0, "%s is not JSON (line %d, column %d)", what, why.line,
			why.column);
	return v;
}

json_t *json_get(const json_t *obj, const char *key)
{
	json_t *v = json_object_get(obj, key);

	return json_is_null(v) ? NULL : v;
}

struct str json_failure(const json_t *obj)
{
	struct str why = json_str(json_get(obj, "errorDetail"), "message");

	return why.n ? why : json_str(obj, "error");
}

struct str json_text(const json_t *value)
{
	if (!json_is_string(value))
		return STR_NULL;
	return str_n(json_string_value(value), json_string_length(value));
}

struct str json_str(const json_t *obj, const char *key)
{
	return json_text(json_object_get(obj, key));
}

int64_t json_int(const json_t *obj, const char *key)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_real(v) ? (int64_t)json_real_value(v) : (int64_t)json_integer_value(v);
}

bool json_flag(const json_t *obj, const char *key)
{
	return json_is_true(json_object_get(obj, key));
}

struct docker_strs json_strs(const json_t *obj, const char *key, struct arena *a)
{
	const json_t *list = json_object_get(obj, key);
	struct docker_strs out = {NULL, 0};
	struct str *v;

	/* A single string where a list may stand: Cmd and Entrypoint of old images. */
	if (json_is_string(list)) {
		v = arena_new(a, struct str);
		v[0] = json_text(list);
		return (struct docker_strs){v, 1};
	}
	if (!json_array_size(list))
		return out;
	v = arena_array(a, struct str, json_array_size(list));
	for (size_t i = 0; i < json_array_size(list); i++)
		v[i] = json_text(json_array_get(list, i));
	return (struct docker_strs){v, json_array_size(list)};
}

struct docker_strs json_keys(const json_t *obj, const char *key, struct arena *a)
{
	json_t *map = json_object_get(obj, key), *value;
	const char *name;
	struct str *v;
	size_t n = 0;

	if (!json_object_size(map))
		return (struct docker_strs){NULL, 0};
	v = arena_array(a, struct str, json_object_size(map));
	json_object_foreach(map, name, value) v[n++] = str_c(name);
	return (struct docker_strs){v, n};
}

struct docker_kvs json_kvs(const json_t *obj, const char *key, struct arena *a)
{
	json_t *map = json_object_get(obj, key), *value;
	const char *name;
	struct docker_kv *v;
	size_t n = 0;

	if (!json_object_size(map))
		return (struct docker_kvs){NULL, 0};
	v = arena_array(a, struct docker_kv, json_object_size(map));
	json_object_foreach(map, name, value)
	{
		v[n].key = str_c(name);
		v[n++].value = json_text(value);
	}
	return (struct docker_kvs){v, n};
}

/* ---- writing ---- */

static json_t *checked(json_t *v)
{
	if (!v)
		die_oom(0);
	return v;
}

json_t *json_from_str(struct str s)
{
	json_t *v = json_stringn(s.p ? s.p : "", s.n);
	struct buf valid = BUF_INIT;

	if (v)
		return v;
	buf_add_utf8(&valid, s);
	v = json_stringn(valid.p, valid.n);
	buf_release(&valid);
	return checked(v);
}

json_t *json_from_strs(struct docker_strs s)
{
	json_t *list = checked(json_array());

	for (size_t i = 0; i < s.n; i++)
		json_array_append_new(list, json_from_str(s.v[i]));
	return list;
}

json_t *json_from_kvs(struct docker_kvs s)
{
	json_t *map = checked(json_object());

	for (size_t i = 0; i < s.n; i++) {
		struct buf key = BUF_INIT;

		buf_add_utf8(&key, s.v[i].key);
		json_object_set_new(map, key.p, json_from_str(s.v[i].value));
		buf_release(&key);
	}
	return map;
}

void json_put(json_t *obj, const char *key, json_t *value)
{
	if (value && json_object_set_new(obj, key, value))
		die_oom(0);
}

void json_put_str(json_t *obj, const char *key, struct str s)
{
	if (s.n)
		json_put(obj, key, json_from_str(s));
}

void json_put_strs(json_t *obj, const char *key, struct docker_strs s)
{
	if (s.n)
		json_put(obj, key, json_from_strs(s));
}

void json_put_kvs(json_t *obj, const char *key, struct docker_kvs s)
{
	if (s.n)
		json_put(obj, key, json_from_kvs(s));
}

void json_put_int(json_t *obj, const char *key, int64_t v)
{
	if (v)
		json_put(obj, key, checked(json_integer(v)));
}

void json_put_true(json_t *obj, const char *key, bool v)
{
	if (v)
		json_put(obj, key, json_true());
}

static int add_piece(const char *p, size_t n, void *b)
{
	buf_add(b, p, n);
	return 0;
}

void json_write(struct buf *b, json_t *value)
{
	json_dump_callback(value, add_piece, b, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(value);
}
