/*
 * The keyword tables made of keywords.def, and the checks that need nothing but them: unknown keys
 * with the nearest known one, and simple types.
 */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct frame;
struct job_def;
struct node;

/* Reads the value of one keyword (never null) into the job. f is the frame of the job. */
typedef void keyword_read_fn(const struct frame *f, const struct node *value, struct job_def *job);

struct keyword {
	struct str name;
	const char *where; /* letters of keywords.def */
	keyword_read_fn *read;
};

enum keyword_id {
#define KEYWORD(name, where, reader) KEYWORD_##name,
#include "config/keywords.def"
	KEYWORD_COUNT
};
extern const struct keyword keywords[KEYWORD_COUNT];

enum scope {
#define SCOPE(scope) SCOPE_##scope,
#include "config/keywords.def"
	SCOPE_COUNT
};

/* The keyword of a job by its name, or NULL. */
const struct keyword *keyword_find(struct str name);
bool keyword_allowed(const struct keyword *k, char where);

/*
 * Reports every key of the mapping that is no keyword at that place ("config contains unknown keys:
 * ..."), with the nearest one that is.
 */
bool check_keywords(const struct frame *f, const struct node *map, char where);
/* The same for the mapping below a keyword, and the simple types of its values; nulls pass. */
bool check_scope(const struct frame *f, const struct node *map, enum scope scope);
/* Only the unknown keys, with another wording: "config uses invalid data keys". */
bool check_scope_keys(
	const struct frame *f, const struct node *map, enum scope scope, const char *gitlab);

/*
 * "a, b" of the map's keys that are among the blank-separated names, in the order of the file, as
 * GitLab lists them. nulls: keys without a value count too.
 */
const char *keys_present(
	const struct frame *f, const struct node *map, const char *names, bool nulls);

/* "a, b" of the list's values that are not known, as GitLab lists them. */
const char *values_unknown(
	const struct frame *f, const struct node *seq, bool (*known)(struct str value));

/* Tolerant getters: empty where the value is absent, null or of another type. */
struct text get_text(const struct node *map, const char *key);
bool get_bool(const struct node *map, const char *key, bool otherwise);
struct texts;
void get_texts(const struct frame *f, const struct node *map, const char *key, struct texts *out);
/* The value, NULL where absent or null. */
const struct node *get_node(const struct node *map, const char *key);

#define KEYWORD(name, where, reader) keyword_read_fn read_##reader;
#include "config/keywords.def"

#endif
