/*
 * For the files of this room only: jansson in the shapes that the Engine API needs. Text that is
 * not UTF-8 goes out with replacement characters, as Go's encoder (the official client's) does it.
 */
#ifndef DOCKER_JSON_H
#define DOCKER_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/util.h"
#include "emulator/docker/types.h"

#include <jansson.h>

struct error;

static inline void cleanup_json_decref(json_t **p)
{
	json_decref(*p);
}

/* A document, or NULL and an error that says what was expected. */
json_t *json_parse(struct str text, const char *what, struct error *err);
/* The same for texts with passwords: the error has the place, and nothing of what stands there. */
json_t *json_parse_secret(struct str text, const char *what, struct error *err);

/* Reading; everything absent or of another type reads as empty. Views live as long as the document.
 */
json_t *json_get(const json_t *obj, const char *key); /* NULL for null, too */
struct str json_str(const json_t *obj, const char *key);
struct str json_text(const json_t *value);
int64_t json_int(const json_t *obj, const char *key);
bool json_flag(const json_t *obj, const char *key);
struct docker_strs json_strs(const json_t *obj, const char *key, struct arena *a);
struct docker_strs json_keys(const json_t *obj, const char *key, struct arena *a);
struct docker_kvs json_kvs(const json_t *obj, const char *key, struct arena *a);

/*
 * What an object of a progress stream says went wrong, or nothing. errorDetail, since "error"
 * beside it is deprecated (API 1.48) and is to be left out by a later version.
 */
struct str json_failure(const json_t *obj);

/* Writing; the put functions leave out what is empty, zero or false. */
json_t *json_from_str(struct str s);
json_t *json_from_strs(struct docker_strs s);
json_t *json_from_kvs(struct docker_kvs s);
void json_put(json_t *obj, const char *key, json_t *value); /* takes value; NULL: nothing */
void json_put_str(json_t *obj, const char *key, struct str s);
void json_put_strs(json_t *obj, const char *key, struct docker_strs s);
void json_put_kvs(json_t *obj, const char *key, struct docker_kvs s);
void json_put_int(json_t *obj, const char *key, int64_t v);
void json_put_true(json_t *obj, const char *key, bool v);
/* Text onto b; takes the value. */
void json_write(struct buf *b, json_t *value);

/* Cuts a stream of JSON objects (white space or nothing between them) at their ends. */
struct json_stream {
	struct buf text;
	unsigned depth;
	bool in_string, escaped, broken;
};
void json_stream_init(struct json_stream *s); /* objects up to 4 MiB */
void json_stream_release(struct json_stream *s);
typedef void json_stream_fn(void *arg, struct str object);
void json_stream_feed(struct json_stream *s, struct str in, json_stream_fn *fn, void *arg);

#endif
