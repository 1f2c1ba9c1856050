/*
 * The inside of fetching includes. May be included by fetch_*.c of this room and by nobody else.
 */
#ifndef GITLAB_FETCH_INTERNAL_H
#define GITLAB_FETCH_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"
#include "base/util.h"
#include "config/config.h"
#include "emulator/gitlab/fetch_include.h"

struct loop;
struct http;

struct fetch {
	struct config *config;
	const struct fetch_options *o;
	struct arena arena;
	struct loop *loop; /* NULL until something has to be fetched */
	struct http *http;
	const char *cache; /* the cache folder; NULL: there is none */
	unsigned pending;  /* activities that will call fetch_over() */
	struct git_source *sources;
};

/* An activity has answered what it had to answer. */
void fetch_over(struct fetch *f);
void fetch_refuse(struct fetch *f, struct config_want *w, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Answers, once the lock agrees. */
void fetch_provide(
	struct fetch *f, struct config_want *w, struct str text, const struct config_resolved *as);
void fetch_warn(struct fetch *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* fetch_cache.c: files of the cache folder. All paths live in the arena. */
const char *fetch_cache_dir(struct arena *a, const struct fetch_options *o);
/* "SUB/<hash of key>SUFFIX" below the cache folder; NULL without one. Makes SUB. */
const char *fetch_cache_path(struct fetch *f, const char *sub, struct str key, const char *suffix);
/* Hexadecimal SHA-256. */
struct str fetch_hash(struct arena *a, struct str text);
/* Seconds since the file was written; -1 where there is none. */
int64_t fetch_age(const char *path);
/* "3 hours old" */
struct str fetch_age_text(struct arena *a, int64_t seconds);

/* fetch_http.c */
void fetch_url(struct fetch *f, struct config_want *w, struct str url);
void fetch_template(struct fetch *f, struct config_want *w);

/* fetch_git.c: wants of one (project, ref) are gathered, then fetched together. */
void fetch_git_add(struct fetch *f, struct config_want *w);
void fetch_git_start(struct fetch *f);

/* fetch_project.c: where a project is, and what a component's version means. Pure. */
struct component_address {
	struct str host, project, name;
};
bool component_parse(struct str path, struct component_address *out);
/* The URL or path that git is given; false with *why when the way is not known. */
bool fetch_project_url(struct arena *a, const struct fetch_options *o, struct str host,
	struct str project, struct str *url, struct str *why);
/* "~latest", "1", "1.2": must be looked up among the tags. */
bool version_is_partial(struct str ref);
/* The newest release among tags that fits; STR_NULL when none does. */
struct str version_pick(struct str ref, const struct str *tags, size_t n);

#endif
