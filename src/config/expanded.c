/* The definition with everything that it takes from elsewhere written out (`cilocal expand`). */
#include "base/base.h"

#include "config/config.h"

#include "yaml/node.h"

struct node *config_expanded_job(struct arena *a, const struct node *job)
{
	struct node *out = node_new(a, NODE_MAP, job->at);

	node_each_pair(pair, job)
	{
		if (!str_is(pair->key->text, "extends"))
			node_map_put(a, out, pair->key, pair->value);
	}
	return out;
}

struct node *config_expanded(struct arena *a, const struct config *c)
{
	struct node *out = node_new(a, NODE_MAP, c->root->at);

	node_each_pair(pair, c->root)
	{
		struct node *value = pair->value;

		if (str_starts(pair->key->text, STR(".")))
			continue;
		if (value->kind == NODE_MAP && config_job(c, pair->key->text))
			value = config_expanded_job(a, value);
		node_map_put(a, out, pair->key, value);
	}
	return out;
}
