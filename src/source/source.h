/*
 * The texts that a pipeline is made of (the main file, included files, texts from the command
 * line), each with a name and a line table, so that every node and message can say
 * FILE:LINE:COLUMN.
 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/diag.h"
#include "base/str.h"

struct arena;

struct source {
	uint32_t id; /* loc.source; 1-based */
	struct str
		name; /* as shown to people: path relative to the project, URL, project:path@ref */
	struct str text;   /* whole content, NUL-terminated behind its end */
	uint32_t *line_at; /* byte offset of each line's first byte */
	size_t n_lines;
	struct span included_from; /* the include entry that asked; SPAN_NONE for the main file */
	bool foreign;              /* of another project, a template, a URL: others write it */
};

struct source_set {
	struct arena *arena;
	struct source **v; /* v[id - 1] */
	size_t n, cap;
};

void source_set_init(struct source_set *s, struct arena *a);
/* Copies name and text into the arena; a leading UTF-8 byte order mark is dropped. Returns its id.
 */
uint32_t source_add(
	struct source_set *s, struct str name, struct str text, struct span included_from);
const struct source *source_get(
	const struct source_set *s, uint32_t id); /* NULL for id 0 or unknown */

/* Byte offset to line and column (1-based, columns in characters). */
struct loc source_loc(const struct source *src, size_t offset);
/* One line without its line end; line is 1-based; empty view when out of range. */
struct str source_line(const struct source *src, uint32_t line);

#endif
