/*
 * The tree of included files: who is asked for, what came, and the merge. Files are loaded in
 * whatever order their texts come; the order of the merge is GitLab's, depth first (docs, "Merge
 * method for include").
 */
#include "base/base.h"

#include "config/include.h"
#include "config/schema.h"

#include "source/source.h"

/* Entries skipped at the merge count while loading, so this only stops runaway nesting. */
#define MAX_FILES (LIMIT_INCLUDES * 4)

struct frame include_frame(struct config_state *s, const struct include_file *file)
{
	struct frame f = FRAME_ROOT(&s->pub);

	if (file->entry)
		f.file = file->location;
	return f;
}

const struct varset *include_vars(struct config_state *s, const struct include_file *file)
{
	return file->ctx.has_vars ? s->include_vars : NULL;
}

static void say_too_many(struct config_state *s, const struct node *entry)
{
	struct frame f = FRAME_ROOT(&s->pub);

	if (!s->includes_over)
		fault(&f, "too-many-includes", entry->at,
			fmt_in(&f, "=Maximum of %d nested includes are allowed!", LIMIT_INCLUDES),
			"the definition has more than %d included files", LIMIT_INCLUDES);
	s->includes_over = s->pub.incomplete = true;
}

static void push_file(struct arena *a, struct include_file *file, struct include_file ***v,
	size_t *n, size_t *cap)
{
	if (*n == *cap)
		*v = vec_grow_arena(a, *v, *n, cap, sizeof(**v));
	(*v)[(*n)++] = file;
}

struct include_file *include_add(struct config_state *s, struct include_file *parent,
	enum include_kind kind, const struct node *entry)
{
	struct include_file *file;

	if (s->n_files >= MAX_FILES) {
		say_too_many(s, entry);
		return NULL;
	}
	s->n_files++;
	file = arena_new(s->pub.arena, struct include_file);
	file->kind = kind;
	file->parent = parent;
	file->entry = entry;
	return file;
}

static bool same_file(const struct include_file *a, const struct include_file *b)
{
	return a->kind == b->kind && str_eq(a->path, b->path) && str_eq(a->project, b->project) &&
	       str_eq(a->ref, b->ref);
}

static bool same_inputs(const struct include_file *a, const struct include_file *b)
{
	if (!a->inputs || !b->inputs)
		return a->inputs == b->inputs;
	return node_equal(a->inputs, b->inputs);
}

/* The file that holds this one and is the same; it would go on for ever. */
static const struct include_file *find_loop(const struct include_file *file)
{
	for (const struct include_file *up = file->parent; up; up = up->parent)
		if (same_file(up, file) && (file->wildcard || same_inputs(up, file)))
			return up;
	return NULL;
}

static bool is_loop(struct config_state *s, struct include_file *file)
{
	const struct include_file *loop = find_loop(file);
	struct frame f = FRAME_ROOT(&s->pub);
	struct diag *d;

	if (!loop)
		return false;
	file->state = INCLUDE_FAILED;
	/* A pattern only takes files that were not there before. */
	if (file->wildcard)
		return true;
	d = fault(&f, "include-cycle", file->entry->at,
		fmt_in(&f, "=Maximum of %d nested includes are allowed!", LIMIT_INCLUDES),
		"'" STR_FMT "' includes itself, directly or through others",
		STR_ARG(file->location));
	for (const struct include_file *up = file->parent; d && up && up != loop; up = up->parent)
		if (up->entry)
			diag_note(s->pub.diags, d, up->entry->at, "'" STR_FMT "' is included here",
				STR_ARG(up->location));
	return true;
}

static bool same_want(const struct config_want *a, const struct config_want *b)
{
	return a->kind == b->kind && str_eq(a->path, b->path) && str_eq(a->project, b->project) &&
	       str_eq(a->ref, b->ref);
}

static struct include_want *find_want(struct config_state *s, const struct config_want *like)
{
	for (struct config_want *w = s->pub.wants; w; w = w->next)
		if (same_want(w, like))
			return container_of(w, struct include_want, pub);
	return NULL;
}

