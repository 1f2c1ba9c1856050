/*
 * GitLab Runner's config.toml, as a node tree, into struct runner_config. Pure: the tree is given.
 */
#ifndef CLI_RUNNER_TOML_H
#define CLI_RUNNER_TOML_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct diags;
struct node;
struct runner_config;

/*
 * Takes over what the tree sets; what it does not mention stays as it was, so that several files
 * can be read one after the other. Of several [[runners]] the first counts whose executor is docker
 * or shell (or not given). file: the index that places of this file get (rc_at.file). The key
 * `cilocal` at the top is left alone. Errors: wrong types, values that can't work. Warnings:
 * unknown keys, keys without effect here. notes: also a note for each key that only matters to a
 * server. Returns whether there was a [[runners]] block that counts.
 */
bool runner_toml_read(struct arena *a, const struct node *root, uint32_t file, bool notes,
	struct runner_config *out, struct diags *d);

#endif
