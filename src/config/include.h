/* include: the tree of files that make one definition. Only this room may include it. */
#ifndef CONFIG_INCLUDE_H
#define CONFIG_INCLUDE_H

#include "config/config_internal.h"

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
	INCLUDE_GLOB,   /* its list of paths is wanted; then a group that stands for these files */
	INCLUDE_HEADER, /* read; its spec:include files are wanted */
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

/* A question to the caller, shared by the entries that ask the same. */
struct include_want {
	struct config_want pub; /* first */
	struct str text;
	struct str *paths; /* of a glob */
	size_t n_paths;
	struct config_resolved as;
	struct str refused; /* why it can't be had */
	bool is_refused;
};

struct include_file {
	enum include_kind kind;
	enum include_state state;
	struct include_file *parent;
	struct include_context ctx; /* for what it includes */
	struct str location;        /* for messages, masked: `x` */
	struct str path;            /* what identifies it in its context */
	struct str project, ref;    /* where it is; empty: this project */
	const struct node *entry;   /* the item that asked; NULL for the main file */
	const struct node *inputs;  /* include:inputs */
	struct include_want *want;
	bool wildcard;  /* came from a pattern: skipped when it was there before */
	bool is_header; /* of spec:include: holds only inputs */
	uint32_t source;
	const struct node *header;
	struct node *content;        /* after interpolation */
	struct include_file **files; /* what it includes, in order */
	size_t n_files, cap_files;
	struct include_file **headers;
	size_t n_headers, cap_headers;
	bool lacks_header; /* one of them can't be had */
};

/* include.c: adds a child that asks for its text. NULL past the limit of files. */
struct include_file *include_add(struct config_state *s, struct include_file *parent,
	enum include_kind kind, const struct node *entry);
void include_ask(struct config_state *s, struct include_file *file, enum want_kind kind,
	struct str path, struct str project, struct str ref);
/* The frame of messages about a file: GitLab puts the name of an included one in front. */
struct frame include_frame(struct config_state *s, const struct include_file *file);
/* The variables that the file's own entries may use. */
const struct varset *include_vars(struct config_state *s, const struct include_file *file);

/* include_entry.c: turns the items of `include` into children; reports bad ones. */
void include_entries(struct config_state *s, struct include_file *file, const struct node *list);
void include_header_entries(
	struct config_state *s, struct include_file *file, const struct node *list);
/* Whether the path ends as GitLab wants it of every included file. */
bool include_has_extension(struct str path);
/* Text with the values of masked variables replaced by x. */
struct str mask_location(struct config_state *s, struct str text);

/* include_check.c: an item of trigger:include, by its shape alone. */
void check_include_entry(const struct frame *f, const struct node *item, bool in_trigger);
/* integrity and cache of a remote include; false after a fault. */
bool check_remote_options(const struct frame *f, const struct node *item, bool remote);
/* Whether the text has the digest that sha256-... names. */
bool integrity_holds(struct str integrity, struct str text);

/* include_load.c: a text that is there: parse, interpolate, find children. */
void include_load(struct config_state *s, struct include_file *file);
/* A file of spec:include can't be had: its inputs are not known. */
void lose_header(struct include_file *file);
/* Continues once the files of spec:include are there. */
void include_load_content(struct config_state *s, struct include_file *file);

#endif
