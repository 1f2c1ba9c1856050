/*
 * The pass list, in GitLab's order (lib/gitlab/ci/config.rb): load and interpolate each file,
 * include, extends, !reference, stages; then what the entries of the tree mean. A pass goes on
 * after its errors (see unknown.c), so that all are reported at once.
 */
#include "base/base.h"

#include "config/config.h"
#include "config/config_internal.h"
#include "config/include.h"

#include "source/source.h"

struct config *config_new(struct arena *a, struct source_set *sources, struct diags *d,
	const struct facts *facts, const struct config_options *opt, struct str name,
	struct str text)
{
	struct config_state *s = arena_new(a, struct config_state);
	struct config *c = &s->pub;

	c->arena = a;
	c->sources = sources;
	c->diags = d;
	c->facts = facts;
	map_init(&c->jobs, a);
	map_init(&c->unsure, a);
	map_init(&s->root_index, a);
	s->wants_tail = &c->wants;
	if (opt) {
		s->include_vars = opt->include_vars;
		s->inputs = opt->inputs;
		s->file_exists = opt->file_exists;
		s->ctx = opt->ctx;
	}
	s->main = arena_new(a, struct include_file);
	s->main->kind = INCLUDE_LOCAL;
	s->main->location = arena_str(a, name);
	s->main->path = s->main->location;
	s->main->ctx = (struct include_context){.has_project = true, .has_vars = true};
	s->main->source = source_add(sources, name, text, SPAN_NONE);
	return c;
}

void index_root(struct config *c)
{
	struct config_state *s = config_state_of(c);

	map_init(&s->root_index, c->arena);
	map_reserve(&s->root_index, c->root->u.map.n);
	node_each_pair(pair, c->root)
	{
		map_put(&s->root_index, pair->key->text, pair);
	}
}

struct node_pair *root_pair(struct config *c, struct str key)
{
	return map_get(&config_state_of(c)->root_index, key);
}

const struct job_def *config_job(const struct config *c, struct str name)
{
	return map_get(&c->jobs, name);
}

/* extends changes the values of root pairs, which the index points at, in place. */
static bool resolve_tree(struct config *c)
{
	index_root(c);
	return check_job_count(c) && pass_extends(c) && pass_reference(c);
}

/* GitLab tells an empty file from one that holds only comments (lib/gitlab/ci/yaml_processor.rb).
 */
static bool has_text(struct config_state *s)
{
	struct config *c = &s->pub;
	const struct source *src = source_get(c->sources, s->main->source);
	struct frame root = FRAME_ROOT(c);
	struct loc start = {s->main->source, 1, 1};

	if (str_trim(src->text).n)
		return true;
	fault(&root, "no-content", (struct span){start, start},
		"=Please provide content of .gitlab-ci.yml", "the definition is empty");
	return false;
}

enum config_status config_compile(struct config *c)
{
	struct config_state *s = config_state_of(c);
	enum config_status status;

	if (!s->merged) {
		if (!has_text(s))
			return CONFIG_FAILED;
		status = pass_include(s);
		if (status != CONFIG_OK)
			return status;
		s->merged = true;
	}
	if (!resolve_tree(c)) /* too large */
		return CONFIG_FAILED;
	pass_stages(c);
	pass_jobs(c);
	pass_check(c);
	return c->diags->errors ? CONFIG_FAILED : CONFIG_OK;
}
