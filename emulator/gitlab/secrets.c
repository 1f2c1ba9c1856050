#include "base/base.h"
#include "emulator/gitlab/secrets.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/log/job_log.h"
#include "pipeline/job_vars.h"
#include "pipeline/pipeline.h"
#include "vars/facts.h"
#include "yaml/node.h"

/* Where a value may stand in the table: by its whole path first, then as the definition writes it.
 */
struct places {
	struct str whole, written;
};

/* GitLab docs, "CI/CD YAML syntax reference", secrets:vault: the engine of the short form. */
#define VAULT_ENGINE "kv-v2"

static struct str text_of(const struct node *map, const char *key)
{
	const struct node *n = node_get(map, key);

	return node_is_scalar(n) ? n->text : STR_NULL;
}

/* "path/field@engine", or the mapping. */
static void vault_places(struct arena *a, const struct node *n, struct places *p)
{
	struct str s, engine = STR(VAULT_ENGINE);
	size_t at;

	if (node_is_scalar(n)) {
		s = n->text;
		at = str_chr(s, '@');
		p->written = s;
		if (at != STR_NPOS)
			engine = str_from(s, at + 1);
		p->whole = arena_printf(
			a, STR_FMT "/" STR_FMT, STR_ARG(engine), STR_ARG(str_sub(s, 0, at)));
		return;
	}
	s = text_of(node_get(n, "engine"), "path");
	p->written = arena_printf(
		a, STR_FMT "/" STR_FMT, STR_ARG(text_of(n, "path")), STR_ARG(text_of(n, "field")));
	p->whole = arena_printf(
		a, STR_FMT "/" STR_FMT, STR_ARG(s.n ? s : engine), STR_ARG(p->written));
}

/* "name", or "name#what" where a version or a field is asked for. */
static void named_places(
	struct arena *a, const struct node *n, const char *name, const char *what, struct places *p)
{
	struct str part = text_of(n, what);

	p->written = node_is_scalar(n) ? n->text : text_of(n, name);
	p->whole = p->written;
	if (part.n)
		p->whole = arena_printf(a, STR_FMT "#" STR_FMT, STR_ARG(p->written), STR_ARG(part));
}

static const struct {
	const char *key, *name, *part;
} providers[] = {
	{"vault", NULL, NULL},
	{"gcp_secret_manager", "name", "version"},
	{"azure_key_vault", "name", "version"},
	{"aws_secrets_manager", "secret_id", "field"},
	{"akeyless", "name", "data_key"},
	{"gitlab_secrets_manager", "name", NULL},
};

/* The provider's word, NULL where there is none; the reader of definitions sees to that. */
static const char *find_places(struct arena *a, const struct node *secret, struct places *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(providers); i++) {
		const struct node *n = node_get(secret, providers[i].key);

		if (!n)
			continue;
		if (!providers[i].name)
			vault_places(a, n, p);
		else
			named_places(a, n, providers[i].name,
				providers[i].part ? providers[i].part : "", p);
		return providers[i].key;
	}
	return NULL;
}

/* $NAME or ${NAME} of one of the job's id_tokens. */
static bool names_token(const struct job_def *def, struct str token)
{
	if (str_starts(token, STR("$")))
		token = str_from(token, 1);
	if (str_starts(token, STR("{")) && str_ends(token, STR("}")))
		token = str_sub(token, 1, token.n - 1);
	for (size_t i = 0; i < def->rare->n_id_tokens; i++)
		if (str_eq(token, def->rare->id_tokens[i].name.s))
			return true;
	return false;
}

/*
 * What would fail on GitLab although the value is here (GitLab docs, "Use HashiCorp Vault secrets
 * in GitLab CI/CD"): the Runner logs in with a token of the job.
 */
static void warn_token(const struct job_run *j, struct str name, const struct node *secret)
{
	const struct job_def *def = j->job->def;
	const struct node *token = node_get(secret, "token");

	if (node_get(secret, "gitlab_secrets_manager") || j->attempt > 1)
		return;
	if (node_is_scalar(token) && !names_token(def, token->text))
		run_message(j->run, DIAG_WARNING,
			"job '" STR_FMT "': the token of secret '" STR_FMT "', '" STR_FMT
			"', is none of its id_tokens",
			STR_ARG(j->shown), STR_ARG(name), STR_ARG(token->text));
	else if (!token && def->rare->n_id_tokens != 1)
		run_message(j->run, DIAG_WARNING,
			"job '" STR_FMT "': secret '" STR_FMT "' needs %s on GitLab",
			STR_ARG(j->shown), STR_ARG(name),
			def->rare->n_id_tokens ? "'token', since there are several id_tokens"
					       : "one of the job's id_tokens to log in with");
}

static int missing(struct str name, const char *provider, const struct places *p, struct span at,
	struct error *err)
{
	error_set(err, ERR_CONFIG, 0,
		"secret '" STR_FMT
		"' (%s) has no value here: put it into .cilocal-variables.yml as "
		"secrets: {\"" STR_FMT "\": VALUE}",
		STR_ARG(name), provider, STR_ARG(p->whole));
	error_at(err, at);
	return -1;
}

static int add_one(struct job_run *j, struct varset *payload, const struct varset *vars,
	const struct node *key, const struct node *secret, struct error *err)
{
	const struct varset *table = j->run->p->facts->secrets;
	const struct node *file = node_get(secret, "file");
	struct arena *a = &j->arena;
	struct places p = {0};
	const char *provider = find_places(a, secret, &p);
	const struct var *found = NULL;
	struct var v;

	if (!provider)
		return 0;
	warn_token(j, key->text, secret);
	p.whole = expand(a, p.whole, vars, EXPAND_RUNNER);
	p.written = expand(a, p.written, vars, EXPAND_RUNNER);
	if (table)
		found = varset_get(table, p.whole);
	if (table && !found)
		found = varset_get(table, p.written);
	if (!found)
		return missing(key->text, provider, &p, secret->at, err);
	v = (struct var){.key = key->text,
		.value = found->value,
		.at = found->at,
		.from = found->from,
		.layer = VAR_RUNNER_JOB,
		.masked = true,
		.raw = true,
		.file = !(node_is(file, NODE_BOOL) && !file->u.boolean),
		.internal = true};
	varset_unset(payload, v.key);
	varset_put(payload, &v);
	return 0;
}

int secrets_add(struct job_run *j, struct varset *payload, struct error *err)
{
	const struct node *secrets = j->job->def->rare->secrets;
	struct varset vars;

	if (!secrets)
		return 0;
	runner_expand_vars(&j->arena, payload, &vars);
	node_each_pair(pair, secrets)
	{
		if (add_one(j, payload, &vars, pair->key, pair->value, err))
			return -1;
	}
	return 0;
}

void secrets_tell(struct job_run *j)
{
	const struct node *secrets = j->job->def->rare->secrets;

	if (!secrets)
		return;
	job_log_infoln(j->log, "Resolving secrets");
	node_each_pair(pair, secrets)
	{
		struct places p;
		const char *provider = find_places(&j->arena, pair->value, &p);

		job_log_println(
			j->log, "Resolving secret \"" STR_FMT "\"...", STR_ARG(pair->key->text));
		job_log_println(j->log, "Using \"%s\" secret resolver: a table of this machine...",
			provider ? provider : "no");
	}
}
