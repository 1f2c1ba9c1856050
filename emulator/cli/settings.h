/*
 * The user's configuration files, in order: $XDG_CONFIG_HOME/cilocal/config.toml, .cilocal.toml in
 * the project, the file of --config; later ones win, key by key. Each may hold a GitLab Runner's
 * configuration and the table [cilocal] with defaults of options.
 */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include <stdbool.h>
#include "base/diag.h"
#include "source/source.h"
#include "emulator/runner/runner_config.h"

struct cli;
struct options;
struct registry_options;

struct settings {
	struct source_set sources; /* of the configuration files; for spans in diags */
	struct diags diags;
	struct runner_configs runners;
	struct rc_text templates; /* [cilocal] templates: a folder with GitLab's CI templates */
	struct rc_table projects; /* [cilocal.projects]: group/name = path of a local clone */
};

/*
 * Reads what there is; missing files of the first two places are fine. Defaults of options go into
 * c->opt, and --privileged into each runner. root: the project's root, or NULL. Prints what is
 * wrong; returns EXIT_OK or EXIT_USAGE. Everything lives in c->arena.
 */
int settings_load(struct cli *c, struct settings *s, const char *root);

/* Image, host and TLS of the local registry, as the options say; the rest of o stays. */
void settings_registry(const struct options *opt, struct registry_options *o);

/* The option that a key of [cilocal] means: a table reads better as `images` than as `image`. */
struct str settings_option(struct str key);

/* $XDG_CONFIG_HOME/cilocal/NAME, else ~/.config/cilocal/NAME; NULL where neither is known. */
const char *user_config_path(struct cli *c, const char *name);

/*
 * The whole text of a small file into *out (arena); 0, or an errno: ENOENT where it does not exist,
 * EFBIG above 4 MiB, EISDIR.
 */
int read_small_file(struct arena *a, const char *path, struct str *out);

#endif