void include_ask(struct config_state *s, struct include_file *file, enum want_kind kind,
	struct str path, struct str project, struct str ref)
{
	struct include_file *parent = file->parent;
	struct config_want like = {.kind = kind, .path = path, .project = project, .ref = ref};

	if (file->is_header)
		push_file(s->pub.arena, file, &parent->headers, &parent->n_headers,
			&parent->cap_headers);
	else
		push_file(s->pub.arena, file, &parent->files, &parent->n_files, &parent->cap_files);
	file->state = kind == WANT_LOCAL_GLOB ? INCLUDE_GLOB : INCLUDE_ASKED;
	if (kind != WANT_LOCAL_GLOB && is_loop(s, file))
		return;
	like.at = file->entry->at;
	file->want = find_want(s, &like);
	if (file->want)
		return;
	file->want = arena_new(s->pub.arena, struct include_want);
	file->want->pub = like;
	*s->wants_tail = &file->want->pub;
	s->wants_tail = &file->want->pub.next;
}

/* --- answers --- */

void config_provide(
	struct config *c, struct config_want *w, struct str text, const struct config_resolved *as)
{
	struct include_want *want = container_of(w, struct include_want, pub);

	want->text = arena_str(c->arena, text);
	if (as) {
		want->as.name = arena_str(c->arena, as->name);
		want->as.sha = arena_str(c->arena, as->sha);
		want->as.version = arena_str(c->arena, as->version);
		want->as.reference = arena_str(c->arena, as->reference);
	}
	w->answered = true;
}

void config_provide_glob(struct config *c, struct config_want *w, const struct str *paths, size_t n)
{
	struct include_want *want = container_of(w, struct include_want, pub);

	want->paths = arena_array(c->arena, struct str, n);
	for (size_t i = 0; i < n; i++)
		want->paths[want->n_paths++] = arena_str(c->arena, paths[i]);
	qsort(want->paths, n, sizeof(*want->paths), str_qcmp);
	w->answered = true;
}

void config_refuse(struct config *c, struct config_want *w, struct str why)
{
	struct include_want *want = container_of(w, struct include_want, pub);

	want->refused = arena_str(c->arena, why);
	want->is_refused = true;
	w->answered = true;
}

static bool says(struct str why, const char *word)
{
	return str_find(why, str_c(word)) != STR_NPOS;
}

/* The number behind a word of the reason, or 0. */
static unsigned number_after(struct str why, const char *word)
{
	size_t at = str_find(why, str_c(word));
	unsigned n = 0;

	if (at == STR_NPOS)
		return 0;
	for (at += strlen(word); at < why.n && isdigit((unsigned char)why.p[at]) && n < 10000; at++)
		n = n * 10 + (unsigned)(why.p[at] - '0');
	return n;
}

static const char *project_refusal(
	const struct frame *f, const struct include_file *file, struct str why)
{
	if (says(why, "no file"))
		return fmt_in(f, "=Project `" STR_FMT "` file `" STR_FMT "` does not exist!",
			STR_ARG(file->project), STR_ARG(file->location));
	if (says(why, "reference") || says(why, "no ref"))
		return fmt_in(f, "=Project `" STR_FMT "` reference `" STR_FMT "` does not exist!",
			STR_ARG(file->project), STR_ARG(file->ref));
	return fmt_in(f,
		"=Project `" STR_FMT "` not found or access denied! Make sure any includes in the "
		"pipeline configuration are correctly defined.",
		STR_ARG(file->project));
}

static const char *remote_refusal(
	const struct frame *f, const struct include_file *file, struct str why)
{
	unsigned tries = MAX(number_after(why, "after "), 1u), code = number_after(why, "HTTP ");
	const char *cause = "HTTP error!";

	if (code)
		cause = fmt_in(f, "HTTP code `%u` error!", code);
	else if (says(why, "time"))
		cause = "a timeout error!";
	else if (says(why, "connect") || says(why, "resolve"))
		cause = "a socket error!";
	return fmt_in(f,
		"=Remote file `" STR_FMT "` could not be fetched after %u attempt%s because of %s",
		STR_ARG(file->location), tries, tries == 1 ? "" : "s", cause);
}

