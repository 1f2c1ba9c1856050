/* rules: of jobs, of workflow and of include entries; only and except. */
#include "base/base.h"

#include "config/readers.h"
#include "config/workflow.h"

#include "expr/expr.h"
#include "expr/regex.h"

static bool when_of(struct str s, enum job_when *out)
{
	for (int w = 0; w < WHEN_UNSET; w++)
		if (str_is(s, job_when_name((enum job_when)w))) {
			*out = (enum job_when)w;
			return true;
		}
	return false;
}

/* `if`, or one line of only:variables. */
static const struct expr *read_expr(const struct frame *f, const struct node *n, const char *attr)
{
	struct expr_error err = {SPAN_NONE, STR_NULL};
	const struct expr *expr;

	if (n->kind != NODE_STRING) {
		fault(f, "wrong-type", n->at, fmt_in(f, "%s invalid expression syntax", attr),
			"%s must be an expression, not %s", subject(f, attr), found(f, n));
		return NULL;
	}
	expr = expr_parse(frame_arena(f), n->text, n->at, &err);
	if (!expr)
		fault(f, "bad-expression", err.at.begin.line ? err.at : n->at,
			fmt_in(f, "%s invalid expression syntax", attr),
			"invalid expression in %s: " STR_FMT, subject(f, attr), STR_ARG(err.text));
	return expr;
}

static bool check_path_count(const struct frame *f, const struct node *n, const char *attr)
{
	if (n->u.seq.n <= LIMIT_RULE_PATHS)
		return true;
	fault(f, "too-many-patterns", n->at,
		fmt_in(f, "%s has too many entries (maximum %d)", attr, LIMIT_RULE_PATHS),
		"%s has %u patterns, more than the limit of %d", subject(f, NULL), n->u.seq.n,
		LIMIT_RULE_PATHS);
	return false;
}

static bool read_paths(const struct frame *f, const struct node *map, struct texts *out)
{
	const struct node *paths = get_node(map, "paths");

	if (!paths) {
		fault(f, "missing-keyword", map->at, "config missing required keys: paths",
			"'paths' is missing in %s", subject(f, NULL));
		return false;
	}
	if (paths->kind != NODE_SEQ || !check_path_count(f, paths, "paths"))
		return false;
	texts_of(f, paths, out);
	return true;
}

static void read_changes(const struct frame *f, const struct node *n, struct rule_def *rule)
{
	struct frame entry = FRAME_IN(f, "changes");
	struct changes *changes = arena_new(frame_arena(f), struct changes);

	changes->at = n->at;
	if (n->kind == NODE_SEQ) {
		if (!want_strings(&entry, n, NULL) || !check_path_count(&entry, n, "config"))
			return;
		texts_of(&entry, n, &changes->paths);
	} else if (n->kind == NODE_MAP) {
		bool ok = check_scope(&entry, n, SCOPE_changes);

		if (!read_paths(&entry, n, &changes->paths) || !ok)
			return;
		changes->compare_to = get_text(n, "compare_to");
	} else {
		fault(&entry, "wrong-type", n->at, "should be an array or a hash",
			"%s must be a list or a mapping, not %s", subject(&entry, NULL),
			found(f, n));
		return;
	}
	rule->changes = changes;
}

/* A mapping; GitLab takes an empty one, and empty paths, for no paths (entry/rules/rule/exists.rb).
 */
static bool read_exists_map(const struct frame *entry, const struct node *n, struct exists *exists)
{
	const struct node *paths = node_get(n, "paths");
	bool ok;

	if (!n->u.map.n)
		return true;
	ok = check_scope(entry, n, SCOPE_exists);
	if ((!paths || paths->kind != NODE_NULL) && !read_paths(entry, n, &exists->paths))
		return false;
	exists->project = get_text(n, "project");
	exists->ref = get_text(n, "ref");
	if (get_node(n, "ref") && !get_node(n, "project")) {
		fault(entry, "?missing-keyword", span_of_key(n, "ref"),
			"config missing required keys: project", "'ref' in %s needs 'project'",
			subject(entry, NULL));
		return false;
	}
	return ok;
}

