/* cache: one mapping or a list of them. */
#include "base/base.h"

#include "config/readers.h"

/* CGI.unescape, as far as the check of keys needs it. */
static struct str unescape(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned byte;

		if (s.p[i] == '%' && i + 2 < s.n && isxdigit((unsigned char)s.p[i + 1]) &&
			isxdigit((unsigned char)s.p[i + 2]) &&
			sscanf(s.p + i + 1, "%2x", &byte) == 1) {
			p[n++] = (char)byte;
			i += 2;
		} else {
			p[n++] = s.p[i] == '+' ? ' ' : s.p[i];
		}
	}
	p[n] = '\0';
	return str_n(p, n);
}

/* A key becomes a directory's name, so it may not leave its place. */
static bool check_key_text(const struct frame *f, const struct node *n)
{
	struct str path = unescape(frame_arena(f), n->text);

	if (str_chr(path, '/') != STR_NPOS) {
		fault(f, "bad-cache-key", n->at, "config cannot contain the \"/\" character",
			"%s can't hold a '/'", subject(f, NULL));
		return false;
	}
	if (str_is(path, ".") || str_is(path, "..")) {
		fault(f, "bad-cache-key", n->at, "config cannot be \".\" or \"..\"",
			"%s can't be '.' or '..'", subject(f, NULL));
		return false;
	}
	return true;
}

static void read_key_files(
	const struct frame *f, const struct node *map, const char *key, struct texts *out)
{
	struct frame entry = FRAME_AT(f, str_c(key));
	const struct node *n = get_node(map, key);

	if (!n || !want_strings(&entry, n, NULL))
		return;
	if (!n->u.seq.n)
		fault(&entry, "blank", n->at, "config requires at least 1 item", "%s is empty",
			subject(&entry, NULL));
	else if (n->u.seq.n > LIMIT_KEY_FILES)
		fault(&entry, "too-many-items", n->at, "config has too many items (maximum is 2)",
			"%s names %u files, more than the limit of %d", subject(&entry, NULL),
			n->u.seq.n, LIMIT_KEY_FILES);
	else
		texts_of(&entry, n, out);
}

static void read_key(const struct frame *f, const struct node *n, struct cache_def *out)
{
	struct frame entry = FRAME_IN(f, "key"), prefix_frame = FRAME_IN(&entry, "prefix");
	const struct node *prefix;
	int present;

	if (n->kind == NODE_STRING) {
		if (check_key_text(&entry, n))
			out->key = text_of(n);
		return;
	}
	if (n->kind != NODE_MAP) {
		fault(&entry, "wrong-type", n->at, "should be a hash, a string or a symbol",
			"%s must be a string or a mapping, not %s", subject(&entry, NULL),
			found(f, n));
		return;
	}
	check_scope(&entry, n, SCOPE_cache_key);
	present = (node_get(n, "files") != NULL) + (node_get(n, "files_commits") != NULL);
	if (present != 1)
		fault(&entry, present ? "exclusive-keywords" : "?exclusive-keywords", n->at,
			"config must use exactly one of these keys: files, files_commits",
			"%s needs exactly one of 'files' and 'files_commits'",
			subject(&entry, NULL));
	read_key_files(&entry, n, "files", &out->key_files);
	read_key_files(&entry, n, "files_commits", &out->key_files_commits);
	prefix = get_node(n, "prefix");
	if (prefix && prefix->kind != NODE_STRING)
		fault(&prefix_frame, "wrong-type", prefix->at,
			"config should be a string or symbol",
			"%s must be a string (put it in quotes), not %s",
			subject(&prefix_frame, NULL), found(f, prefix));
	else if (prefix && check_key_text(&prefix_frame, prefix))
		out->key_prefix = text_of(prefix);
}

/* GitLab's check is a search, not a comparison: anything that holds one of the words passes. */
static bool is_policy(const struct node *n)
{
	return node_is(n, NODE_STRING) &&
	       (str_chr(n->text, '$') != STR_NPOS || str_find(n->text, STR("pull")) != STR_NPOS ||
		       str_find(n->text, STR("push")) != STR_NPOS);
}

