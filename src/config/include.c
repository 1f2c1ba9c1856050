#include "base/base.h"

#include "config/include.h"

#include "yaml/yaml.h"

enum config_status pass_include(struct config_state *s)
{
	struct config *c = &s->pub;
	struct yaml_file file = {NULL, NULL};
	const struct source *src = source_get(c->sources, s->main->source);
	unsigned before = c->diags->errors;

	if (!yaml_read_file(c->arena, src, c->diags, &file) || c->diags->errors != before)
		return CONFIG_FAILED;
	c->root = file.content;
	return c->root ? CONFIG_OK : CONFIG_FAILED;
}
