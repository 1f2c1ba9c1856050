/*
 * The document tree. Nodes live in an arena, keep the place they were written at, and remember the
 * node that they were copied from (through extends, an alias, default, !reference or an include),
 * so that a message can show both the line that wrote a value and the way it took.
 */
#ifndef YAML_NODE_H
#define YAML_NODE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/diag.h"
#include "base/str.h"

struct arena;
struct buf;

enum node_kind {
	NODE_NULL,
	NODE_BOOL,
	NODE_INT,
	NODE_FLOAT,
	NODE_STRING,
	NODE_SEQ,
	NODE_MAP,
	NODE_REFERENCE /* !reference: items as in a SEQ; replaced by the reference pass */
} __attribute__((packed));

/* How a copied node came to be where it is. */
enum node_via {
	VIA_NONE,
	VIA_ALIAS, /* *anchor or << */
	VIA_EXTENDS,
	VIA_DEFAULT,   /* default: or a root keyword */
	VIA_REFERENCE, /* !reference */
	VIA_INCLUDE,   /* merged over or under another file's value */
	VIA_INPUT,     /* $[[ ]] interpolation */
	VIA_MATRIX,
	VIA_UNKNOWN /* a NULL in the place of a value that a fault left unknown */
} __attribute__((packed));

struct node;
struct node_index;
struct node_pair {
	struct node *key; /* usually a STRING; others only where YAML had such a key */
	struct node *value;
};

struct node {
	enum node_kind kind;
	enum node_via via;
	bool quoted; /* had quotes or was a block scalar: never re-typed */
	struct span at;
	const struct node *origin; /* the node that this one was copied from, or NULL */
	/*
	 * A REFERENCE: its argument as Ruby's inspect prints it, for messages: ["a", "b"].
	 * Scalars: the value as GitLab would print it (Ruby's to_s): "420" for 0644, "1.1"
	 * for 1.10, "true", "" for null; strings: the text itself.
	 */
	struct str text;
	union {
		bool boolean;
		int64_t integer; /* saturated where the number is larger; text has all digits */
		double number;
		struct {
			struct node **items;
			uint32_t n;
			uint32_t cap; /* 0 where items were not allocated by node_seq_push */
		} seq; /* SEQ and REFERENCE; a !reference of anything but a sequence has n == 0 */
		/*
		 * Change pairs with the functions below, and no key's text in place: large maps
		 * have an index. Values may be replaced in place.
		 */
		struct {
			struct node_pair *pairs;
			struct node_index *index;
			uint32_t n, cap;
		} map;
	} u;
};

/* node_each(item, seq_or_reference_node) { ... } */
#define node_each(item, of)                                                                        \
	for (struct node **item##_p = (of)->u.seq.items, *item = (of)->u.seq.n ? *item##_p : NULL; \
		(size_t)(item##_p - (of)->u.seq.items) < (of)->u.seq.n; item##_p++,                \
			 item = (size_t)(item##_p - (of)->u.seq.items) < (of)->u.seq.n ? *item##_p \
										       : NULL)
/* node_each_pair(pair, map_node) { pair->key, pair->value } */
#define node_each_pair(pair, of)                         \
	for (struct node_pair *pair = (of)->u.map.pairs; \
		(of)->u.map.n && pair < (of)->u.map.pairs + (of)->u.map.n; pair++)

/* Constructors; the text of a scalar is not copied. */
struct node *node_new(struct arena *a, enum node_kind kind, struct span at);
struct node *node_new_str(struct arena *a, struct str text, struct span at);
struct node *node_new_int(struct arena *a, int64_t v, struct span at);
struct node *node_new_bool(struct arena *a, bool v, struct span at);

/* Makes it a FLOAT: its value, and its text as Ruby prints it. */
void node_set_float(struct arena *a, struct node *n, double v);

void node_seq_push(struct arena *a, struct node *seq, struct node *item);
/* Sets key (replacing in place, else appended). The key node is kept as given. */
void node_map_put(struct arena *a, struct node *map, struct node *key, struct node *value);
bool node_map_remove(struct node *map, const char *key);

/* Value under a string key, or NULL; NULL too when map is NULL or no mapping. */
struct node *node_get(const struct node *map, const char *key);
struct node *node_get_str(const struct node *map, struct str key);
struct node_pair *node_pair_of(const struct node *map, struct str key);
/* The pair under a key of any kind, or NULL. */
struct node_pair *node_map_find(const struct node *map, const struct node *key);

static inline bool node_is(const struct node *n, enum node_kind kind)
{
	return n && n->kind == kind;
}
static inline bool node_is_null(const struct node *n)
{
	return !n || n->kind == NODE_NULL;
}
static inline bool node_is_unknown(const struct node *n)
{
	return n && n->via == VIA_UNKNOWN;
}
/* Rails' blank?: nil, false, "", white space only, [], {}. */
bool node_is_blank(const struct node *n);
bool node_is_scalar(const struct node *n); /* bool, int, float, string (not null) */
const char *node_kind_name(
	enum node_kind kind); /* "mapping", "sequence", "string", ... for messages */

/* Ruby's inspect of the value, as GitLab's messages show it: ["a", 1, nil], {"a"=>true}. */
void node_inspect(struct buf *out, const struct node *n);
/* The same with keys as symbols, as they are once GitLab has a definition merged: {:a=>true}. */
void node_inspect_symbols(struct buf *out, const struct node *n);
/* A pair as the list that Ruby makes of it: [:a, true]. */
void node_inspect_pair(struct buf *out, const struct node_pair *pair);

/* Deep copy whose nodes have origin = the copied node and the given via (VIA_NONE: keep theirs). */
struct node *node_clone(struct arena *a, const struct node *n, enum node_via via);
bool node_equal(const struct node *a, const struct node *b); /* same kinds and values, any places */

#endif