/* What Ruby's `length` says, which GitLab asks of a list, a mapping or a text alike. */
static size_t length_of(const struct node *n)
{
	size_t length = 0;

	if (node_is(n, NODE_SEQ))
		return n->u.seq.n;
	if (node_is(n, NODE_MAP))
		return n->u.map.n;
	for (size_t i = 0; node_is(n, NODE_STRING) && i < n->text.n; length++)
		i += MAX(utf8_len(n->text.p + i, n->text.n - i), (size_t)1);
	return length;
}

static void read_cache_map(const struct frame *f, const struct node *map, struct cache_def *out)
{
	const struct node *n;

	*out = (struct cache_def){.at = map->at, .when = WHEN_ON_SUCCESS};
	out->policy.s = STR("pull-push");
	check_scope(f, map, SCOPE_cache);
	get_texts(f, map, "paths", &out->paths);
	get_texts(f, map, "fallback_keys", &out->fallback_keys);
	out->untracked = get_bool(map, "untracked", false);
	out->unprotect = get_bool(map, "unprotect", false);
	n = get_node(map, "key");
	if (n)
		read_key(f, n, out);
	/* A blank policy is the usual one. */
	n = node_is_blank(node_get(map, "policy")) ? NULL : node_get(map, "policy");
	if (n && !is_policy(n))
		fault(f, "unknown-value", n->at,
			n->kind == NODE_STRING
				? "policy should be a variable or one of: pull-push, push, pull"
				: "policy should be a string",
			"%s must be 'pull-push', 'push', 'pull' or a variable, not %s",
			subject(f, "policy"), found(f, n));
	else if (n)
		out->policy = text_of(n);
	n = get_node(map, "when");
	if (n && check_choice(f, n, "when", "on_success on_failure always",
			 "should be one of: on_success, on_failure, always"))
		out->when = str_is(n->text, "always")       ? WHEN_ALWAYS
			    : str_is(n->text, "on_failure") ? WHEN_ON_FAILURE
							    : WHEN_ON_SUCCESS;
	n = get_node(map, "fallback_keys");
	if (length_of(n) > LIMIT_FALLBACK_KEYS)
		fault(f, "too-many-items", n->at, "fallback keys has to many entries (maximum 5)",
			"%s has %zu %s, more than the limit of %d", subject(f, "fallback_keys"),
			length_of(n), n->kind == NODE_STRING ? "characters" : "entries",
			LIMIT_FALLBACK_KEYS);
}

static void read_one_cache(const struct frame *f, const struct node *n, void *ctx)
{
	struct frame entry = FRAME_IN(f, "cache");
	struct job_def *job = ctx;

	if (!want_map(&entry, n, NULL))
		return;
	/* An empty mapping switches caching off. */
	if (n->u.map.n)
		read_cache_map(&entry, n, &job->caches[job->n_caches++]);
}

void read_cache(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame caches = FRAME_IN(f, "caches");
	size_t n;

	if (value->kind != NODE_MAP && value->kind != NODE_SEQ) {
		fault(&caches, "wrong-type", value->at, "config can only be a hash or an array",
			"%s must be a mapping or a list of mappings, not %s", subject(f, "cache"),
			found(f, value));
		return;
	}
	job->caches_set = true;
	job->n_caches = 0;
	if (value->kind == NODE_MAP) {
		job->caches = arena_new(frame_arena(f), struct cache_def);
		read_one_cache(f, value, job);
		return;
	}
	if (value->u.seq.n > LIMIT_CACHES)
		fault(&caches, "too-many-caches", value->at,
			"config no more than 4 caches can be created",
			"%s has %u entries, more than the limit of %d", subject(f, "cache"),
			value->u.seq.n, LIMIT_CACHES);
	n = count_flat(value);
	if (n > LIMIT_CACHES_READ) {
		/* Lists in the list, which GitLab does not count. */
		if (value->u.seq.n <= LIMIT_CACHES)
			fault(&caches, "too-many-caches", value->at, NULL,
				"%s holds more than %d caches", subject(f, "cache"),
				LIMIT_CACHES_READ);
		return;
	}
	job->caches = arena_array(frame_arena(f), struct cache_def, n);
	each_flat(f, value, read_one_cache, job);
}
