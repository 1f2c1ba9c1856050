/* environment. */
#include "base/base.h"

#include "config/readers.h"

#define NAME_RULE                                                                                \
	"name can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', and spaces, " \
	"but it cannot start or end with '/'"

static bool is_environment_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && !memchr("-_/${}. ", s.p[i], 8))
			return false;
	return s.n && s.p[0] != '/' && s.p[s.n - 1] != '/';
}

static void check_name(const struct frame *f, const struct node *n, const struct node *value,
	struct environment_def *out)
{
	if (node_is_null(n) || node_is_blank(n)) {
		fault(f, n ? "blank" : "?blank", n && n->at.begin.line ? n->at : value->at,
			"name can't be blank", "%s has no name", subject(f, NULL));
		return;
	}
	if (n->kind != NODE_STRING || !is_environment_name(n->text)) {
		fault(f, "bad-name", n->at, NAME_RULE,
			"%s can hold only letters, digits, '-', '_', '/', '$', '{', '}', '.' and "
			"blanks, and no '/' at an end",
			subject(f, "name"));
		return;
	}
	if (n->text.n > LIMIT_ENVIRONMENT_NAME) {
		fault(f, "name-too-long", n->at, "name is too long (maximum is 255 characters)",
			"%s has %zu characters, more than the limit of %d", subject(f, "name"),
			n->text.n, LIMIT_ENVIRONMENT_NAME);
		return;
	}
	out->name = text_of(n);
}

/* flux_resource_path points into a namespace of an agent. */
static void check_flux(const struct frame *f, const struct node *map, bool agent)
{
	const struct node *flux = get_node(map, "flux_resource_path");

	if (!flux)
		return;
	if (node_is_blank(get_node(map, "namespace")))
		fault(f, "?missing-keyword", flux->at, "namespace can't be blank",
			"'flux_resource_path' in %s needs 'namespace'", subject(f, NULL));
	if (agent && node_is_blank(get_node(map, "agent")))
		fault(f, "?missing-keyword", flux->at, "agent can't be blank",
			"'flux_resource_path' in %s needs 'agent'", subject(f, NULL));
}

/* What the dashboard says of its own may not be said beside it too. */
static void check_dashboard_twice(const struct frame *f, const struct node *map)
{
	static const char *const keys[] = {"namespace", "flux_resource_path"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!node_is_blank(node_get(map, keys[i])) &&
			!node_is_blank(node_get(node_get(map, "dashboard"), keys[i])))
			fault(f, "exclusive-keywords", span_of_key(map, keys[i]),
				fmt_in(f, "%s cannot be specified when dashboard.%s is set",
					humanize(frame_arena(f), str_c(keys[i])), keys[i]),
				"%s is said a second time in its 'dashboard'", subject(f, keys[i]));
}

/* dashboard, and managed_resources that are on, are the agent's work. */
static void check_agent(const struct frame *f, const struct node *map)
{
	const struct node *dashboard = node_get(map, "dashboard");
	const struct node *managed = node_get(map, "managed_resources");
	bool on = node_is(managed, NODE_MAP) && get_bool(managed, "enabled", false);

	if (!node_is_blank(get_node(map, "flux_resource_path")) ||
		!node_is_blank(get_node(map, "agent")) || (node_is_blank(dashboard) && !on))
		return;
	fault(f, "?missing-keyword", span_of_key(map, on ? "managed_resources" : "dashboard"),
		"agent can't be blank", "'%s' in %s needs 'agent'",
		on ? "managed_resources" : "dashboard", subject(f, NULL));
}

static void read_kubernetes(
	const struct frame *f, const struct node *n, struct environment_def *out)
{
	struct frame entry = FRAME_IN(f, "kubernetes"), dashboard = FRAME_IN(&entry, "dashboard");
	struct frame managed = FRAME_IN(&entry, "managed_resources");
	const struct node *value;

	if (!n->u.map.n) {
		fault(&entry, "?blank", n->at, "config can't be blank", "%s is empty",
			subject(&entry, NULL));
		return;
	}
	check_scope(&entry, n, SCOPE_environment_kubernetes);
	check_flux(&entry, n, true);
	value = get_node(n, "dashboard");
	if (value && !node_is_blank(value) && value->kind != NODE_MAP)
		want_map(&entry, value, "dashboard");
	if (node_is(value, NODE_MAP)) {
		check_scope(&dashboard, value, SCOPE_kubernetes_dashboard);
		check_flux(&dashboard, value, false);
	}
	value = get_node(n, "managed_resources");
	if (node_is(value, NODE_MAP))
		check_scope(&managed, value, SCOPE_kubernetes_managed_resources);
	check_agent(&entry, n);
	if (node_is(node_get(n, "dashboard"), NODE_MAP))
		check_dashboard_twice(&entry, n);
	out->kubernetes = n;
}

static void read_environment_map(
	const struct frame *f, const struct node *map, struct environment_def *out)
{
	const struct node *n;

	check_scope(f, map, SCOPE_environment);
	check_name(f, node_get(map, "name"), map, out);
	out->url = get_text(map, "url");
	if (out->url.s.n > LIMIT_ENVIRONMENT_NAME)
		fault(f, "name-too-long", out->url.at,
			"url is too long (maximum is 255 characters)",
			"%s has %zu characters, more than the limit of %d", subject(f, "url"),
			out->url.s.n, LIMIT_ENVIRONMENT_NAME);
	out->on_stop = get_text(map, "on_stop");
	out->auto_stop_in = get_text(map, "auto_stop_in");
	out->deployment_tier = get_text(map, "deployment_tier");
	n = get_node(map, "action");
	/* GitLab takes false for none. */
	if (n && (n->kind != NODE_BOOL || n->u.boolean) && want_string(f, n, "action") &&
		check_choice(f, n, "action", "start stop prepare verify access",
			"should be start, stop, prepare, verify, or access"))
		out->action = text_of(n);
	n = get_node(map, "kubernetes");
	if (node_is(n, NODE_MAP))
		read_kubernetes(f, n, out);
}

void read_environment(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "environment");
	struct environment_def *out = arena_new(frame_arena(f), struct environment_def);

	out->at = value->at;
	if (value->kind == NODE_STRING) {
		check_name(&entry, value, value, out);
	} else if (value->kind == NODE_MAP) {
		read_environment_map(&entry, value, out);
	} else {
		fault(&entry, "wrong-type", value->at, "config should be a hash or a string",
			"%s must be a name or a mapping, not %s", subject(&entry, NULL),
			found(f, value));
		return;
	}
	job->environment = out;
}
