/* JSON text to nodes: inputs of type number, boolean and array may be given as such a text. */
#ifndef CONFIG_JSON_H
#define CONFIG_JSON_H

#include "base/diag.h"
#include "base/str.h"

struct arena;
struct node;

/* All nodes get the place `at`. NULL when the text is no JSON (RFC 8259), or nested over 100 deep.
 */
struct node *json_node_parse(struct arena *a, struct str text, struct span at);

#endif
