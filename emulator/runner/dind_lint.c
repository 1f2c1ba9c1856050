#include "base/base.h"

#include "emulator/runner/dind.h"
#include "base/diag.h"
#include "base/vec.h"
#include "vars/varset.h"
#include "config/job_def.h"
#include "emulator/docker/types.h"
#include "emulator/runner/docker_values.h"
#include "emulator/runner/runner_config.h"
#include "emulator/runner/service_name.h"
#include "emulator/runner/shell_words.h"

struct linting {
	struct arena *arena;
	const struct job_def *job;
	const struct varset *vars;
	const struct runner_config *config;
	const struct dind_files *files;
	struct dind dind;
	struct docker_strs command; /* of the service */
	struct str host;            /* DOCKER_HOST, expanded; empty where it is not set */
	struct span at;             /* of the service; of the job where it is the runner's */
	struct diags *diags;
};

static const struct var *find_var(const struct linting *l, const char *key)
{
	return l->vars ? varset_get(l->vars, str_c(key)) : NULL;
}

static struct span at_var(const struct linting *l, const char *key)
{
	const struct var *v = find_var(l, key);
	return v && v->at.begin.line ? v->at : l->at;
}

static void tell(const struct linting *l, enum diag_level level, struct span at, struct str cure,
	const char *fmt, va_list ap)
{
	struct diag *d = diag_vadd(l->diags, level, "docker-in-docker", at, fmt, ap);
	/* Jobs share lines, by default: and extends: it may be there already. */
	if (d->notes)
		return;
	diag_set_job(l->diags, d, l->job->name.s);
	diag_note(l->diags, d, SPAN_NONE, STR_FMT, STR_ARG(cure));
}

