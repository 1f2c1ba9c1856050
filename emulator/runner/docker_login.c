/* Where the credentials for a job's images come from (GitLab Runner, helpers/docker/auth). */
#include "base/base.h"
#include "emulator/runner/docker_internal.h"
#include "emulator/docker/auth.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/runner_config.h"

/* A variable of the job, or of `environment` in the runner configuration. */
static void add_auth_config(struct executor_docker *e)
{
	const struct job_env *env = build_env(e->base.build);
	const struct runner_config *config = build_host(e->base.build)->config;
	const struct var *v = varset_get(&env->vars, STR("DOCKER_AUTH_CONFIG"));
	struct str text = STR_NULL;
	char place[512] = "";

	for (size_t i = 0; i < env->n; i++)
		if (str_is(env->v[i].key, "DOCKER_AUTH_CONFIG"))
			text = env->v[i].value;
	if (v && v->layer == VAR_RUNNER_CONFIG)
		rc_place(config, config->environment.at, place, sizeof(place));
	auth_add_text(e->auth, "$DOCKER_AUTH_CONFIG",
		*place ? arena_printf(e->arena, "environment of %s", place).p : NULL, text);
}

#define PAYLOAD "job payload (GitLab Registry)"

/*
 * What GitLab sends with a job besides its variables, and has the values of these. Only where a
 * person gave the password: the token that was made up here opens no registry but the local one,
 * and another one that anybody may pull from would refuse it.
 */
static void add_payload(struct executor_docker *e)
{
	static const char *const names[][3] = {
		{"CI_REGISTRY", "CI_REGISTRY_USER", "CI_REGISTRY_PASSWORD"},
		{"CI_DEPENDENCY_PROXY_SERVER", "CI_DEPENDENCY_PROXY_USER",
			"CI_DEPENDENCY_PROXY_PASSWORD"}};
	const struct job_env *env = build_env(e->base.build);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct str host = job_env_get(env, names[i][0]);
		struct str user = job_env_get(env, names[i][1]);
		const struct var *password = varset_get(&env->vars, str_c(names[i][2]));

		if (host.n && user.n && password && password->value.n &&
			password->layer != VAR_PERSISTED)
			auth_add_login(e->auth, PAYLOAD, host, user, password->value);
	}
}

void docker_credentials(struct executor_docker *e)
{
	const struct build_spec *spec = build_spec(e->base.build);

	e->auth = auth_new(build_host(e->base.build)->loop);
	add_auth_config(e);
	auth_add_user_config(e->auth);
	for (size_t i = 0; i < spec->n_logins; i++)
		auth_add_login(e->auth, PAYLOAD, spec->logins[i].registry, spec->logins[i].user,
			spec->logins[i].password);
	add_payload(e);
}