static void read_exists(
	const struct frame *f, const struct node *n, enum rules_kind kind, struct rule_def *rule)
{
	struct frame entry = FRAME_IN(f, "exists");
	struct exists *exists = arena_new(frame_arena(f), struct exists);

	exists->at = n->at;
	if (n->kind == NODE_STRING) {
		texts_of(&entry, n, &exists->paths);
	} else if (n->kind == NODE_SEQ) {
		if (!want_strings(&entry, n, NULL) ||
			(kind != RULES_INCLUDE && !check_path_count(&entry, n, "config")))
			return;
		texts_of(&entry, n, &exists->paths);
	} else if (n->kind == NODE_MAP) {
		if (!read_exists_map(&entry, n, exists))
			return;
	} else {
		fault(&entry, "wrong-type", n->at,
			"should be a string, an array of strings, or a hash",
			"%s must be a path, a list of paths or a mapping, not %s",
			subject(&entry, NULL), found(f, n));
		return;
	}
	rule->exists = exists;
}

static const char *whens_of(enum rules_kind kind)
{
	return kind == RULES_JOB ? "on_success on_failure always never manual delayed"
				 : "always never";
}

static void read_rule_when(
	const struct frame *f, const struct node *n, enum rules_kind kind, struct rule_def *rule)
{
	struct diag *d;

	if (n->kind == NODE_STRING && is_one_of(n->text, whens_of(kind)) &&
		when_of(n->text, &rule->when))
		return;
	d = fault(f, "unknown-value", n->at, fmt_in(f, "when unknown value: %s", ruby_text(f, n)),
		"%s has the unknown value %s", subject(f, "when"), quoted(f, n));
	if (d)
		diag_note(f->c->diags, d, SPAN_NONE, "it may be: %s", whens_of(kind));
}

static void read_rule_delay(const struct frame *f, const struct node *map, struct rule_def *rule)
{
	const struct node *n = node_get(map, "start_in");
	int64_t seconds;

	if (rule->when != WHEN_DELAYED) {
		if (n)
			fault(f, "?disallowed-keyword", span_of_key(map, "start_in"),
				"config contains disallowed keys: start_in",
				"'start_in' in %s needs 'when: delayed'", subject(f, NULL));
		return;
	}
	if (node_is_blank(n))
		fault(f, "missing-keyword", n ? n->at : map->at, "start in can't be blank",
			"%s needs 'start_in', since it says 'when: delayed'", subject(f, NULL));
	else if (want_duration(f, n, "start_in", LIMIT_START_IN, &seconds))
		rule->start_in = text_of(n);
}

static void read_rule_parts(
	const struct frame *f, const struct node *n, enum rules_kind kind, struct rule_def *rule)
{
	struct frame vars = FRAME_IN(f, "variables"), needs = FRAME_IN(f, "needs");
	struct frame cancel = FRAME_IN(f, "auto_cancel");
	const struct node *value = get_node(n, "variables");

	if (value && kind != RULES_INCLUDE)
		read_var_defs(&vars, value, VARIABLES_PLAIN, &rule->vars);
	value = get_node(n, "needs");
	if (value && kind != RULES_INCLUDE)
		read_need_defs(&needs, value, NEEDS_RULE, &rule->needs);
	value = get_node(n, "auto_cancel");
	if (value && kind == RULES_WORKFLOW) {
		struct auto_cancel *out = arena_new(frame_arena(f), struct auto_cancel);

		read_auto_cancel(&cancel, value, &out->on_new_commit, &out->on_job_failure);
		rule->auto_cancel = out;
	}
	value = get_node(n, "allow_failure");
	if (node_is(value, NODE_BOOL) && kind == RULES_JOB) {
		rule->allow_failure = (struct allow_failure){
			.set = true, .value = value->u.boolean, .at = value->at};
	}
	value = get_node(n, "interruptible");
	if (node_is(value, NODE_BOOL))
		rule->interruptible = value->u.boolean;
}

static const enum scope rule_scopes[] = {
	[RULES_JOB] = SCOPE_rule,
	[RULES_WORKFLOW] = SCOPE_workflow_rule,
	[RULES_INCLUDE] = SCOPE_include_rule,
};

