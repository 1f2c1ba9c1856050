#include "base/base.h"
#include "emulator/store/store_json.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"

json_t *store_json_text(struct str s)
{
	json_t *t = json_stringn(s.p ? s.p : "", s.n);
	struct buf valid = BUF_INIT;

	if (t)
		return t;
	buf_add_utf8(&valid, s);
	t = json_stringn(valid.p, valid.n);
	buf_release(&valid);
	if (!t)
		die_oom(s.n);
	return t;
}

struct str store_json_get_text(struct arena *a, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_string(v) ? arena_str(a, str_n(json_string_value(v), json_string_length(v)))
				 : STR("");
}

double store_json_get_real(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : -1;
}

uint64_t store_json_get_count(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 ? (uint64_t)n : 0;
}

json_t *store_json_read(const char *path, size_t max, struct error *err)
{
	struct arena scratch = ARENA_INIT;
	json_error_t why;
	struct str text;
	json_t *o = NULL;

	if (!store_read_file(path, &scratch, max, &text, err)) {
		o = json_loadb(text.p, text.n, 0, &why);
		if (!json_is_object(o)) {
			error_set(err, ERR_SYS, EINVAL, "'%s' is damaged: line %d: %s", path,
				o ? 1 : why.line, o ? "not an object" : why.text);
			json_decref(o);
			o = NULL;
		}
	}
	arena_release(&scratch);
	return o;
}

int store_json_write(const char *path, json_t *o, size_t flags, struct error *err)
{
	CLEANUP(free) char *text = json_dumps(o, flags);

	json_decref(o);
	if (!text)
		die_oom(0);
	return store_write_file(path, str_c(text), err);
}
