#include "base/base.h"

#include "emulator/runner/dind.h"
#include "vars/varset.h"
#include "config/job_def.h"
#include "emulator/docker/image.h"
#include "emulator/runner/runner_config.h"
#include "emulator/runner/service_name.h"

bool dind_is_image(struct str name)
{
	struct image_ref ref;
	if (!image_ref_parse(name, &ref))
		return false;
	size_t slash = str_rchr(ref.repo, '/');
	struct str last = slash == STR_NPOS ? ref.repo : str_from(ref.repo, slash + 1);
	return str_is(last, "docker") && str_find(ref.tag, STR("dind")) != STR_NPOS;
}

static bool take_service(struct arena *a, struct str name, struct str alias,
	const struct varset *vars, struct dind *out)
{
	if (vars) {
		name = expand(a, name, vars, EXPAND_RUNNER);
		alias = expand(a, alias, vars, EXPAND_RUNNER);
	}
	if (!dind_is_image(name))
		return false;
	struct service_name s = service_name_parse(a, name);
	out->image = name;
	for (size_t i = 0; i < s.n_aliases; i++)
		out->alias_docker |= str_is(s.aliases[i], "docker");
	struct str *more;
	size_t n = service_aliases_split(a, alias, &more);
	for (size_t i = 0; i < n; i++)
		out->alias_docker |= str_is(more[i], "docker");
	return true;
}

/* Of lines KEY=VALUE. */
static bool listed(const struct rc_list *lines, const char *key, struct str *out)
{
	for (size_t i = 0; i < lines->n; i++) {
		struct str line = lines->v[i].v;
		size_t eq = str_chr(line, '=');

		if (eq != STR_NPOS && str_is(str_sub(line, 0, eq), key)) {
			*out = str_from(line, eq + 1);
			return true;
		}
	}
	return false;
}

bool dind_variable(const struct job_def *job, const struct varset *vars,
	const struct runner_config *config, const char *key, struct str *out)
{
	const struct var *v = vars ? varset_get(vars, str_c(key)) : NULL;

	/* Tokens, and what is set in GitLab's pages, do not get to services. */
	if (v) {
		*out = v->value;
		return !v->internal;
	}
	for (size_t i = 0; !vars && job && i < job->vars.n; i++)
		if (str_is(job->vars.v[i].key, key)) {
			*out = job->vars.v[i].value;
			return true;
		}
	return config && listed(&config->environment, key, out);
}

bool dind_service_variable(const struct job_def *job, const struct varset *vars,
	const struct runner_config *config, const struct dind *d, const char *key, struct str *out)
{
	const struct var *v =
		d->service && d->service->vars ? varset_get(d->service->vars, str_c(key)) : NULL;

	if (v) {
		*out = v->value;
		return true;
	}
	if (!d->service && d->runner_service && listed(&d->runner_service->environment, key, out))
		return true;
	return dind_variable(job, vars, config, key, out);
}

void dind_find(struct arena *a, const struct job_def *job, const struct varset *vars,
	const struct runner_config *config, struct dind *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; job && i < job->n_services && !out->service; i++)
		if (take_service(
			    a, job->services[i].image.name.s, job->services[i].alias.s, vars, out))
			out->service = &job->services[i];
	for (size_t i = 0; config && i < config->docker.n_services && !out->runner_service; i++) {
		const struct rc_service *s = &config->docker.services[i];
		if (take_service(a, s->name.v, s->alias.v, vars, out))
			out->runner_service = s;
	}
	/* The images have DOCKER_TLS_CERTDIR=/certs built in, so that absent means TLS. */
	if (!dind_service_variable(
		    job, vars, config, out, "DOCKER_TLS_CERTDIR", &out->certificates))
		out->certificates = STR("/certs");
	out->tls = out->certificates.n > 0;
}