static bool read_rule(
	const struct frame *f, const struct node *n, enum rules_kind kind, struct rule_def *rule)
{
	const struct node *value;

	*rule = (struct rule_def){.when = WHEN_UNSET, .interruptible = -1, .at = n->at};
	if (!n->u.map.n) {
		fault(f, "blank", n->at, "config can't be blank", "a rule of %s is empty",
			subject(f->up, NULL));
		return false;
	}
	check_scope(f, n, rule_scopes[kind]);
	value = get_node(n, "if");
	if (value) {
		rule->if_text = text_of(value);
		rule->expr = read_expr(f, value, "if");
	}
	value = get_node(n, "changes");
	if (value)
		read_changes(f, value, rule);
	value = get_node(n, "exists");
	if (value)
		read_exists(f, value, kind, rule);
	value = get_node(n, "when");
	if (value)
		read_rule_when(f, value, kind, rule);
	if (kind != RULES_INCLUDE)
		read_rule_delay(f, n, rule);
	read_rule_parts(f, n, kind, rule);
	return true;
}

struct rule_nodes {
	struct arena *a;
	const struct node **v;
	size_t n, cap;
	const struct node *bad;
};

static bool flatten_rules(
	struct rule_nodes *out, const struct node *n, unsigned levels, enum rules_kind kind)
{
	/* GitLab drops the empty entries of `workflow:rules`, and refuses those of jobs. */
	if (n->kind == NODE_NULL && kind == RULES_WORKFLOW)
		return true;
	if (n->kind == NODE_MAP) {
		vec_push_in(out->a, out, n);
		return true;
	}
	if (n->kind != NODE_SEQ || !levels) {
		out->bad = n;
		return false;
	}
	node_each (item, n) {
		if (!flatten_rules(out, item, levels - 1, kind))
			return false;
	}
	return true;
}

/* Rules of the `include` of a file are read alone, so GitLab's location lacks their name. */
static const struct frame *rule_parent(const struct frame *f, enum rules_kind kind)
{
	return kind == RULES_INCLUDE && !f->up->up->up ? f->up : f;
}

static void bad_rules(
	const struct frame *f, const struct node *n, const struct node *bad, enum rules_kind kind)
{
	struct frame rule = FRAME_IN(rule_parent(f, kind), "rule");
	const char *ours = fmt_in(f, "%s must %s, not %s", subject(f, NULL),
		bad == n ? "be a list of mappings" : "hold only mappings", found(f, bad));

	if (bad->kind == NODE_SEQ && bad != n)
		ours = fmt_in(f, "%s holds lists in lists more than %d levels deep",
			subject(f, NULL), LIMIT_NESTED_ARRAYS);
	if (kind == RULES_JOB)
		fault(f->up, "wrong-type", bad->at,
			"rules should be an array containing hashes and arrays of hashes", "%s",
			ours);
	else if (bad != n)
		fault(&rule, "wrong-type", bad->at, "config should be a hash", "%s", ours);
	else
		fault(f, "wrong-type", bad->at,
			kind == RULES_WORKFLOW && node_is_blank(n) ? "config can't be blank"
								   : "config should be an array",
			"%s", ours);
}

void read_rule_defs(
	const struct frame *f, const struct node *n, enum rules_kind kind, struct rule_defs *out)
{
	struct rule_nodes nodes = {.a = frame_arena(f)};
	struct frame rule_frame = FRAME_IN(rule_parent(f, kind), "rule");

	if (n->kind != NODE_SEQ || !flatten_rules(&nodes, n, LIMIT_NESTED_ARRAYS, kind)) {
		bad_rules(f, n, n->kind == NODE_SEQ ? nodes.bad : n, kind);
		return;
	}
	if (!n->u.seq.n) {
		fault(f, "blank", n->at, "config can't be blank", "%s is empty", subject(f, NULL));
		return;
	}
	if (nodes.n > LIMIT_RULES) {
		fault(f, "too-many-rules", n->at, NULL,
			"%s holds %zu rules, more than the limit of %d", subject(f, NULL), nodes.n,
			LIMIT_RULES);
		return;
	}
	*out = (struct rule_defs){.set = true, .at = n->at};
	out->v = arena_array(frame_arena(f), struct rule_def, nodes.n);
	for (size_t i = 0; i < nodes.n; i++)
		if (read_rule(&rule_frame, nodes.v[i], kind, &out->v[out->n]))
			out->n++;
}

