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
struct runner_configs;

/* One runner with nothing set. In the arena. */
void runner_toml_init(struct arena *a, struct runner_configs *out);

/*
 * Takes over what the tree sets; what it does not mention stays as it was, so that several files
 * can be read one after the other. A [[runners]] block adds to the one of the same name that an
 * earlier file had, or, where both files have one only, to that; else it is a further runner.
 * Blocks whose executor is neither docker nor shell are left out, with a note; an error where there
 * is no other. file: the index that places of this file get (rc_at.file). The key `cilocal` at the
 * top is left alone. Errors: wrong types, values that can't work. Warnings: unknown keys, keys
 * without effect here. notes: also a note for each key that only matters to a server.
 */
void runner_toml_read(struct arena *a, const struct node *root, uint32_t file, bool notes,
	struct runner_configs *out, struct diags *d);

/* A warning for each runner that can get no job. first_source: of the places of file 0. */
void runner_toml_unused(const struct runner_configs *all, struct diags *d, uint32_t first_source);

#endif