/* GitLab's words for a file that can't be had; why is the caller's reason. */
static const char *refusal(const struct frame *f, const struct include_file *file, struct str why)
{
	switch (file->kind) {
	case INCLUDE_LOCAL:
		return fmt_in(
			f, "=Local file `" STR_FMT "` does not exist!", STR_ARG(file->location));
	case INCLUDE_PROJECT:
		return project_refusal(f, file, why);
	case INCLUDE_REMOTE:
		return remote_refusal(f, file, why);
	case INCLUDE_COMPONENT:
		return fmt_in(
			f, "=Component '" STR_FMT "' - content not found", STR_ARG(file->location));
	case INCLUDE_ARTIFACT:
		return fmt_in(f,
			"=Job `" STR_FMT
			"` not found in parent pipeline or does not have artifacts!",
			STR_ARG(file->project));
	case INCLUDE_TEMPLATE:
		break;
	}
	return fmt_in(f, "=Included file `" STR_FMT "` is empty or does not exist!",
		STR_ARG(file->location));
}

/* Several files of a project that can't be had: the project is the fault, once. */
static bool refused_before(
	const struct config_state *s, const struct include_file *file, const char *gitlab)
{
	for (const struct diag *d = s->pub.diags->first; d && *gitlab == '='; d = d->next)
		if (str_is(d->gitlab, gitlab + 1) && !strcmp(d->code, "include-not-found") &&
			!loc_before(d->at.begin, file->entry->at.begin) &&
			!loc_before(file->entry->at.begin, d->at.begin))
			return true;
	return false;
}

static void lose(struct config_state *s, struct include_file *file)
{
	file->state = INCLUDE_FAILED;
	if (file->is_header)
		lose_header(file);
	else
		s->pub.incomplete = true;
}

static void take_refusal(struct config_state *s, struct include_file *file)
{
	struct frame f = FRAME_ROOT(&s->pub);
	const char *gitlab = refusal(&f, file, file->want->refused);

	lose(s, file);
	if (file->kind == INCLUDE_PROJECT && refused_before(s, file, gitlab))
		return;
	fault(&f, "include-not-found", file->entry->at, gitlab,
		"cannot include '" STR_FMT "': " STR_FMT, STR_ARG(file->location),
		STR_ARG(file->want->refused));
}

static bool add_bytes(struct config_state *s, struct include_file *file, size_t n)
{
	struct frame f = FRAME_ROOT(&s->pub);

	s->total_bytes += n;
	if (s->total_bytes <= LIMIT_TOTAL_BYTES)
		return true;
	fault(&f, "definition-too-large", file->entry->at,
		"=Total size of combined CI/CD configuration is too big",
		"the included files have more than %d bytes in all", LIMIT_TOTAL_BYTES);
	s->includes_over = true;
	return false;
}

/* The name of the source: what a person would look for. */
static struct str source_name(struct config_state *s, const struct include_file *file)
{
	struct arena *a = s->pub.arena;

	if (file->want->as.name.n)
		return file->want->as.name;
	if ((file->kind == INCLUDE_PROJECT || file->kind == INCLUDE_LOCAL) && file->project.n)
		return arena_printf(a, STR_FMT ":" STR_FMT "%s" STR_FMT, STR_ARG(file->project),
			STR_ARG(file->path), file->ref.n ? "@" : "", STR_ARG(file->ref));
	if (file->kind == INCLUDE_LOCAL)
		return file->path;
	return file->location;
}