void read_rules(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "rules");

	read_rule_defs(&entry, value, RULES_JOB, &job->rules);
}

/* --- only, except --- */

static bool is_bad_regex(const struct frame *f, struct str text, struct str *why)
{
	struct str pattern;
	unsigned flags;

	return regex_split(text, &pattern, &flags) && !check_regex(f, pattern, flags, why);
}

static bool check_refs(const struct frame *f, const struct node *n, const char *attr)
{
	const char *gitlab = fmt_in(f,
		"%s should be an array of strings or regular expressions using re2 syntax",
		attr ? attr : "config");

	if (n->kind != NODE_SEQ) {
		fault(f, "wrong-type", n->at, gitlab, "%s must be a list of refs, not %s",
			subject(f, attr), found(f, n));
		return false;
	}
	node_each (item, n) {
		struct str why = STR_NULL;

		if (item->kind != NODE_STRING)
			fault(f, "wrong-type", item->at, gitlab,
				"%s must hold only strings, not %s", subject(f, attr),
				found(f, item));
		else if (is_bad_regex(f, item->text, &why))
			fault(f, "bad-regex", item->at, gitlab,
				"invalid regular expression in %s: " STR_FMT, subject(f, attr),
				STR_ARG(why));
		else
			continue;
		return false;
	}
	return true;
}

static void read_only_variables(
	const struct frame *f, const struct node *n, struct only_except *out)
{
	if (n->kind != NODE_SEQ)
		return;
	texts_of(f, n, &out->variables);
	out->exprs = arena_array(frame_arena(f), const struct expr *, n->u.seq.n);
	for (size_t i = 0; i < n->u.seq.n; i++)
		if (n->u.seq.items[i]->kind == NODE_STRING)
			out->exprs[i] = read_expr(f, n->u.seq.items[i], "variables");
}

static void read_policy_map(const struct frame *f, const struct node *map, struct only_except *out)
{
	const struct node *n;

	if (!map->u.map.n) {
		fault(f, "?blank", map->at, "config can't be blank", "%s is empty",
			subject(f, NULL));
		return;
	}
	check_scope(f, map, SCOPE_only);
	n = get_node(map, "refs");
	if (n && check_refs(f, n, "refs"))
		texts_of(f, n, &out->refs);
	n = get_node(map, "variables");
	if (n)
		read_only_variables(f, n, out);
	n = get_node(map, "changes");
	if (node_is(n, NODE_SEQ))
		texts_of(f, n, &out->changes);
	n = get_node(map, "kubernetes");
	if (n && !str_is(n->text, "active"))
		fault(f, "unknown-value", n->at,
			fmt_in(f, "kubernetes unknown value: %s", ruby_text(f, n)),
			"%s must be 'active', not %s", subject(f, "kubernetes"), found(f, n));
	else if (n)
		out->kubernetes_active = true;
}

static void read_policy(const struct frame *f, const struct node *n, struct only_except *out)
{
	*out = (struct only_except){.set = true, .at = n->at};
	if (n->kind == NODE_SEQ) {
		if (check_refs(f, n, NULL))
			texts_of(f, n, &out->refs);
	} else if (n->kind == NODE_MAP) {
		read_policy_map(f, n, out);
	} else {
		fault(f, "wrong-type", n->at, "has to be either an array of conditions or a hash",
			"%s must be a list of refs or a mapping, not %s", subject(f, NULL),
			found(f, n));
	}
}

const struct only_except no_policy;

void read_only(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "only");
	struct only_except *out = arena_new(frame_arena(f), struct only_except);

	read_policy(&entry, value, out);
	job->rare->only = out;
}

void read_except(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "except");
	struct only_except *out = arena_new(frame_arena(f), struct only_except);

	read_policy(&entry, value, out);
	job->rare->except = out;
}
