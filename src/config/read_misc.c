/* The keywords that hold one simple value, and helpers for lists and choices. */
#include "base/base.h"

#include "config/readers.h"

#include "expr/regex.h"

size_t count_flat(const struct node *seq)
{
	size_t n = 0;

	if (seq->kind != NODE_SEQ)
		return 1;
	node_each (item, seq) {
		n += count_flat(item);
	}
	return n;
}

void each_flat(const struct frame *f, const struct node *seq, each_item_fn *fn, void *ctx)
{
	node_each (item, seq) {
		if (item->kind == NODE_SEQ)
			each_flat(f, item, fn, ctx);
		else if (item->kind != NODE_NULL)
			fn(f, item, ctx);
	}
}

bool check_choice(const struct frame *f, const struct node *n, const char *attr,
	const char *choices, const char *gitlab)
{
	struct str_split it = str_split(str_c(choices), ' ');
	struct str words[16], word;
	size_t count = 0;
	struct diag *d;

	while (count < ARRAY_SIZE(words) && str_split_next(&it, &word)) {
		if (n->kind == NODE_STRING && str_eq(word, n->text))
			return true;
		words[count++] = word;
	}
	if (n->kind != NODE_STRING)
		gitlab = "should be a string";
	d = fault(f, "unknown-value", n->at,
		fmt_in(f, "%s %s", humanize(frame_arena(f), str_c(attr)), gitlab),
		"%s has the unknown value %s", subject(f, attr), quoted(f, n));
	if (!d)
		return false;
	diag_note(f->c->diags, d, SPAN_NONE, "it may be: %s", choices);
	if (n->kind == NODE_STRING)
		note_nearest(f, d, n->text, words, count);
	return false;
}

void read_stage(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "stage");

	if (want_string(&entry, value, NULL))
		job->stage = text_of(value);
}

void read_extends(const struct frame *f, const struct node *value, struct job_def *job)
{
	UNUSED(job);
	want_strings_or_string(f, value, "extends");
}

/* Where the tag that begins at s ends, and *end behind the comma after it; quotes may hold commas.
 */
static struct str next_tag(struct str s, size_t *end)
{
	size_t from = 0, comma;

	while (from < s.n && isspace((unsigned char)s.p[from]))
		from++;
	if (from < s.n && (s.p[from] == '"' || s.p[from] == '\'')) {
		for (size_t i = from + 1; i < s.n; i++) {
			size_t behind = i + 1;

			if (s.p[i] != s.p[from])
				continue;
			while (behind < s.n && isspace((unsigned char)s.p[behind]))
				behind++;
			if (behind == s.n || s.p[behind] == ',') {
				*end = behind + 1;
				return str_sub(s, from + 1, i);
			}
		}
	}
	comma = MIN(str_chr(s, ','), s.n);
	*end = comma + 1;
	return str_sub(s, 0, comma);
}

/*
 * GitLab joins the list, splits it at commas and takes each tag once (lib/gitlab/ci/tags/parser.rb,
 * entry/tags.rb).
 */
static size_t count_tags(const struct node *list)
{
	CLEANUP(buf_release) struct buf joined = BUF_INIT;
	struct arena scratch = ARENA_INIT;
	struct map seen;
	struct str rest;
	size_t n;

	node_each (item, list) {
		if (joined.n)
			buf_adds(&joined, ", ");
		buf_addstr(&joined, item->text);
	}
	map_init(&seen, &scratch);
	for (rest = buf_str(&joined); rest.n;) {
		size_t end;
		struct str tag = str_trim(next_tag(rest, &end));

		if (tag.n)
			map_put(&seen, tag, &seen);
		rest = str_from(rest, MIN(end, rest.n));
	}
	n = seen.n;
	arena_release(&scratch);
	return n;
}

void read_tags(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "tags");

	size_t n;

	if (!want_strings(&entry, value, NULL))
		return;
	n = count_tags(value);
	if (n >= LIMIT_TAGS)
		fault(&entry, "too-many-items", value->at,
			"config must be less than the limit of 50 tags",
			"%s has %zu different tags, and the limit is below %d",
			subject(&entry, NULL), n, LIMIT_TAGS);
	texts_of(&entry, value, &job->tags);
}

void read_when(const struct frame *f, const struct node *value, struct job_def *job)
{
	const char *normal = "on_success on_failure always manual delayed";
	const char *bridge = "on_success on_failure always manual";

	if (!check_choice(f, value, "when", job->bridge ? bridge : normal,
		    job->bridge
			    ? "should be one of: on_success, on_failure, always, manual"
			    : "should be one of: on_success, on_failure, always, manual, delayed"))
		return;
	for (int w = 0; w < WHEN_UNSET; w++)
		if (str_is(value->text, job_when_name((enum job_when)w)))
			job->when = (enum job_when)w;
}

/* Whether it may be there at all depends on `when` and `rules`: see check_delay() in jobs.c. */
void read_start_in(const struct frame *f, const struct node *value, struct job_def *job)
{
	UNUSED(f);
	job->rare->start_in = text_of(value);
}

void read_manual_confirmation(const struct frame *f, const struct node *value, struct job_def *job)
{
	if (want_string(f, value, "manual_confirmation"))
		job->rare->manual_confirmation = text_of(value);
}

