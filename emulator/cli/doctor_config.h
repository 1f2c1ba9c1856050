/* A configuration file, explained key by key, for `doctor --config`. */
#ifndef CLI_DOCTOR_CONFIG_H
#define CLI_DOCTOR_CONFIG_H

#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "base/vec.h"

struct arena;
struct node;

enum config_effect {
	CONFIG_USED,      /* does here what it does on a Runner */
	CONFIG_SERVER,    /* concerns GitLab's side or other executors */
	CONFIG_NO_EFFECT, /* would change jobs there, and does not here */
	CONFIG_UNKNOWN
};
const char *config_effect_word(enum config_effect e); /* "used", "not needed" ... */

struct config_row {
	uint32_t line;
	struct str key, value; /* as written, shortened; secrets are not shown */
	enum config_effect effect;
	struct str text;
};
struct config_rows {
	VEC(struct config_row) rows; /* by line */
};

/* root: of toml_read(). Texts in the arena. Pure. */
void config_explain(struct arena *a, const struct node *root, struct config_rows *out);

#endif
