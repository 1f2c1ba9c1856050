/*
 * YAML text to nodes and back, with the semantics of GitLab's loader (Ruby Psych in safe mode over
 * libyaml, YAML 1.1 resolution).
 */
#ifndef YAML_YAML_H
#define YAML_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct arena;
struct buf;
struct diags;
struct node;
struct source;

/* A GitLab CI file after the split at its document separators
 * (lib/gitlab/config/loader/multi_doc_yaml.rb). */
struct yaml_file {
	struct node *header;  /* the mapping with `spec`, or NULL */
	struct node *content; /* NULL when the text holds nothing (blank, comments only) */
};

/*
 * Reads a whole CI file: header and content. Adds errors to d and returns false where GitLab would
 * refuse the file; out then holds what could be read.
 */
bool yaml_read_file(
	struct arena *a, const struct source *src, struct diags *d, struct yaml_file *out);

/* Reads one document (variable files, tests' expectations): NULL with an error added, or the node.
 */
struct node *yaml_read(struct arena *a, const struct source *src, struct diags *d);

/* Types one plain (unquoted) scalar as Psych does; false where Psych refuses it (a date, a time).
 */
bool yaml_type_scalar(struct arena *a, struct str text, struct node *out);

/* Canonical YAML of a tree, ending in a line end; strings are quoted where re-reading would change
 * them. */
void yaml_write(struct buf *out, const struct node *n);
/*
 * The same for what may be written out many times as long as it is: flush is called after each item
 * and takes from `out` what it likes. It returns false when there is no use in more; so does this.
 */
bool yaml_write_parts(struct buf *out, const struct node *n, bool (*flush)(void *ctx), void *ctx);
/* The same tree as JSON (numbers as numbers), pretty when indent is > 0, no line end at the end. */
void yaml_write_json(struct buf *out, const struct node *n, int indent);
/* The same with a flush as above. */
bool yaml_write_json_parts(
	struct buf *out, const struct node *n, int indent, bool (*flush)(void *ctx), void *ctx);
/* The same as an item of a list that is so many levels deep, on a line of its own where pretty. */
void yaml_write_json_in(struct buf *out, const struct node *n, int indent, int level);

/* Adds "libyaml 0.2.5". */
void yaml_library(struct buf *out);

#endif
