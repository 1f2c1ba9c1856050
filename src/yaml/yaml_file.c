#include "base/base.h"

#include "yaml/yaml_internal.h"

/* MAX_DOCUMENTS of 2 (a header and the content), and one for what a leading separator splits off.
 */
#define MAX_PARTS 3

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/*
 * The next separator at or after from: a line start, "---", white space, all of which is swallowed
 * (GitLab, lib/gitlab/config/loader/multi_doc_yaml.rb, MULTI_DOC_DIVIDER).
 */
static bool next_separator(struct str s, size_t from, size_t *begin, size_t *end)
{
	for (size_t i = from; i + 3 < s.n; i++) {
		if (i && s.p[i - 1] != '\n') {
			const char *nl = memchr(s.p + i, '\n', s.n - i);

			if (!nl)
				return false;
			i = (size_t)(nl - s.p);
			continue;
		}
		if (memcmp(s.p + i, "---", 3) != 0 || !is_space(s.p[i + 3]))
			continue;
		*begin = i;
		for (*end = i + 4; *end < s.n && is_space(s.p[*end]);)
			++*end;
		return true;
	}
	return false;
}

static size_t split(const struct source *src, struct yaml_part parts[MAX_PARTS])
{
	size_t n = 0, from = 0, begin, end;

	while (n + 1 < MAX_PARTS && next_separator(src->text, from, &begin, &end)) {
		parts[n++] = (struct yaml_part){src, from, begin};
		from = end;
	}
	parts[n++] = (struct yaml_part){src, from, src->text.n};
	return n;
}

static struct span start_of(const struct yaml_part *p)
{
	struct loc at = source_loc(p->src, p->from);

	return (struct span){at, at};
}

static bool refuse_size(struct diags *d, const struct yaml_part *p)
{
	struct diag *diag;

	if (p->to - p->from <= YAML_MAX_BYTES)
		return false;
	diag = diag_error(d, "yaml-too-big", start_of(p),
		"the text is larger than the limit of %zu bytes", YAML_MAX_BYTES);
	diag_set_gitlab(d, diag, "The provided YAML is too big");
	return true;
}

static bool check_limits(struct diags *d, const struct yaml_part *p, const struct node *root)
{
	enum yaml_measure m = root ? yaml_measure(root) : YAML_FITS;
	struct diag *diag;

	if (m == YAML_FITS)
		return true;
	if (m == YAML_LARGE) {
		diag = diag_warn(d, "yaml-large", start_of(p),
			"GitLab refuses this file where its limit is the default: it takes more "
			"than %zu bytes "
			"of memory",
			YAML_MAX_BYTES);
		diag_set_gitlab(d, diag, "The parsed YAML is too big");
		return true;
	}
	if (m == YAML_HUGE)
		diag = diag_error(d, "yaml-too-big", start_of(p),
			"the definition takes more than %zu bytes of memory in GitLab, where the "
			"limit is %zu unless an administrator has raised it",
			YAML_MAX_MEMORY, YAML_MAX_BYTES);
	else if (m == YAML_TOO_DEEP)
		diag = diag_error(d, "yaml-too-big", start_of(p),
			"the definition is nested more than %d deep", YAML_MAX_DEPTH);
	else
		diag = diag_error(d, "yaml-too-big", start_of(p),
			"with its aliases expanded, the definition takes more than %zu bytes of "
			"memory",
			YAML_MAX_BYTES);
	diag_set_gitlab(d, diag, "The parsed YAML is too big");
	return false;
}

static bool read_checked(
	struct arena *a, const struct yaml_part *p, struct diags *d, struct node **out)
{
	*out = NULL;
	if (refuse_size(d, p))
		return false;
	if (!yaml_read_part(a, p, d, out))
		return false;
	return check_limits(d, p, *out);
}

static bool check_hash(struct diags *d, const struct node *root)
{
	struct diag *diag;

	if (root->kind == NODE_MAP)
		return true;
	diag = diag_error(d, "invalid-format", root->at,
		"the top level must be a mapping, but it is a %s", node_kind_name(root->kind));
	diag_set_gitlab(d, diag, "Invalid configuration format");
	return false;
}

/* Which documents count: GitLab, lib/gitlab/ci/config/yaml/result.rb and the reading above. */
static void choose(struct diags *d, struct node **docs, size_t n, struct yaml_file *out)
{
	if (n > 1 && node_pair_of(docs[0], STR("spec"))) {
		out->header = docs[0];
		out->content = docs[n - 1];
		if (n > 2)
			diag_warn(d, "ignored-document", docs[1]->at,
				"this document is ignored: the last one is the content");
		return;
	}
	if (n > 1)
		diag_warn(d, "ignored-document", docs[1]->at,
			"this document is ignored: only a header with 'spec' may come before "
			"another");
	out->content = n ? docs[0] : NULL;
}

bool yaml_read_file(
	struct arena *a, const struct source *src, struct diags *d, struct yaml_file *out)
{
	struct yaml_part parts[MAX_PARTS];
	struct node *docs[MAX_PARTS], *root;
	size_t n_parts = split(src, parts), n = 0;
	bool ok = true;

	*out = (struct yaml_file){NULL, NULL};
	for (size_t i = 0; i < n_parts; i++) {
		ok = read_checked(a, &parts[i], d, &root) && ok;
		if (!node_is_blank(root))
			docs[n++] = root;
	}
	for (size_t i = 0; i < n; i++)
		ok = check_hash(d, docs[i]) && ok;
	if (n && docs[0]->kind != NODE_MAP)
		return false;
	choose(d, docs, n, out);
	if (out->content && out->content->kind != NODE_MAP)
		out->content = NULL;
	return ok;
}

struct node *yaml_read(struct arena *a, const struct source *src, struct diags *d)
{
	struct yaml_part whole = {src, 0, src->text.n};
	struct node *root;

	if (!read_checked(a, &whole, d, &root))
		return NULL;
	return root ? root : node_new(a, NODE_NULL, start_of(&whole));
}