void read_allow_failure(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "allow_failure");
	struct allow_failure out = {.set = true, .at = value->at};

	if (value->kind == NODE_BOOL) {
		out.value = value->u.boolean;
	} else if (job->bridge) {
		want_bool(f, value, "allow_failure");
		return;
	} else if (value->kind == NODE_MAP) {
		check_scope(&entry, value, SCOPE_allow_failure);
		read_exit_codes(&entry, value, &out.exit_codes, &out.n_exit_codes);
	} else {
		fault(f, "wrong-type", value->at,
			"allow failure should be a hash or a boolean value",
			"%s must be true, false or a mapping with 'exit_codes', not %s",
			subject(f, "allow_failure"), found(f, value));
		return;
	}
	job->allow_failure = out;
}

void read_timeout(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "timeout");

	if (want_duration(&entry, value, NULL, LIMIT_TIMEOUT, &job->timeout_s))
		job->rare->timeout = text_of(value);
}

void read_interruptible(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "interruptible");

	if (want_bool(&entry, value, NULL))
		job->interruptible = value->u.boolean;
}

void read_resource_group(const struct frame *f, const struct node *value, struct job_def *job)
{
	if (want_string(f, value, "resource_group"))
		job->resource_group = text_of(value);
}

/* Compiled only to see whether it is valid: the program that evaluates it compiles its own. */
bool check_regex(const struct frame *f, struct str pattern, unsigned flags, struct str *why)
{
	struct arena scratch = ARENA_INIT;
	struct str reason = STR_NULL;
	bool ok = regex_new(&scratch, pattern, flags, &reason, NULL) != NULL;

	if (!ok)
		*why = arena_str(frame_arena(f), reason);
	arena_release(&scratch);
	return ok;
}

void read_coverage(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "coverage");
	struct str pattern, why = STR_NULL;
	unsigned flags = 0;

	if (value->kind == NODE_STRING && regex_split(value->text, &pattern, &flags) &&
		check_regex(f, pattern, flags, &why)) {
		job->rare->coverage = text_of(value);
		/* GitLab takes the slashes off only where the last character is one. */
		if (flags)
			diag_warn(f->c->diags, "coverage-flags", value->at,
				"%s has flags behind its last slash: GitLab then looks for the "
				"slashes "
				"too; write (?i) inside",
				subject(&entry, NULL));
		return;
	}
	if (why.n)
		fault(&entry, "bad-regex", value->at,
			"config must be a regular expression with re2 syntax",
			"%s is no valid regular expression: " STR_FMT, subject(&entry, NULL),
			STR_ARG(why));
	else
		fault(&entry, "bad-regex", value->at,
			"config must be a regular expression with re2 syntax",
			"%s must be a regular expression between slashes, not %s",
			subject(&entry, NULL), found(f, value));
}

static void read_inherit_part(const struct frame *f, const struct node *map, struct str key,
	bool *all, struct texts *only)
{
	struct frame entry = FRAME_AT(f, key);
	const struct node *n = node_get_str(map, key);

	if (node_is_null(n))
		return;
	if (n->kind == NODE_BOOL) {
		*all = n->u.boolean;
		return;
	}
	if (n->kind == NODE_SEQ) {
		bool strings = true;

		node_each (item, n) {
			strings = strings && item->kind == NODE_STRING;
		}
		if (strings) {
			*all = false;
			texts_of(f, n, only);
			return;
		}
	}
	fault(&entry, "wrong-type", n->at,
		n->kind == NODE_SEQ ? "config should be an array of strings"
				    : "should be a bool or array of strings",
		"%s must be true, false or a list of names, not %s", subject(&entry, NULL),
		found(f, n));
}

static bool is_default_keyword(struct str s)
{
	return keyword_allowed(keyword_find(s), 'd');
}

static void check_inherited_names(const struct frame *f, const struct node *names)
{
	struct frame entry = FRAME_IN(f, "default");
	struct str known[KEYWORD_COUNT];
	size_t n = 0;

	for (size_t i = 0; i < KEYWORD_COUNT; i++)
		if (keyword_allowed(&keywords[i], 'd'))
			known[n++] = keywords[i].name;
	node_each (item, names) {
		struct diag *d;

		if (item->kind != NODE_STRING || is_default_keyword(item->text) || faults_full(f))
			continue;
		d = fault(&entry, "unknown-value", item->at,
			fmt_in(f, "config contains unknown values: %s",
				values_unknown(f, names, is_default_keyword)),
			"'" STR_FMT "' in %s is no keyword of 'default'", STR_ARG(item->text),
			subject(&entry, NULL));
		note_nearest(f, d, item->text, known, n);
	}
}

void read_inherit(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "inherit");
	struct inherit_def *out = &job->rare->inherit;

	if (!want_map(&entry, value, NULL))
		return;
	check_scope(&entry, value, SCOPE_inherit);
	read_inherit_part(&entry, value, STR("default"), &out->all_default, &out->only_default);
	read_inherit_part(
		&entry, value, STR("variables"), &out->all_variables, &out->only_variables);
	if (node_is(node_get(value, "default"), NODE_SEQ))
		check_inherited_names(&entry, node_get(value, "default"));
}
