/*
 * What the files of src/config share: the state behind struct config, the reading frame that knows
 * where in the definition a reader is, and one prototype a pass. Only this room's .c files (and
 * their unit tests) may include it.
 */
#ifndef CONFIG_CONFIG_INTERNAL_H
#define CONFIG_CONFIG_INTERNAL_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/map.h"
#include "config/config.h"
#include "config/limits.h"
#include "yaml/node.h"

struct include_file;

struct reading;

/* unknown.c: places of values that could not be made. */
struct unknowns {
	struct span *places;
	size_t n, cap;
	bool sorted;
};

struct config_state {
	struct config pub; /* first: struct config * is a struct config_state * */
	const struct varset *include_vars;
	const struct node *inputs;
	bool (*file_exists)(void *ctx, struct str path);
	void *ctx;

	struct include_file *main;
	struct config_want **wants_tail;
	unsigned n_files; /* that count toward the limit of includes */
	size_t total_bytes;
	bool includes_over; /* a limit of includes was passed: nothing more is asked for */
	bool merged;
	size_t merged_keys;                  /* made by merge_deep so far */
	size_t n_services, n_needs, n_texts; /* that were read so far */
	bool stages_faulty;
	struct texts written_stages; /* also what is written twice */
	struct map root_index;       /* root key -> struct node_pair * */
	struct job_rare *last_rare;  /* for jobs that have the same */
	struct reading *readings;    /* jobs.c: what was read from which node */
	struct unknowns unknown;
	size_t n_consequences; /* faults that were left out */
};

static inline struct config_state *config_state_of(struct config *c)
{
	return container_of(c, struct config_state, pub);
}

/*
 * A reading frame: one step of GitLab's location ("jobs:a:artifacts"). Frames live on the stack of
 * the readers and point up; texts are only made when there is a fault to report.
 */
struct frame {
	struct config *c;
	const struct frame *up;
	struct str key; /* empty in the root frame */
	bool bare;      /* GitLab's location starts here: retry */
	/* In the root frame: the included file, which GitLab puts in front in back-ticks. */
	struct str file;
	/* Set in a job's frame: the job's name and its merged mapping. */
	const struct node_pair *job;
};

#define FRAME_ROOT(config) ((struct frame){.c = (config)})
#define FRAME_IN(parent, name) \
	((struct frame){.c = (parent)->c, .up = (parent), .key = {"" name, sizeof(name) - 1}})
#define FRAME_AT(parent, name) ((struct frame){.c = (parent)->c, .up = (parent), .key = (name)})

static inline struct arena *frame_arena(const struct frame *f)
{
	return f->c->arena;
}

/*
 * An error at `at`. gitlab is what follows the location in GitLab's line ("name should be a
 * string"), or NULL where GitLab has no such message; a leading '=' means the whole line, without
 * location and not lower-cased; AND_ALSO stands between two of GitLab's messages. Notes about
 * inheritance are added by themselves. Returns NULL past LIMIT_ERRORS. A code with a leading '?' is
 * about something that is missing. Such a fault is left out where the thing may come from what
 * could not be had, and any fault is whose place holds a value that is not known (see unknown.c).
 */
#define AND_ALSO "\x1f"
struct diag *fault(const struct frame *f, const char *code, struct span at, const char *gitlab,
	const char *fmt, ...) PRINTF_LIKE(5, 6);
