/*
 * id_tokens, secrets, identity, dast_configuration: what only a GitLab server can serve in full.
 * All of it is validated and kept, so that `explain` and the run can say what a job would need.
 */
#include "base/base.h"

#include "config/readers.h"

void read_id_tokens(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "id_tokens");

	if (!want_map(&entry, value, NULL))
		return;
	job->rare->id_tokens = arena_array(frame_arena(f), struct id_token_def, value->u.map.n);
	job->rare->n_id_tokens = 0;
	node_each_pair(pair, value)
	{
		struct frame token_frame = FRAME_AT(&entry, pair->key->text);
		struct id_token_def *token = &job->rare->id_tokens[job->rare->n_id_tokens];

		if (node_is(pair->value, NODE_MAP))
			check_scope(&token_frame, pair->value, SCOPE_id_token);
		if (!node_is(pair->value, NODE_MAP) || !get_node(pair->value, "aud")) {
			fault(&token_frame, "?missing-keyword", pair->value->at,
				"config missing required keys: aud", "'aud' is missing in %s",
				subject(&token_frame, NULL));
			continue;
		}
		token->name = text_of(pair->key);
		get_texts(&token_frame, pair->value, "aud", &token->aud);
		token->aud_list = node_is(get_node(pair->value, "aud"), NODE_SEQ);
		job->rare->n_id_tokens++;
	}
}

/* The providers, with the scope of their mapping and whether the short text form exists. */
static const struct {
	const char *name;
	enum scope scope;
	bool text;
	const char *required; /* blank-separated */
} providers[] = {
	{"vault", SCOPE_secret_vault, true, "engine path field"},
	{"gcp_secret_manager", SCOPE_secret_gcp, false, "name"},
	{"azure_key_vault", SCOPE_secret_azure, false, "name"},
	{"aws_secrets_manager", SCOPE_secret_aws, true, "secret_id"},
	{"akeyless", SCOPE_secret_akeyless, false, ""},
	{"gitlab_secrets_manager", SCOPE_secret_gitlab, false, "name"},
};

static void check_required(const struct frame *f, const struct node *map, const char *required)
{
	struct str_split it = str_split(str_c(required), ' ');
	struct str key;

	while (str_split_next(&it, &key))
		if (key.n && node_is_blank(node_get_str(map, key)))
			fault(f, "?missing-keyword", map->at,
				fmt_in(f, STR_FMT " can't be blank", STR_ARG(key)),
				"'" STR_FMT "' is missing in %s", STR_ARG(key), subject(f, NULL));
}

static void check_provider(const struct frame *f, size_t i, const struct node *n)
{
	struct frame entry = FRAME_AT(f, str_c(providers[i].name));
	struct frame engine_frame = FRAME_IN(&entry, "engine");
	const struct node *engine;

	if (n->kind == NODE_STRING && providers[i].text)
		return;
	if (n->kind != NODE_MAP) {
		fault(&entry, "wrong-type", n->at,
			providers[i].text ? "config should be a hash or a string"
					  : "config should be a hash",
			"%s must be a mapping, not %s", subject(&entry, NULL), found(f, n));
		return;
	}
	check_scope(&entry, n, providers[i].scope);
	check_required(&entry, n, providers[i].required);
	engine = get_node(n, "engine");
	if (providers[i].scope == SCOPE_secret_vault && node_is(engine, NODE_MAP)) {
		check_scope(&engine_frame, engine, SCOPE_secret_vault_engine);
		check_required(&engine_frame, engine, "name path");
	}
}

static void check_secret(const struct frame *f, const struct node *n)
{
	unsigned used = 0;

	if (!want_map(f, n, NULL))
		return;
	check_scope(f, n, SCOPE_secret);
	for (size_t i = 0; i < ARRAY_SIZE(providers); i++) {
		const struct node *provider = get_node(n, providers[i].name);

		if (!provider)
			continue;
		used++;
		check_provider(f, i, provider);
	}
	if (used != 1)
		fault(f, used ? "bad-secret" : "?bad-secret", n->at,
			"config must use exactly one of these keys: vault, azure_key_vault, "
			"akeyless, gcp_secret_manager, gitlab_secrets_manager, aws_secrets_manager",
			"%s must name exactly one provider", subject(f, NULL));
}

void read_secrets(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "secrets");

	if (!want_map(&entry, value, NULL))
		return;
	node_each_pair(pair, value)
	{
		struct frame secret = FRAME_AT(&entry, pair->key->text);

		check_secret(&secret, pair->value);
	}
	job->rare->secrets = value;
}

void read_identity(const struct frame *f, const struct node *value, struct job_def *job)
{
	if (check_choice(f, value, "identity", "google_cloud", "should be one of: google_cloud"))
		job->rare->identity = value;
}

void read_dast_configuration(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "dast_configuration");

	if (!want_map(&entry, value, NULL))
		return;
	check_scope(&entry, value, SCOPE_dast_configuration);
	job->rare->dast_configuration = value;
}
