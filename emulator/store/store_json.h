/*
 * The JSON of records: texts that may be no UTF-8, members that may be absent or of another kind,
 * and whole files.
 */
#ifndef STORE_STORE_JSON_H
#define STORE_STORE_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct arena;
struct error;

/*
 * A new value. Bytes that are no UTF-8 (job names come from YAML, reasons from programs, logs from
 * anywhere) become U+FFFD: they must not lose a record.
 */
json_t *store_json_text(struct str s);

/* Members of an object. Where there is none of that kind: "", -1, 0. Texts are copied to a. */
struct str store_json_get_text(struct arena *a, const json_t *o, const char *key);
double store_json_get_real(const json_t *o, const char *key);
uint64_t store_json_get_count(const json_t *o, const char *key);

/*
 * The object in a file of at most max bytes, for the caller to give back; NULL with err where it
 * can't be read or is none.
 */
json_t *store_json_read(const char *path, size_t max, struct error *err);
/* Writes the object as store_write_file() does, and gives it back. flags are jansson's. */
int store_json_write(const char *path, json_t *o, size_t flags, struct error *err);

#endif
