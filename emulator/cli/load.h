/*
 * What every command that reads a pipeline does first: find the project, read configuration and
 * variable files, gather facts, compile the definition, build the pipeline, show what is wrong.
 */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/diag.h"
#include "source/loader.h"
#include "source/source.h"
#include "vars/facts.h"
#include "vars/varset.h"
#include "emulator/cli/settings.h"
#include "emulator/git/repo.h"

struct cli;
struct config;
struct downstream_ask;
struct lock_file;
struct mask_set;
struct node;
struct pipeline;

struct load {
	struct cli *c;
	/* the project */
	struct repo repo;
	const char *root;
	struct settings settings;
	struct source_set sources; /* variable files and definitions; lives in c->arena */
	struct varset vars;        /* CI/CD settings, --var-file, --var; lives in c->arena */
	struct varset secrets;     /* tables `secrets` of the settings' files; lives in c->arena */
	struct facts facts;
	struct loader loader;
	struct mask_set *mask;            /* of load_masked(), made when it is asked for */
	const struct downstream_ask *ask; /* of a run: who answers include:artifact; or NULL */
	struct lock_file *lock;           /* includes go by it, or into it; NULL: none */
	bool registry;                    /* the local registry is in use */
	struct str registry_ca;           /* its own CA as PEM; empty without TLS */
	bool hush;                        /* what fetching has to say was said already */

	/* one definition */
	struct arena arena; /* handed to the pipeline once it is built */
	struct diags diags;
	struct config *config;
	struct pipeline *pipeline;
};

/* Project, configuration, variables, facts. Prints errors; returns an exit code. */
int load_project(struct cli *c, struct load *l);

/* What starts a pipeline, as the options say it; what is empty git answers. */
struct event_ask {
	struct str event, branch, tag, target;
};
/*
 * After load_project(): the facts of another event, for the definition that is loaded next.
 * Releases the one that was loaded before. Exit code.
 */
int load_event(struct load *l, const struct event_ask *ask);

/*
 * One definition. path: as the user named it, relative to the current directory or else to the
 * project's root; "-": the standard input; NULL: --file, else .gitlab-ci.yml in the root. Returns
 * EXIT_OK with l->pipeline set, EXIT_INVALID with errors in l->diags, or another code after
 * printing why. Releases the definition that was loaded before.
 */
int load_definition(struct load *l, const char *path);

/*
 * The same for a text, which errors call `name`; inputs: a mapping, or NULL. l->arena must be empty
 * but for the inputs.
 */
int load_text(struct load *l, struct str name, struct str text, const struct node *inputs);
/* The same for a main file, which gets the inputs of --input. */
int load_main_text(struct load *l, struct str name, struct str text);
/* The path of the definition below the root: --file, else .gitlab-ci.yml. "-": the standard input.
 */
struct str load_definition_path(struct load *l);
/*
 * After EXIT_INVALID: the definition is sound, but the pipeline of this very event can't be
 * created; its errors become warnings then. For commands that look at the definition alone, as
 * GitLab's lint.
 */
bool load_sound_but_for_event(struct load *l);
/* One definition's memory, and nothing of the project's. */
void load_release_definition(struct load *l);

/* Prints errors and warnings (warnings only without --quiet, and only when asked for). */
void load_print_diags(struct load *l, bool warnings);

/* "FILE:LINE: MESSAGE" of the first error as lint sorts them, masked; null without one. */
struct str load_first_error(struct load *l);

/* The text without the values of masked variables; in c->arena where it changed. */
struct str load_masked(struct load *l, struct str text);
/* The texts of the pipeline that variables were expanded in, masked: for showing, not for running.
 */
struct pipeline;
void load_mask_pipeline(struct load *l, struct pipeline *p);

/* Both, with errors printed: for commands that need a valid pipeline. */
int load_pipeline(struct cli *c, struct load *l);
void load_release(struct load *l);

/* ---- for load.c: facts_options.c and varfiles.c ---- */

/* The event that the options ask for; an exit code where they contradict each other. */
int event_from_options(struct load *l, struct event_ask *ask);
/* Before repo_fill_facts(): what the event says. After: what needs the repository. Exit code. */
void facts_from_event(struct load *l, const struct event_ask *ask);
int facts_complete(struct load *l);
/* Variable files, --var-file, --var into l->vars. Exit code. */
int load_variables(struct load *l);
/* TRIGGER_PAYLOAD into l->vars where the event is a trigger's. Exit code. */
int load_trigger_payload(struct load *l);

#endif