static void warn(const struct linting *l, struct span at, struct str cure, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
static void warn(const struct linting *l, struct span at, struct str cure, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	tell(l, DIAG_WARNING, at, cure, fmt, ap);
	va_end(ap);
}

static void remark(const struct linting *l, struct span at, struct str cure, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
static void remark(const struct linting *l, struct span at, struct str cure, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	tell(l, DIAG_NOTE, at, cure, fmt, ap);
	va_end(ap);
}

/* Of `volumes`: the one that ends up at this place or around it. */
static bool volume_at(const struct linting *l, struct str place, struct docker_volume_text *out)
{
	const struct rc_list *volumes = l->config ? &l->config->docker.volumes : NULL;
	for (size_t i = 0; volumes && i < volumes->n; i++) {
		if (docker_volume_parse(volumes->v[i].v, out) &&
			docker_path_holds(out->target, place))
			return true;
	}
	return false;
}

/* "the Docker-in-Docker service", with its place where that is a configuration file. */
static struct str service_words(const struct linting *l)
{
	char place[512] = "";
	if (!l->dind.service)
		rc_place(l->config, l->dind.runner_service->at, place, sizeof(place));
	return arena_printf(l->arena, "the Docker-in-Docker service%s%s%s", *place ? " (" : "",
		place, *place ? ")" : "");
}

static void check_privileges(const struct linting *l)
{
	const struct rc_docker *d = l->config ? &l->config->docker : NULL;
	/* Without a file nobody has said what the runner allows; `run` asks for --privileged. */
	if (!d || !d->at.line)
		return;
	if (d->services_privileged.set ? d->services_privileged.v : d->privileged.v)
		return;
	char place[512];
	warn(l, l->at,
		STR("privileged = true in [runners.docker], or run with --privileged; or, without "
		    "the service, the engine's own socket: volumes = "
		    "[\"/var/run/docker.sock:/var/run/docker.sock\"]"),
		"" STR_FMT " needs a privileged container, which %s does not allow",
		STR_ARG(service_words(l)), rc_place(l->config, d->at, place, sizeof(place)));
}

static void check_socket(const struct linting *l)
{
	struct docker_volume_text v;
	if (!volume_at(l, STR("/var/run/docker.sock"), &v) || !v.source.n)
		return;
	warn(l, l->at,
		STR("keep one of the two: the service, or the socket in volumes (which services "
		    "get too)"),
		"the socket that the runner's volumes put at /var/run/docker.sock is in the place "
		"where " STR_FMT " makes its own",
		STR_ARG(service_words(l)));
}

static void check_tls(const struct linting *l)
{
	bool plain = str_ends(l->host, STR(":2375")), secure = str_ends(l->host, STR(":2376"));
	const struct var *set = find_var(l, "DOCKER_TLS_CERTDIR");
	struct docker_volume_text v;
	struct str client =
		arena_printf(l->arena, STR_FMT "/client", STR_ARG(l->dind.certificates));
	if (plain && l->dind.tls && set && !set->value.n) {
		warn(l, at_var(l, "DOCKER_HOST"),
			STR("write DOCKER_TLS_CERTDIR: \"\" in the file's variables"),
			"DOCKER_HOST is port 2375, but " STR_FMT
			" runs with TLS: it does not get DOCKER_TLS_CERTDIR, since services get no "
			"variables from outside of the file",
			STR_ARG(service_words(l)));
	} else if (plain && l->dind.tls) {
		warn(l, at_var(l, "DOCKER_HOST"),
			STR("set DOCKER_TLS_CERTDIR: \"\" in the job's variables, or use port "
			    "2376"),
			"DOCKER_HOST is port 2375, but " STR_FMT
			" runs with TLS, since DOCKER_TLS_CERTDIR is not empty",
			STR_ARG(service_words(l)));
	} else if (secure && !l->dind.tls) {
		warn(l, at_var(l, "DOCKER_HOST"),
			STR("use port 2375, or set DOCKER_TLS_CERTDIR: \"/certs\""),
			"DOCKER_HOST is port 2376, but " STR_FMT
			" runs without TLS, since DOCKER_TLS_CERTDIR is empty",
			STR_ARG(service_words(l)));
	} else if (l->dind.tls && !plain && !str_starts(l->host, STR("unix://")) &&
		   !volume_at(l, client, &v)) {
		warn(l, l->at,
			arena_printf(l->arena,
				"volumes = [\"" STR_FMT
				"\", \"/cache\"] in [runners.docker], or DOCKER_TLS_CERTDIR: "
				"\"\" with DOCKER_HOST: tcp://docker:2375",
				STR_ARG(client)),
			STR_FMT " runs with TLS, but no volume " STR_FMT
				" brings its certificates to the job",
			STR_ARG(service_words(l)), STR_ARG(client));
	} else if (plain && find_var(l, "DOCKER_TLS_VERIFY") &&
		   find_var(l, "DOCKER_TLS_VERIFY")->value.n) {
		warn(l, at_var(l, "DOCKER_TLS_VERIFY"),
			STR("leave it out, or use port 2376 with DOCKER_TLS_CERTDIR: \"/certs\""),
			"DOCKER_TLS_VERIFY makes the client speak TLS, which port 2375 of " STR_FMT
			" does not",
			STR_ARG(service_words(l)));
	}
}

static struct str host_name(struct str host)
{
	struct str name = str_starts(host, STR("tcp://")) ? str_from(host, 6) : STR_NULL;
	return str_sub(name, 0, MIN(str_chr(name, ':'), name.n));
}

static bool has_extra_host(const struct linting *l, struct str name)
{
	const struct rc_list *hosts = l->config ? &l->config->docker.extra_hosts : NULL;
	for (size_t i = 0; hosts && i < hosts->n; i++)
		if (str_starts(hosts->v[i].v, name) && hosts->v[i].v.n > name.n &&
			strchr(":=", hosts->v[i].v.p[name.n]))
			return true;
	return false;
}

static bool is_called(const struct linting *l, struct str image, struct str alias, struct str name)
{
	struct str *more;
	if (l->vars) {
		image = expand(l->arena, image, l->vars, EXPAND_RUNNER);
		alias = expand(l->arena, alias, l->vars, EXPAND_RUNNER);
	}
	struct service_name s = service_name_parse(l->arena, image);
	for (size_t i = 0; i < s.n_aliases; i++)
		if (str_ieq(s.aliases[i], name))
			return true;
	size_t n = service_aliases_split(l->arena, alias, &more);
	for (size_t i = 0; i < n; i++)
		if (str_ieq(more[i], name))
			return true;
	return false;
}

/* Whether a container of the job's network may answer to the name, as far as one can know. */
static bool is_known_name(const struct linting *l, struct str name)
{
	const struct rc_docker *d = l->config ? &l->config->docker : NULL;
	/* Full names, addresses and this machine are somewhere else. */
	if (!name.n || str_chr(name, '.') != STR_NPOS || str_is(name, "localhost") ||
		has_extra_host(l, name) || (d && (d->network_mode.v.n || d->links.n)))
		return true;
	for (size_t i = 0; i < l->job->n_services; i++)
		if (is_called(
			    l, l->job->services[i].image.name.s, l->job->services[i].alias.s, name))
			return true;
	for (size_t i = 0; d && i < d->n_services; i++)
		if (is_called(l, d->services[i].name.v, d->services[i].alias.v, name))
			return true;
	return false;
}

/* Without a Docker-in-Docker service; its own check of the name docker says more. */
static void check_name(const struct linting *l, bool dind)
{
	struct str name = host_name(l->host);
	if (is_known_name(l, name) || (dind && str_is(name, "docker")))
		return;
	/* A machine of the user's network has a name of its own. */
	if (!dind && !str_is(name, "docker") && str_find(name, STR("dind")) == STR_NPOS)
		return;
	warn(l, at_var(l, "DOCKER_HOST"),
		dind ? arena_printf(l->arena,
			       "write the service's own name there, or give it alias: " STR_FMT,
			       STR_ARG(name))
		     : arena_printf(l->arena,
			       "services: [{name: \"docker:VERSION-dind\", alias: " STR_FMT "}]",
			       STR_ARG(name)),
		"DOCKER_HOST names '" STR_FMT "', but no service of the job has that name",
		STR_ARG(name));
}

static void check_alias(const struct linting *l)
{
	struct str name = host_name(l->host), san;
	bool asked = !l->host.n || str_is(name, "docker");
	if (asked && !l->dind.alias_docker)
		warn(l, l->at, STR("add alias: docker to the service"),
			"the job looks for its engine under the name docker, which the service "
			"'" STR_FMT "' does not have",
			STR_ARG(l->dind.image));
	if (!name.n || asked || !l->dind.tls || !str_ends(l->host, STR(":2376")) ||
		!is_known_name(l, name))
		return;
	if (dind_service_variable(l->job, l->vars, l->config, &l->dind, "DOCKER_TLS_SAN", &san))
		return;
	warn(l, at_var(l, "DOCKER_HOST"),
		arena_printf(l->arena, "use the alias docker, or set DOCKER_TLS_SAN: DNS:" STR_FMT,
			STR_ARG(name)),
		"the certificate that the service makes for itself is valid for docker and "
		"localhost, but not for '" STR_FMT "'",
		STR_ARG(name));
}

/* ---- the service's arguments ---- */

static struct span at_word(const struct linting *l, size_t i)
{
	return l->dind.service ? l->dind.service->command.v[i].at : l->at;
}

static void check_hosts(const struct linting *l)
{
	bool host = false;
	if (!l->command.n || !str_is(l->command.v[0], "dockerd"))
		return;
	for (size_t i = 0; i < l->command.n; i++)
		host |= str_starts(l->command.v[i], STR("--host")) ||
			str_starts(l->command.v[i], STR("-H"));
	if (!host)
		warn(l, at_word(l, 0),
			STR("write the flags only: command: [\"--insecure-registry\", ...]"),
			"a command that begins with dockerd listens on no port, since it gets no "
			"--host by itself");
}

/* The key of daemon.json that an option of dockerd stands for (docs, dockerd). */
static struct str directive(struct arena *a, struct str word)
{
	static const char *const several[] = {"insecure-registry", "registry-mirror", "label",
		"default-address-pool", "storage-opt", "exec-opt", "dns-opt", "host"};
	if (str_is(word, "-H"))
		return STR("hosts");
	if (str_is(word, "-s"))
		return STR("storage-driver");
	if (!str_starts(word, STR("--")))
		return STR_NULL;
	word = str_from(word, 2);
	word = str_sub(word, 0, MIN(str_chr(word, '='), word.n));
	for (size_t i = 0; i < ARRAY_SIZE(several); i++)
		if (str_is(word, several[i]))
			return arena_printf(a, STR_FMT "%s", STR_ARG(word),
				str_ends(word, STR("y")) ? "" : "s");
	return word;
}

static bool file_says(const struct linting *l, struct str text, struct str key)
{
	if (str_is(key, "insecure-registry"))
		key = STR("insecure-registries");
	return key.n &&
	       str_find(text, arena_printf(l->arena, "\"" STR_FMT "\"", STR_ARG(key))) != STR_NPOS;
}

/* dockerd refuses to start where an option and its file say the same thing. */
static void check_daemon_json(const struct linting *l)
{
	struct docker_volume_text v;
	struct str text;
	if (!volume_at(l, STR("/etc/docker/daemon.json"), &v) || !v.source.n || !l->files ||
		!l->files->read || !l->files->read(l->files->arg, l->arena, v.source, &text))
		return;
	if (file_says(l, text, STR("hosts")))
		warn(l, l->at, STR("take \"hosts\" out of the file"),
			"the mounted " STR_FMT
			" has \"hosts\", which the service's entrypoint gives as options: dockerd "
			"refuses both",
			STR_ARG(v.source));
	for (size_t i = 0; i < l->command.n; i++) {
		struct str key = directive(l->arena, l->command.v[i]);
		if (!file_says(l, text, key) || str_is(key, "hosts"))
			continue;
		warn(l, at_word(l, i), STR("keep one of the two"),
			"'" STR_FMT "' is an option of the service and in the mounted " STR_FMT
			" too: dockerd refuses to start",
			STR_ARG(l->command.v[i]), STR_ARG(v.source));
		return;
	}
}

static void read_command(struct linting *l)
{
	const struct texts *own = l->dind.service ? &l->dind.service->command : NULL;
	const struct rc_list *theirs =
		l->dind.runner_service ? &l->dind.runner_service->command : NULL;
	size_t n = own ? own->n : theirs->n;
	struct str *v = arena_array(l->arena, struct str, n + 1);
	for (size_t i = 0; i < n; i++)
		v[i] = own ? own->v[i].s : theirs->v[i].v;
	l->command = (struct docker_strs){v, n};
}

/* ---- scripts ---- */

/* A name of the host's /etc/hosts with an address that a container can use; STR_NULL: none. */
static struct str in_hosts_file(struct str text, struct str name)
{
	struct str_split it = str_split(text, '\n');
	struct str line, address, word;
	while (str_split_next(&it, &line)) {
		line = str_sub(line, 0, MIN(str_chr(line, '#'), line.n));
		if (!shell_word_next(&line, &address))
			continue;
		while (shell_word_next(&line, &word))
			if (str_ieq(word, name) && !str_starts(address, STR("127.")) &&
				!str_is(address, "::1"))
				return address;
	}
	return STR_NULL;
}

struct names {
	VEC(struct str) told;
};

/* CI_REGISTRY that nobody wrote is the local registry, which jobs find by that name. */
static bool is_local_registry(const struct linting *l, struct str name)
{
	const struct var *v = find_var(l, "CI_REGISTRY");
	return v && v->layer < VAR_YAML_ROOT &&
	       str_eq(str_sub(v->value, 0, MIN(str_chr(v->value, ':'), v->value.n)), name);
}

/* "registry.example.com:5000/group/image:tag", or the registry alone. */
static void check_registry(
	const struct linting *l, struct names *names, struct str word, struct span at)
{
	struct str name = str_sub(word, 0, MIN(str_chr(word, '/'), word.n)), text, address;
	name = str_sub(name, 0, MIN(str_chr(name, ':'), name.n));
	if (str_chr(name, '.') == STR_NPOS || has_extra_host(l, name) ||
		is_local_registry(l, name) || !l->files || !l->files->read ||
		!l->files->read(l->files->arg, l->arena, STR("/etc/hosts"), &text))
		return;
	vec_each (const struct str *, t, &names->told)
		if (str_eq(*t, name))
			return;
	address = in_hosts_file(text, name);
	if (!address.n)
		return;
	vec_push_in(l->arena, &names->told, name);
	warn(l, at,
		arena_printf(l->arena,
			"extra_hosts = [\"" STR_FMT ":" STR_FMT "\"] in [runners.docker]",
			STR_ARG(name), STR_ARG(address)),
		"'" STR_FMT "' stands in this machine's /etc/hosts, which the daemon of the job "
		"does not read",
		STR_ARG(name));
}

static void check_line(
	const struct linting *l, struct names *names, bool dind, struct str line, struct span at)
{
	bool docker = false, login = false;
	struct str word;
	while (shell_word_next(&line, &word)) {
		docker |= shell_word_is_builder(word);
		login |= docker && str_is(word, "login");
		if (login && (str_is(word, "-p") || str_starts(word, STR("--password=")) ||
				     str_is(word, "--password"))) {
			login = false;
			remark(l, at,
				STR("echo \"$CI_REGISTRY_PASSWORD\" | docker login -u "
				    "\"$CI_REGISTRY_USER\" --password-stdin \"$CI_REGISTRY\""),
				"a password on a command line is shown to everyone who can list "
				"processes");
		}
		if (docker && dind)
			check_registry(l, names, word, at);
	}
}

static void check_scripts(const struct linting *l, bool dind)
{
	const struct texts *const scripts[] = {
		&l->job->before_script, &l->job->script, &l->job->after_script};
	struct names names = {0};
	for (size_t s = 0; s < ARRAY_SIZE(scripts); s++)
		for (size_t i = 0; i < scripts[s]->n; i++) {
			struct str text = scripts[s]->v[i].s, line;
			/* Most lines are about something else, and need no expansion. */
			if (!shell_may_build(text))
				continue;
			if (l->vars)
				text = expand(l->arena, text, l->vars, EXPAND_RUNNER);
			struct str_split it = str_split(text, '\n');
			while (str_split_next(&it, &line))
				check_line(l, &names, dind, line, scripts[s]->v[i].at);
		}
}

static bool calls_docker(const struct linting *l)
{
	const struct texts *const scripts[] = {&l->job->before_script, &l->job->script};
	for (size_t s = 0; s < ARRAY_SIZE(scripts); s++)
		for (size_t i = 0; i < scripts[s]->n; i++) {
			struct str rest = scripts[s]->v[i].s, word;
			while (shell_word_next(&rest, &word))
				if (str_is(word, "docker"))
					return true;
		}
	return false;
}

/* A service of the runner's is there for every job; not each wants it. */
static bool uses_docker(const struct linting *l)
{
	return l->host.n || calls_docker(l);
}

void dind_lint(struct arena *a, const struct job_def *job, const struct varset *vars,
	const struct runner_config *config, const struct dind_files *files, struct diags *d)
{
	struct linting l = {
		.arena = a, .job = job, .vars = vars, .config = config, .files = files, .diags = d};
	dind_find(a, job, vars, config, &l.dind);
	const struct var *host = find_var(&l, "DOCKER_HOST");
	if (host)
		l.host = expand(a, host->value, vars, EXPAND_RUNNER);
	l.at = l.dind.service ? l.dind.service->image.name.at : job->name.at;
	bool dind = l.dind.service || (l.dind.runner_service && uses_docker(&l));
	check_scripts(&l, dind);
	if (dind || calls_docker(&l))
		check_name(&l, dind);
	if (!dind)
		return;
	read_command(&l);
	check_privileges(&l);
	check_socket(&l);
	check_tls(&l);
	check_alias(&l);
	check_hosts(&l);
	check_daemon_json(&l);
}