/* No more faults are kept: a loop that makes long texts for them may end. */
static inline bool faults_full(const struct frame *f)
{
	return f->c->diags->errors >= LIMIT_ERRORS;
}
/* Text in the arena, for the `gitlab` argument. */
const char *fmt_in(const struct frame *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "'artifacts:name' of job 'a'", "'default:image'", "job 'a'"; attr may be NULL. */
const char *subject(const struct frame *f, const char *attr);
/* GitLab's way to print an attribute's name: underscores as spaces. */
const char *humanize(struct arena *a, struct str attr);
/* Lower case as Ruby's downcase does it for the letters that job names are made of. */
struct str lower_case(struct arena *a, struct str s);
/* The same error in a list, at the place of the key: "did you mean". */
void note_nearest(const struct frame *f, struct diag *d, struct str word,
	const struct str *candidates, size_t n);

/* The same among the keys of a map; fits (may be NULL) chooses, except is left out. */
void note_nearest_key(const struct frame *f, struct diag *d, struct str word,
	const struct map *keys, bool (*fits)(const struct map_entry *e), struct str except);

/* "a mapping", "the number 5", "the text 'x'": what was found, for messages. */
const char *found(const struct frame *f, const struct node *n);
/* Ruby's to_s of a value of the merged definition, for GitLab's lines: inspect of lists. */
const char *ruby_text(const struct frame *f, const struct node *n);
/* 'x' for a short scalar, else as found(). */
const char *quoted(const struct frame *f, const struct node *n);

/*
 * Type checks. attr NULL: the entry itself ("config"). They report and return false on a fault.
 */
bool want_string(const struct frame *f, const struct node *n, const char *attr);
bool want_bool(const struct frame *f, const struct node *n, const char *attr);
bool want_map(const struct frame *f, const struct node *n, const char *attr);
bool want_strings(const struct frame *f, const struct node *n, const char *attr);
bool want_strings_or_string(const struct frame *f, const struct node *n, const char *attr);
/* limit 0: none. Never where allow_never is set. */
bool want_duration(const struct frame *f, const struct node *n, const char *attr, int64_t limit,
	int64_t *seconds);
/* One of the blank-separated words in `choices`. */
bool is_one_of(struct str s, const char *choices);

/* Readers of values that passed their check. */
struct text text_of(const struct node *n); /* empty for NULL and null */
void texts_of(
	const struct frame *f, const struct node *n, struct texts *out); /* string or sequence */
/* Against LIMIT_TEXTS: whether so many more may be made; said once. */
bool count_texts(const struct frame *f, const struct node *n, size_t more);
struct span span_of_key(
	const struct node *map, const char *key); /* the key's place, else the map's */

/* --- passes, in their order (config.c) --- */
enum config_status pass_include(struct config_state *s); /* WANT until all files are there */
/* False where the definition is too large to go on. */
bool pass_extends(struct config *c);
bool pass_reference(struct config *c);
void pass_stages(struct config *c);
bool check_job_count(struct config *c); /* jobs.c; before extends multiplies them */
void pass_jobs(struct config *c);
void pass_check(struct config *c); /* what concerns several jobs */

/* --- merge.c --- */
/*
 * over on top of under: mappings recursively, everything else replaces. Inputs stay untouched. Past
 * LIMIT_MERGED_KEYS (see merged_keys in the state) nothing is merged any more.
 */
struct node *merge_deep(struct config *c, const struct node *under, const struct node *over);
/* A shallow copy of one node that remembers where it came from. */
struct node *copy_via(struct arena *a, const struct node *n, enum node_via via);

/* --- unknown.c --- */
/* A null that stands for a value that a fault, which was reported before, left unknown. */
struct node *unknown_node(struct config *c, struct span at);
/* The place alone, for a key. */
void remember_unknown(struct config *c, struct span at);
bool holds_unknown(const struct node *n);
/* Whether anything is unknown at all. */
bool has_unknown(const struct config *c);
/* The value of that key of the root is not known in full. */
void set_unsure(struct config *c, struct str key);
/* What is missing under that key may come from what could not be had. */
bool may_lack(const struct config *c, struct str key);
/* Whether a fault may only follow from another one. of_lack: something is missing. */
bool is_consequence(const struct frame *f, bool of_lack, struct span at);

/* --- root keys --- */
/* Whether GitLab would take the mapping for a job, whatever its name. */
bool holds_job(const struct node *map);
bool is_root_keyword(struct str key);
struct node_pair *root_pair(struct config *c, struct str key);
void index_root(struct config *c);

#endif
