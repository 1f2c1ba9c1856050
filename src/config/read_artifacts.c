/* artifacts and their reports. */
#include "base/base.h"

#include "config/readers.h"
#include "config/duration.h"

static bool is_expiry(const struct node *n)
{
	int64_t seconds;

	return node_is(n, NODE_STRING) &&
	       (str_ieq(n->text, STR("never")) || duration_parse(n->text, &seconds));
}

static void read_expire_in(const struct frame *f, const struct node *n, struct text *out)
{
	struct diag *d;

	if (is_expiry(n)) {
		*out = text_of(n);
		return;
	}
	d = fault(f, "bad-duration", n->at, "expire in should be a duration",
		"%s must be a duration or 'never', not %s", subject(f, "expire_in"), found(f, n));
	if (n->kind == NODE_INT && d)
		diag_note(f->c->diags, d, SPAN_NONE,
			"put the number of seconds in quotes: \"" STR_FMT "\"", STR_ARG(n->text));
}

static bool is_exposable(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (!isalnum(c) && c != '_' && (!i || (c != '-' && c != ' ')))
			return false;
	}
	return s.n > 0;
}

/* Names a single file or directory in the merge request: no patterns, and there must be paths. */
static void check_expose_as(const struct frame *f, const struct node *n, struct artifacts_def *out)
{
	struct text name = get_text(n, "expose_as");

	if (!name.s.p)
		return;
	out->expose_as = name;
	if (name.s.n > LIMIT_EXPOSE_AS)
		fault(f, "name-too-long", name.at,
			"expose as is too long (maximum is 100 characters)",
			"%s has more than %d characters", subject(f, "expose_as"), LIMIT_EXPOSE_AS);
	if (!is_exposable(name.s))
		fault(f, "bad-name", name.at,
			"expose as can contain only letters, digits, '-', '_' and spaces",
			"%s can hold only letters, digits, '-', '_' and spaces",
			subject(f, "expose_as"));
	for (size_t i = 0; i < out->paths.n; i++)
		if (str_chr(out->paths.v[i].s, '*') != STR_NPOS) {
			fault(f, "bad-path", out->paths.v[i].at,
				"paths can't contain '*' when used with 'expose_as'",
				"%s can't hold '*' together with 'expose_as'", subject(f, "paths"));
			return;
		}
}

static void read_coverage_report(
	const struct frame *f, const struct node *n, struct str *format, struct texts *paths)
{
	struct frame entry = FRAME_IN(f, "coverage_report");
	const struct node *value;

	if (!want_map(&entry, n, NULL))
		return;
	check_scope(&entry, n, SCOPE_coverage_report);
	value = get_node(n, "coverage_format");
	if (!value || !is_one_of(value->text, "cobertura jacoco"))
		fault(&entry, value ? "unknown-value" : "?unknown-value", value ? value->at : n->at,
			node_is_blank(value)
				? "coverage format can't be blank" AND_ALSO
				  "coverage format must be one of supported formats: "
				  "cobertura, jacoco."
				: "coverage format must be one of supported formats: cobertura, "
				  "jacoco.",
			"%s must be 'cobertura' or 'jacoco', not %s",
			subject(&entry, "coverage_format"), found(f, value));
	else
		*format = value->text;
	value = get_node(n, "path");
	if (!value || node_is_blank(value))
		fault(&entry, value ? "blank" : "?blank", value ? value->at : n->at,
			"path can't be blank", "%s is missing", subject(&entry, "path"));
	else if (want_string(&entry, value, "path"))
		texts_of(&entry, value, paths);
}

static void read_reports(const struct frame *f, const struct node *n, struct artifacts_def *out)
{
	struct frame entry = FRAME_IN(f, "reports");

	if (n->kind != NODE_MAP) {
		want_map(f, n, "reports");
		return;
	}
	check_scope(&entry, n, SCOPE_reports);
	out->reports = arena_calloc(frame_arena(f), sizeof(*out->reports) * (n->u.map.n + 1));
	node_each_pair(pair, n)
	{
		size_t i = out->n_reports;

		if (node_is_null(pair->value))
			continue;
		out->reports[i].type = pair->key->text;
		if (str_is(pair->key->text, "coverage_report"))
			read_coverage_report(&entry, pair->value, &out->reports[i].format,
				&out->reports[i].paths);
		else if (pair->value->kind == NODE_STRING || pair->value->kind == NODE_SEQ)
			texts_of(&entry, pair->value, &out->reports[i].paths);
		if (out->reports[i].paths.n)
			out->n_reports++;
	}
}

static void check_access(const struct frame *f, const struct node *n, struct artifacts_def *out)
{
	const struct node *access = get_node(n, "access"), *public = node_get(n, "public");

	if (node_get(n, "access") && public)
		fault(f, "exclusive-keywords", span_of_key(n, "access"),
			fmt_in(f, "config these keys cannot be used together: %s",
				keys_present(f, n, "public access", true)),
			"'public' and 'access' can't be used together in %s", subject(f, NULL));
	if (node_is(public, NODE_BOOL))
		out->is_public = public->u.boolean;
	if (node_is(access, NODE_STRING) &&
		check_choice(f, access, "access", "none developer maintainer all",
			"should be one of: none, developer, maintainer, all"))
		out->access = text_of(access);
}

void read_artifacts(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "artifacts");
	struct artifacts_def *out = arena_new(frame_arena(f), struct artifacts_def);
	const struct node *n;

	if (!want_map(&entry, value, NULL))
		return;
	*out = (struct artifacts_def){.at = value->at, .is_public = -1, .when = WHEN_ON_SUCCESS};
	job->artifacts = out;
	n = node_get(value, "paths");
	if (node_is_blank(n) && get_text(value, "expose_as").s.p)
		fault(&entry, "?missing-keyword",
			n && n->at.begin.line ? n->at : span_of_key(value, "expose_as"),
			"paths can't be blank", "%s needs 'paths'", subject(&entry, "expose_as"));
	check_scope(&entry, value, SCOPE_artifacts);
	get_texts(&entry, value, "paths", &out->paths);
	get_texts(&entry, value, "exclude", &out->exclude);
	out->name = get_text(value, "name");
	out->untracked = get_bool(value, "untracked", false);
	n = get_node(value, "when");
	if (n && check_choice(&entry, n, "when", "on_success on_failure always",
			 "should be one of: on_success, on_failure, always"))
		out->when = str_is(n->text, "always")       ? WHEN_ALWAYS
			    : str_is(n->text, "on_failure") ? WHEN_ON_FAILURE
							    : WHEN_ON_SUCCESS;
	n = get_node(value, "expire_in");
	if (n)
		read_expire_in(&entry, n, &out->expire_in);
	check_expose_as(&entry, value, out);
	check_access(&entry, value, out);
	n = get_node(value, "reports");
	if (n)
		read_reports(&entry, n, out);
}
