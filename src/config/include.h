/* include: the tree of files that make one definition. Only this room may include it. */
#ifndef CONFIG_INCLUDE_H
#define CONFIG_INCLUDE_H

#include "config/config_internal.h"
#include "source/source.h"

enum include_kind {
	INCLUDE_LOCAL,
	INCLUDE_PROJECT,
	INCLUDE_REMOTE,
	INCLUDE_TEMPLATE,
	INCLUDE_COMPONENT,
	INCLUDE_ARTIFACT
};

enum include_state {
	INCLUDE_ASKED,  /* its text is wanted */
	INCLUDE_GLOB,   /* its list of paths is wanted */
	INCLUDE_LOADED, /* content and children are known */
	INCLUDE_FAILED  /* a diagnostic says why */
};

/*
 * What nested entries may rely on. Inside remote files and templates there is no project and there
 * are no variables (GitLab, lib/gitlab/ci/config/external/file/remote.rb, template.rb).
 */
struct include_context {
	bool has_project, has_vars;
	struct str project, ref; /* empty: this project at the pipeline's commit */
};

struct include_file {
	enum include_kind kind;
	enum include_state state;
	struct include_file *parent;
	struct include_context ctx; /* for what it includes */
	struct str location;        /* for messages: `x` */
	struct str identity;        /* same file in the same context: the same text */
	const struct node *entry;   /* the item that asked; NULL for the main file */
	const struct node *inputs;  /* include:inputs */
	struct config_want *want;
	bool wildcard; /* came from a pattern: skipped when it was there before */
	uint32_t source;
	struct node *content;        /* after interpolation, without `include` */
	struct include_file **files; /* in order */
	size_t n_files, cap_files;
	/* Component facts for $[[ component.x ]]. */
	struct config_resolved as;
};

/* include_entry.c: an item of trigger:include, by its shape alone. */
void check_include_entry(const struct frame *f, const struct node *item, bool in_trigger);

#endif
