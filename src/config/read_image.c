/* image, and what services share with it. */
#include "base/base.h"

#include "config/read_image.h"

static bool policy_of(struct str s, enum pull_policy *out)
{
	static const struct str names[] = {
		[PULL_ALWAYS] = STR_INIT("always"),
		[PULL_IF_NOT_PRESENT] = STR_INIT("if-not-present"),
		[PULL_NEVER] = STR_INIT("never"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(names[i], s)) {
			*out = (enum pull_policy)i;
			return true;
		}
	return false;
}

static bool is_policy(struct str s)
{
	enum pull_policy policy;

	return policy_of(s, &policy);
}

/* list: the value itself, or the list that holds it. */
static bool push_policy(
	const struct frame *f, const struct node *n, const struct node *list, struct image *image)
{
	enum pull_policy policy;

	if (node_is(n, NODE_STRING) && policy_of(n->text, &policy)) {
		image->pull_policies[image->n_pull_policies++] = policy;
		return true;
	}
	fault(f, "unknown-value", n->at,
		list->kind == NODE_SEQ ? fmt_in(f, "config contains unknown values: %s",
						 values_unknown(f, list, is_policy))
				       : "config is not included in the list",
		"%s must be 'always', 'if-not-present' or 'never', not %s", subject(f, NULL),
		quoted(f, n));
	return false;
}

static void read_pull_policy(const struct frame *f, const struct node *n, struct image *image)
{
	struct frame policy = FRAME_IN(f, "pull_policy");
	size_t count = n->kind == NODE_SEQ ? n->u.seq.n : 1;

	if (!want_strings_or_string(&policy, n, NULL))
		return;
	if (n->kind == NODE_SEQ && !n->u.seq.n) {
		fault(&policy, "blank", n->at, "config can't be blank", "%s is empty",
			subject(&policy, NULL));
		return;
	}
	image->pull_policies = arena_array(frame_arena(f), enum pull_policy, count);
	if (n->kind == NODE_STRING) {
		push_policy(&policy, n, n, image);
		return;
	}
	node_each (item, n) {
		if (!push_policy(&policy, item, n, image))
			return;
	}
}

/* One text of `docker` or `kubernetes`; GitLab checks these with a JSON schema. */
static void read_option(const struct frame *f, const struct node *map, const char *key, size_t max,
	bool numbers, struct text *out)
{
	const struct node *n = node_get(map, key);

	if (!n)
		return;
	if (n->kind != NODE_STRING && !(numbers && n->kind == NODE_INT)) {
		fault(f, "wrong-type", n->at,
			fmt_in(f, "config executor opts value at `/" STR_FMT "/%s` is not a string",
				STR_ARG(f->key), key),
			"%s must be a string, not %s", subject(f, key), found(f, n));
		return;
	}
	if (!n->text.n || n->text.n > max) {
		fault(f, "bad-length", n->at, NULL, "%s must have 1 to %zu characters",
			subject(f, key), max);
		return;
	}
	*out = text_of(n);
}

static void read_executor_options(
	const struct frame *f, const struct node *map, struct image *image)
{
	const struct node *docker = get_node(map, "docker");
	const struct node *kubernetes = get_node(map, "kubernetes");
	struct frame docker_frame = FRAME_IN(f, "docker");
	struct frame kubernetes_frame = FRAME_IN(f, "kubernetes");
	struct text ignored = {STR_NULL, SPAN_NONE};

	if (docker && want_map(f, docker, "docker")) {
		check_scope_keys(
			&docker_frame, docker, SCOPE_image_docker, "config contains unknown keys");
		read_option(&docker_frame, docker, "platform", LIMIT_IMAGE_PLATFORM, false,
			&image->platform);
		read_option(&docker_frame, docker, "user", LIMIT_IMAGE_USER, false, &image->user);
	}
	if (kubernetes && want_map(f, kubernetes, "kubernetes")) {
		check_scope_keys(&kubernetes_frame, kubernetes, SCOPE_image_kubernetes,
			"config contains unknown keys");
		read_option(
			&kubernetes_frame, kubernetes, "user", LIMIT_IMAGE_USER, true, &ignored);
	}
}

static bool read_name(
	const struct frame *f, const struct node *n, const struct node *map, struct image *image)
{
	if (node_is(n, NODE_STRING) && !node_is_blank(n)) {
		image->name = text_of(n);
		return true;
	}
	if (node_is(n, NODE_STRING))
		fault(f, "blank", n->at, "name can't be blank", "%s is empty", subject(f, "name"));
	else if (node_is_null(n))
		fault(f, "?missing-keyword", n ? n->at : map->at, "name should be a string",
			"%s is missing", subject(f, "name"));
	else
		want_string(f, n, "name");
	return false;
}

bool read_image_value(
	const struct frame *f, const struct node *n, enum scope scope, struct image *image)
{
	const struct node *policy;

	*image = (struct image){.at = n->at};
	if (n->kind == NODE_STRING)
		return read_name(f, n, n, image);
	if (n->kind != NODE_MAP) {
		fault(f, "wrong-type", n->at, "config should be a hash or a string",
			"%s must be a name or a mapping, not %s", subject(f, NULL), found(f, n));
		return false;
	}
	check_scope(f, n, scope);
	if (node_get(n, "ports"))
		fault(f, "disallowed-keyword", span_of_key(n, "ports"),
			"config contains disallowed keys: ports",
			"'ports' is only for web terminals and not allowed in %s",
			subject(f, NULL));
	if (!read_name(f, node_get(n, "name"), n, image))
		return false;
	get_texts(f, n, "entrypoint", &image->entrypoint);
	policy = get_node(n, "pull_policy");
	if (policy)
		read_pull_policy(f, policy, image);
	read_executor_options(f, n, image);
	return true;
}

void read_image(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "image");
	struct image *image = arena_new(frame_arena(f), struct image);

	if (read_image_value(&entry, value, SCOPE_image, image))
		job->image = image;
}
