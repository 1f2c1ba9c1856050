/* Shared by the files of src/yaml; nobody else includes this. */
#ifndef YAML_YAML_INTERNAL_H
#define YAML_YAML_INTERNAL_H

#include "base/base.h"
#include "base/diag.h"
#include "source/source.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

/* GitLab's application settings max_yaml_size_bytes and max_yaml_depth at their defaults. */
#define YAML_MAX_BYTES ((size_t)2 << 20)
#define YAML_MAX_DEPTH 100
/* Memory beyond this is refused here too: no instance allows so much, and it bounds ours. */
#define YAML_MAX_MEMORY ((size_t)12 << 20)

/* What Psych's scanner makes of a plain scalar, or why it raises. */
enum scalar_outcome {
	SCALAR_OK,
	SCALAR_DATE,    /* Tried to load unspecified class: Date */
	SCALAR_TIME,    /* the same: Time */
	SCALAR_INVALID, /* ArgumentError: Invalid YAML syntax */
	SCALAR_TOO_LONG /* a number of more digits than we compute with */
};
enum scalar_outcome yaml_scan_scalar(struct arena *a, struct str text, struct node *out);
/* Ruby's Float(): the text of a tagged float that the scanner took for a string. */
bool yaml_ruby_float(struct arena *a, struct str text, struct node *out);

/* What a tag does to a node of the given kind (NODE_STRING for any scalar). */
enum tag_effect {
	TAG_NONE,      /* type as if it were not there */
	TAG_STR,       /* a string, untyped */
	TAG_BINARY,    /* base64 */
	TAG_FLOAT,     /* a number made a float */
	TAG_OMAP,      /* a sequence of maps, joined */
	TAG_STR_MAP,   /* a mapping whose `str` key is the value */
	TAG_REFERENCE, /* !reference */
	TAG_CLASS,     /* names a class that safe loading refuses; *klass says which */
	TAG_NAMED      /* the scalar's text is the name of such a class */
};
enum tag_effect yaml_tag(struct str tag, enum node_kind kind, struct str *klass);
struct str yaml_base64(struct arena *a, struct str text);

/*
 * Psych's `<<`: merges value (alias or literal map, or a literal sequence of maps) into map; false
 * where value is no such thing, and `<<` is an ordinary key. flags is as long as map's pairs.
 */
struct yaml_flags {
	unsigned char *v; /* one for each pair: 1 = came by a merge */
	size_t n, cap;
};
struct yaml_builder;
bool yaml_merge(struct yaml_builder *b, struct node *map, struct yaml_flags *flags,
	const struct node *key, struct node *value, bool from_alias);
void yaml_put(struct yaml_builder *b, struct node *map, struct yaml_flags *flags, struct node *key,
	struct node *value);

struct yaml_builder {
	struct arena *arena;
	struct diags *diags;
	unsigned warned; /* warnings about keys so far */
	/* Arrays that a list or mapping grew out of, by size: the next ones start in them. */
	struct spare_array *spare[16];
};
/* Sees to it that one more goes into the array of n elements that an open node has to itself. */
void *yaml_room(struct yaml_builder *b, void *v, size_t n, uint32_t *cap, size_t size);

/*
 * GitLab's check of the loaded structure (lib/gitlab/utils/deep_size.rb): memory of all objects, as
 * Ruby counts it and with aliases counted at each use, and nesting. A file that is large without
 * aliases is told apart: an instance may allow more memory (max_yaml_size_bytes), and what counts
 * depends on its Ruby. So is one that takes many times of that.
 */
enum yaml_measure { YAML_FITS, YAML_LARGE, YAML_HUGE, YAML_BLOWN_UP, YAML_TOO_DEEP };
enum yaml_measure yaml_measure(const struct node *root);

/* A part of a source: [from, to) in bytes. */
struct yaml_part {
	const struct source *src;
	size_t from, to;
};
/* Reads the first document of the part; NULL where it is empty. Returns false with errors added. */
bool yaml_read_part(
	struct arena *a, const struct yaml_part *part, struct diags *d, struct node **out);

#endif