static void take_text(struct config_state *s, struct include_file *file)
{
	struct frame f = FRAME_ROOT(&s->pub);
	struct str integrity =
		node_is(file->entry, NODE_MAP) ? get_text(file->entry, "integrity").s : STR_NULL;

	if (!add_bytes(s, file, file->want->text.n)) {
		lose(s, file);
		return;
	}
	if (file->kind == INCLUDE_REMOTE && integrity.n &&
		!integrity_holds(integrity, file->want->text)) {
		fault(&f, "integrity", get_node(file->entry, "integrity")->at,
			fmt_in(&f, "=Remote file `" STR_FMT "` failed integrity check!",
				STR_ARG(file->location)),
			"'" STR_FMT "' does not have the digest that 'integrity' names",
			STR_ARG(file->location));
		lose(s, file);
		return;
	}
	if (file->kind == INCLUDE_COMPONENT && file->want->as.sha.n)
		file->ctx.ref = file->want->as.sha;
	file->source =
		source_add(s->pub.sources, source_name(s, file), file->want->text, file->entry->at);
	s->pub.sources->v[file->source - 1]->foreign =
		file->project.n || (file->kind != INCLUDE_LOCAL && file->kind != INCLUDE_ARTIFACT);
	include_load(s, file);
}

static bool check_extension(struct config_state *s, struct include_file *file)
{
	struct frame f = FRAME_ROOT(&s->pub);

	if (include_has_extension(file->path))
		return true;
	fault(&f, "bad-extension", file->entry->at,
		fmt_in(&f, "=Included file `" STR_FMT "` does not have YAML extension!",
			STR_ARG(file->location)),
		"this pattern takes '" STR_FMT "', which does not end in .yml or .yaml",
		STR_ARG(file->location));
	return false;
}

/* The files of a pattern become children of the entry that stands for it. */
static void take_paths(struct config_state *s, struct include_file *group)
{
	group->state = INCLUDE_LOADED;
	for (size_t i = 0; i < group->want->n_paths && !s->includes_over; i++) {
		struct include_file *file = include_add(s, group, INCLUDE_LOCAL, group->entry);

		if (!file)
			return;
		file->location = file->path = group->want->paths[i];
		if (!check_extension(s, file))
			continue;
		file->project = group->project;
		file->ref = group->ref;
		file->ctx = group->ctx;
		file->inputs = group->inputs;
		file->wildcard = true;
		include_ask(s, file, WANT_LOCAL, file->path, file->project, file->ref);
	}
}

/* --- rounds --- */

/* Takes what came; true when something did. */
static bool advance(struct config_state *s, struct include_file *file)
{
	bool moved = false;

	if (file->want && file->want->pub.answered &&
		(file->state == INCLUDE_ASKED || file->state == INCLUDE_GLOB)) {
		moved = true;
		if (file->want->is_refused)
			take_refusal(s, file);
		else if (file->state == INCLUDE_GLOB)
			take_paths(s, file);
		else
			take_text(s, file);
	}
	if (file->state == INCLUDE_HEADER) {
		bool all = true;

		for (size_t i = 0; i < file->n_headers; i++) {
			moved = advance(s, file->headers[i]) || moved;
			all = all && file->headers[i]->state >= INCLUDE_LOADED;
		}
		if (all) {
			include_load_content(s, file);
			moved = true;
		}
	}
	for (size_t i = 0; i < file->n_files; i++)
		moved = advance(s, file->files[i]) || moved;
	return moved;
}

static bool has_open_wants(const struct config_state *s)
{
	for (const struct config_want *w = s->pub.wants; w; w = w->next)
		if (!w->answered)
			return true;
	return false;
}

/* --- merge --- */

struct merger {
	struct config_state *s;
	struct map seen; /* local files of a project, for patterns */
	unsigned count;
	size_t cap;
};

static struct str seen_key(struct merger *m, const struct include_file *file)
{
	return arena_printf(m->s->pub.arena, STR_FMT "\n" STR_FMT "\n" STR_FMT,
		STR_ARG(file->project), STR_ARG(file->ref), STR_ARG(file->path));
}

