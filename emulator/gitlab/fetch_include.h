/*
 * Answers what config_compile() wants and the work tree does not hold: files of other projects,
 * components, URLs, GitLab's templates. Projects and components come by git, with the user's own
 * credentials and url.insteadOf rules, into bare repositories below the cache folder; the rest by
 *HTTP. What was fetched once can be used again when the network is gone; a warning then says how
 *old it is.
 *
 *	while (config_compile(c) == CONFIG_WANT)
 *		fetch_includes(c, &options);
 *
 * Source of the rules: GitLab docs, CI/CD YAML syntax reference, `include`; "CI/CD components",
 * component versions.
 */
#ifndef GITLAB_FETCH_INCLUDE_H
#define GITLAB_FETCH_INCLUDE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/diag.h"
#include "base/str.h"

struct config;
struct config_want;
struct facts;
struct loader;
struct git_url;

/* A project that is to be had elsewhere: "group/name" -> a local clone or a URL. */
struct project_place {
	struct str project, place;
};

/*
 * For who writes down what was fetched, or holds it to what was written down. Each may be NULL.
 * host: empty for this server. Texts are borrowed for the call.
 */
struct fetch_lock {
	/* The commit that the ref of a project is to mean, and the version that it stood for; false
	 * with why where that is not known. */
	bool (*pin)(void *arg, struct str host, struct str project, struct str ref, struct str *sha,
		struct str *version, struct str *why);
	/* What a ref meant. newest: of a component, its newest release; asked for only if set. */
	void (*source)(void *arg, struct str host, struct str project, struct str ref,
		struct str version, struct str sha, struct str newest);
	/* A file's text; false with why where it must not be used. sha256: hexadecimal. */
	bool (*content)(void *arg, const struct config_want *w, struct str sha256, struct str *why);
	bool newest; /* ask for the newest releases of components too */
	void *arg;
};

/* Borrowed. */
struct fetch_options {
	struct loader *loader;     /* local files; NULL: they are refused */
	const struct facts *facts; /* the server and project of this work tree */
	const struct git_url
		*url;          /* of the remote (emulator/git/repo.h): the way to other projects */
	struct str remote_url; /* the same as written: git@host:path stays that way for others */
	const char
		*git_config; /* the configuration file of the work tree's repository; NULL: none */
	const char *cache_dir; /* NULL: $XDG_CACHE_HOME/cilocal, else ~/.cache/cilocal */
	const char *templates; /* a folder that holds GitLab's templates; NULL: from gitlab.com */
	const char *templates_url; /* instead of gitlab.com's; NULL: that */
	const struct project_place *places;
	size_t n_places;
	const struct fetch_lock *lock; /* NULL: none */
	bool offline;                  /* ask no network: only what is here already */
	void (*message)(void *arg, enum diag_level level, const char *text); /* NULL: stderr */
	void *message_arg;
};

/*
 * Answers every open want, each by config_provide*() or config_refuse(), all of them at the same
 * time. Blocks, with a loop of its own where anything has to be fetched; local ones are answered
 * first and cost no loop.
 */
void fetch_includes(struct config *c, const struct fetch_options *o);

#endif
