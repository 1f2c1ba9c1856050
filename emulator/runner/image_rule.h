/* Names of images that are to be had elsewhere: --image FROM=TO, and the local registry. Pure. */
#ifndef RUNNER_IMAGE_RULE_H
#define RUNNER_IMAGE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct arena;

struct image_rule {
	/*
	 * Exact name; with `prefix` the start of one ("registry.example.com/"); with `pattern` its
	 * first '*' stands for any text, which the first '*' of `to` gets.
	 */
	struct str from, to;
	bool prefix, pattern;
	bool again; /* what it makes of a name is looked up once more */
	bool fresh; /* jobs may push there: without a pull policy of its own it is pulled anew */
};

/* The first rule that fits the name; NULL: none. */
const struct image_rule *image_rule_find(const struct image_rule *v, size_t n, struct str image);
/* The name that the first fitting rule makes of it, in the arena; else the name itself. */
struct str image_rule_apply(
	const struct image_rule *v, size_t n, struct str image, struct arena *a);

#endif
