#include "base/base.h"

#include "emulator/runner/dind.h"
#include "base/diag.h"
#include "vars/varset.h"
#include "config/job_def.h"
#include "emulator/runner/runner_config.h"
#include "emulator/runner/service_name.h"

static bool is_dind(struct arena *a, struct str name, struct str alias, const struct varset *vars,
	struct dind *out)
{
	if (vars) {
		name = expand(a, name, vars, EXPAND_RUNNER);
		alias = expand(a, alias, vars, EXPAND_RUNNER);
	}
	struct service_name s = service_name_parse(a, name);
	size_t slash = str_rchr(s.service, '/');
	struct str last = slash == STR_NPOS ? s.service : str_from(s.service, slash + 1);
	if (!s.valid || !str_is(last, "docker") || str_find(s.version, STR("dind")) == STR_NPOS)
		return false;
	out->image = name;
	for (size_t i = 0; i < s.n_aliases; i++)
		out->alias_docker |= str_is(s.aliases[i], "docker");
	struct str *more;
	size_t n = service_aliases_split(a, alias, &more);
	for (size_t i = 0; i < n; i++)
		out->alias_docker |= str_is(more[i], "docker");
	return true;
}

static const struct var *find_var(const struct varset *vars, const char *key)
{
	return vars ? varset_get(vars, str_c(key)) : NULL;
}

static bool job_value(const struct job_def *job, const char *key, struct str *out)
{
	for (size_t i = 0; job && i < job->vars.n; i++)
		if (str_is(job->vars.v[i].key, key)) {
			*out = job->vars.v[i].value;
			return true;
		}
	return false;
}

/* The images have DOCKER_TLS_CERTDIR=/certs built in, so that absent means TLS. */
static bool with_tls(const struct job_def *job, const struct varset *vars, const struct dind *d)
{
	struct str value;
	const struct var *v = d->service ? find_var(d->service->vars, "DOCKER_TLS_CERTDIR") : NULL;
	if (!v)
		v = find_var(vars, "DOCKER_TLS_CERTDIR");
	if (v)
		return v->value.n > 0;
	if (!vars && job_value(job, "DOCKER_TLS_CERTDIR", &value))
		return value.n > 0;
	return true;
}

void dind_find(struct arena *a, const struct job_def *job, const struct varset *vars,
	const struct runner_config *config, struct dind *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; job && i < job->n_services && !out->service; i++)
		if (is_dind(a, job->services[i].image.name.s, job->services[i].alias.s, vars, out))
			out->service = &job->services[i];
	for (size_t i = 0; config && i < config->docker.n_services && !out->runner_service; i++) {
		const struct rc_service *s = &config->docker.services[i];
		if (is_dind(a, s->name.v, s->alias.v, vars, out))
			out->runner_service = s;
	}
	out->tls = with_tls(job, vars, out);
}

/* ---- warnings ---- */

struct linting {
	const struct job_def *job;
	const struct varset *vars;
	const struct runner_config *config;
	struct dind dind;
	struct str host; /* DOCKER_HOST; p is NULL where it is not set */
	struct span at;  /* of the service */
	struct diags *diags;
};

static struct span at_var(const struct linting *l, const char *key)
{
	const struct var *v = find_var(l->vars, key);
	return v && v->at.begin.line ? v->at : l->at;
}

static void warn(const struct linting *l, struct span at, const char *cure, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
static void warn(const struct linting *l, struct span at, const char *cure, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	struct diag *d = diag_warn(l->diags, "docker-in-docker", at, "%s", text.p);
	diag_set_job(l->diags, d, l->job->name.s);
	diag_note(l->diags, d, SPAN_NONE, "%s", cure);
}

static bool mounts(const struct linting *l, const char *target)
{
	const struct rc_list *volumes = l->config ? &l->config->docker.volumes : NULL;
	for (size_t i = 0; volumes && i < volumes->n; i++)
		if (str_find(volumes->v[i].v, str_c(target)) != STR_NPOS)
			return true;
	return false;
}

static void check_tls(const struct linting *l)
{
	bool plain = str_ends(l->host, STR(":2375")), secure = str_ends(l->host, STR(":2376"));
	if (plain && l->dind.tls) {
		warn(l, at_var(l, "DOCKER_HOST"),
			"set DOCKER_TLS_CERTDIR: \"\" in the job's variables, or use port 2376",
			"DOCKER_HOST is port 2375, but the Docker-in-Docker service runs with TLS, "
			"since "
			"DOCKER_TLS_CERTDIR is not empty");
	} else if (secure && !l->dind.tls) {
		warn(l, at_var(l, "DOCKER_HOST"),
			"use port 2375, or set DOCKER_TLS_CERTDIR: \"/certs\"",
			"DOCKER_HOST is port 2376, but the Docker-in-Docker service runs without "
			"TLS, "
			"since DOCKER_TLS_CERTDIR is empty");
	} else if (l->dind.tls && !plain && !str_starts(l->host, STR("unix://")) &&
		   !mounts(l, "/certs/client")) {
		warn(l, l->at,
			"volumes = [\"/certs/client\", \"/cache\"] in [runners.docker], or "
			"DOCKER_TLS_CERTDIR: \"\" with DOCKER_HOST: tcp://docker:2375",
			"the Docker-in-Docker service runs with TLS, but no volume /certs/client "
			"brings its "
			"certificates to the job");
	}
}

static void check_alias(const struct linting *l)
{
	bool asked = !l->host.n || str_starts(l->host, STR("tcp://docker:"));
	if (asked && !l->dind.alias_docker)
		warn(l, l->at, "add alias: docker to the service",
			"the job looks for its engine under the name docker, which the service "
			"'" STR_FMT "' does not have",
			STR_ARG(l->dind.image));
}

static void check_command(const struct linting *l)
{
	const struct texts *command = &l->dind.service->command;
	bool host = false, insecure = false;
	for (size_t i = 0; i < command->n; i++) {
		host |= str_starts(command->v[i].s, STR("--host")) || str_is(command->v[i].s, "-H");
		insecure |= str_starts(command->v[i].s, STR("--insecure-registry"));
	}
	if (command->n && str_is(command->v[0].s, "dockerd") && !host)
		warn(l, command->v[0].at,
			"write the flags only: command: [\"--insecure-registry\", ...]",
			"a command that begins with dockerd listens on no port, since it gets no "
			"--host "
			"by itself");
	if (insecure && mounts(l, ":/etc/docker/daemon.json"))
		warn(l, command->at, "keep one of the two",
			"the service's command and the mounted daemon.json may both say which "
			"registries "
			"are insecure, which dockerd refuses");
}

void dind_lint(struct arena *a, const struct job_def *job, const struct varset *vars,
	const struct runner_config *config, struct diags *d)
{
	struct linting l = {.job = job, .vars = vars, .config = config, .diags = d};
	if (!job->n_services)
		return;
	dind_find(a, job, vars, config, &l.dind);
	if (!l.dind.service)
		return;
	l.at = l.dind.service->image.name.at;
	const struct var *host = find_var(vars, "DOCKER_HOST");
	if (host)
		l.host = expand(a, host->value, vars, EXPAND_RUNNER);
	check_tls(&l);
	check_alias(&l);
	check_command(&l);
}