static void note_include(struct merger *m, const struct include_file *file)
{
	struct config *c = &m->s->pub;

	if (c->n_includes == m->cap)
		c->includes = vec_grow_arena(
			c->arena, c->includes, c->n_includes, &m->cap, sizeof(*c->includes));
	c->includes[c->n_includes++] = (struct text){source_get(c->sources, file->source)->name,
		file->entry ? file->entry->at : SPAN_NONE};
}

static struct node *without_include(struct config *c, struct node *content)
{
	struct node *copy;

	if (!node_get(content, "include"))
		return content;
	copy = node_new(c->arena, NODE_MAP, content->at);
	node_each_pair(pair, content)
	{
		if (!str_is(pair->key->text, "include"))
			node_map_put(c->arena, copy, pair->key, pair->value);
	}
	return copy;
}

static struct node *merged(struct merger *m, struct include_file *file);

static struct node *merge_children(struct merger *m, struct include_file *file, struct node *under)
{
	struct config *c = &m->s->pub;

	for (size_t i = 0; i < file->n_files; i++) {
		struct include_file *child = file->files[i];
		struct node *over;

		if (child->want && child->want->pub.kind == WANT_LOCAL_GLOB) {
			under = merge_children(m, child, under);
			continue;
		}
		if (child->state != INCLUDE_LOADED)
			continue;
		if (child->kind == INCLUDE_LOCAL || child->kind == INCLUDE_PROJECT) {
			struct str key = seen_key(m, child);

			if (child->wildcard && map_has(&m->seen, key))
				continue;
			map_put(&m->seen, key, child);
		}
		if (++m->count > LIMIT_INCLUDES) {
			say_too_many(m->s, child->entry);
			return under;
		}
		over = merged(m, child);
		under = under ? merge_deep(c, under, over) : over;
	}
	return under;
}

/* The file on top of what it includes. */
static struct node *merged(struct merger *m, struct include_file *file)
{
	struct node *under = merge_children(m, file, NULL);
	struct node *own = without_include(&m->s->pub, file->content);

	note_include(m, file);
	return under ? merge_deep(&m->s->pub, under, own) : own;
}

static void say_too_large(struct config_state *s)
{
	struct frame f = FRAME_ROOT(&s->pub);

	fault(&f, "definition-too-large", SPAN_NONE,
		"=Total size of combined CI/CD configuration is too big",
		"the included files make more than %d keys in all", LIMIT_MERGED_KEYS);
}

/*
 * Where nothing at all was included, GitLab leaves `include` in the definition, and holds it
 * against what a list may be (external/processor.rb, entry/includes.rb).
 */
static void check_unused(struct config_state *s)
{
	struct frame root = FRAME_ROOT(&s->pub), f = FRAME_IN(&root, "include");
	const struct node *n = node_get(s->main->content, "include");

	if (node_is(n, NODE_MAP))
		fault(&f, "wrong-type", n->at, "config should be an array or a string",
			"'include' is a mapping that includes nothing: GitLab takes that only as a "
			"list");
	if (!node_is(n, NODE_SEQ))
		return;
	node_each (item, n) {
		if (item->kind != NODE_NULL)
			check_include_entry(&f, item, false);
	}
}

enum config_status pass_include(struct config_state *s)
{
	struct config *c = &s->pub;
	struct merger m = {.s = s};

	if (s->main->state == INCLUDE_ASKED && !s->main->content)
		include_load(s, s->main);
	while (advance(s, s->main) && !s->includes_over)
		continue;
	if (!s->includes_over && has_open_wants(s))
		return CONFIG_WANT;
	if (s->main->state != INCLUDE_LOADED)
		return CONFIG_FAILED;
	map_init(&m.seen, c->arena);
	c->root = merged(&m, s->main);
	if (!m.count && !c->diags->errors)
		check_unused(s);
	if (s->merged_keys <= LIMIT_MERGED_KEYS)
		return CONFIG_OK;
	say_too_large(s);
	return CONFIG_FAILED;
}
