#include "base/base.h"

#include "emulator/cli/runner_check.h"
#include "base/diag.h"
#include "yaml/node.h"
#include "emulator/docker/container.h"
#include "emulator/runner/docker_values.h"
#include "emulator/runner/duration.h"
#include "emulator/runner/runner_config.h"

#include <arpa/inet.h>

static bool is_address(struct str s)
{
	char text[64];
	unsigned char out[16];
	if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = str_sub(s, 1, s.n - 1);
	if (!s.n || s.n >= sizeof(text))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(AF_INET, text, out) == 1 || inet_pton(AF_INET6, text, out) == 1;
}

static struct span span_at(const struct node *list, struct rc_at at)
{
	struct span s = {{list->at.begin.source, at.line, at.col}, {0, 0, 0}};
	s.end = s.begin;
	node_each (item, list)
		if (item->at.begin.line == at.line && item->at.begin.col == at.col)
			return item->at;
	return s;
}

static void check_extra_hosts(
	struct diags *diags, const struct rc_list *hosts, const struct node *list)
{
	for (size_t i = 0; i < hosts->n; i++) {
		struct str entry = hosts->v[i].v;
		struct span at = span_at(list, hosts->v[i].at);
		size_t cut = str_chr(entry, '=');
		if (cut == STR_NPOS)
			cut = str_chr(entry, ':');
		if (cut == STR_NPOS || !cut) {
			diag_error(diags, "config-extra-hosts", at,
				"'" STR_FMT "' in 'extra_hosts' wants the form NAME:ADDRESS",
				STR_ARG(entry));
			continue;
		}
		struct str name = str_sub(entry, 0, cut), address = str_from(entry, cut + 1);
		if (is_address(address) || str_is(address, "host-gateway"))
			continue;
		struct diag *d = diag_error(diags, "config-extra-hosts", at,
			"'" STR_FMT "' in 'extra_hosts' is no IP address", STR_ARG(address));
		diag_note(diags, d, SPAN_NONE,
			"write the IP address that '" STR_FMT
			"' has, or host-gateway for this machine: "
			"\"" STR_FMT ":192.0.2.10\"",
			STR_ARG(name), STR_ARG(name));
		if (str_starts(name, STR("registry.")))
			diag_note(diags, d, SPAN_NONE,
				"for the local registry (--registry) no entry is needed: remove "
				"it");
	}
}

static void check_list_values(struct diags *diags, const struct rc_list *list, const struct node *n,
	const char *key, const char *const *allowed, size_t n_allowed)
{
	for (size_t i = 0; i < list->n; i++) {
		bool ok = false;
		struct str names[8];
		for (size_t j = 0; j < n_allowed; j++) {
			names[j] = str_c(allowed[j]);
			ok |= str_eq(names[j], list->v[i].v);
		}
		if (ok)
			continue;
		struct diag *d = diag_error(diags, "config-value",
			n->kind == NODE_SEQ ? span_at(n, list->v[i].at) : n->at,
			"'" STR_FMT "' is no value of '%s'", STR_ARG(list->v[i].v), key);
		const struct str *near = str_nearest(list->v[i].v, names, n_allowed);
		if (near)
			diag_note(
				diags, d, SPAN_NONE, "did you mean '" STR_FMT "'?", STR_ARG(*near));
	}
}

/* ---- values that have a notation ---- */

static bool is_size(struct str text)
{
	int64_t bytes;
	return docker_size_parse(text, &bytes);
}

static bool is_cpus(struct str text)
{
	int64_t nano;
	return docker_cpus_parse(text, &nano);
}

static bool is_device(struct str text)
{
	struct docker_device device;
	return docker_device_parse(text, &device);
}

static bool is_gpus(struct str text)
{
	struct arena a;
	struct docker_device_request request;
	arena_init(&a);
	bool is = docker_gpus_parse(&a, text, &request);
	arena_release(&a);
	return is;
}

/* Variables of the job may be in it: they are known later. */
static bool is_volume(struct str text)
{
	struct docker_volume_text volume;
	return str_chr(text, '$') != STR_NPOS || docker_volume_parse(text, &volume);
}

static bool is_ulimit(struct str text)
{
	struct docker_ulimit limit;
	return docker_ulimit_parse(STR("nofile"), text, &limit);
}

static const struct {
	const char *key;
	bool (*is)(struct str text);
	const char *form;
} notations[] = {
	{"memory", is_size, "size: \"512m\", \"2g\""},
	{"memory_swap", is_size, "size: \"512m\", \"2g\", \"-1\" for no limit"},
	{"memory_reservation", is_size, "size: \"512m\", \"2g\""},
	{"service_memory", is_size, "size: \"512m\", \"2g\""},
	{"service_memory_swap", is_size, "size: \"512m\", \"2g\", \"-1\" for no limit"},
	{"service_memory_reservation", is_size, "size: \"512m\", \"2g\""},
	{"cpus", is_cpus, "number of processors: \"2\", \"0.5\""},
	{"service_cpus", is_cpus, "number of processors: \"2\", \"0.5\""},
	{"gpus", is_gpus, "choice of GPUs: \"all\", \"2\", \"device=0,1\""},
	{"service_gpus", is_gpus, "choice of GPUs: \"all\", \"2\", \"device=0,1\""},
	{"devices", is_device, "device: \"/dev/fuse\", \"HOST:CONTAINER:rwm\""},
	{"services_devices", is_device, "device: \"/dev/fuse\", \"HOST:CONTAINER:rwm\""},
	{"volumes", is_volume, "volume: \"HOST:CONTAINER[:MODE]\", or a path that lasts"},
	{"ulimit", is_ulimit, "limit: \"1024\", \"1024:2048\""},
};

/* The value, the items of a list, the values of a table. */
static void check_notation(struct diags *diags, const struct node *n, size_t i)
{
	if (n->kind == NODE_SEQ) {
		node_each (item, n)
			check_notation(diags, item, i);
	} else if (n->kind == NODE_MAP) {
		node_each_pair(pair, n) check_notation(diags, pair->value, i);
	} else if (n->kind == NODE_STRING && n->quoted && n->text.n && !notations[i].is(n->text)) {
		diag_error(diags, "config-value", n->at, "'" STR_FMT "' in '%s' is no %s",
			STR_ARG(n->text), notations[i].key, notations[i].form);
	}
}

static void check_notations(struct diags *diags, const struct node *map)
{
	for (size_t i = 0; i < ARRAY_SIZE(notations); i++) {
		const struct node *n = node_get(map, notations[i].key);
		if (n)
			check_notation(diags, n, i);
	}
	const struct node *options = node_get(map, "log_options");
	if (!node_is(options, NODE_MAP))
		return;
	node_each_pair(pair, options)
	{
		if (!str_is(pair->key->text, "env") && !str_is(pair->key->text, "labels"))
			diag_error(diags, "config-value", pair->key->at,
				"'" STR_FMT "' is no option of 'log_options': env or labels",
				STR_ARG(pair->key->text));
	}
}

void runner_check_docker(struct diags *diags, const struct node *map, const struct rc_docker *d)
{
	check_notations(diags, map);
	static const char *const policies[] = {"always", "if-not-present", "never"};
	static const struct {
		const char *key;
		size_t offset;
	} lists[] = {
		{"pull_policy", offsetof(struct rc_docker, pull_policy)},
		{"allowed_pull_policies", offsetof(struct rc_docker, allowed_pull_policies)},
	};
	const struct node *n = node_get(map, "extra_hosts");
	if (node_is(n, NODE_SEQ))
		check_extra_hosts(diags, &d->extra_hosts, n);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct rc_list *list = (const void *)((const char *)d + lists[i].offset);
		n = node_get(map, lists[i].key);
		if (n && list->set)
			check_list_values(
				diags, list, n, lists[i].key, policies, ARRAY_SIZE(policies));
	}
	n = node_get(map, "dns");
	if (node_is(n, NODE_SEQ))
		for (size_t i = 0; i < d->dns.n; i++)
			if (!is_address(d->dns.v[i].v))
				diag_error(diags, "config-value", span_at(n, d->dns.v[i].at),
					"'" STR_FMT "' in 'dns' is no IP address",
					STR_ARG(d->dns.v[i].v));
	n = node_get(map, "shm_size");
	if (node_is(n, NODE_INT) && n->u.integer < 0)
		diag_error(diags, "config-value", n->at, "'shm_size' can't be negative");
}

/* ---- runners that can't be played ---- */

/* What stands in for an executor (GitLab Runner docs, "Executors"). */
static const struct {
	const char *name, *word;
} others[] = {
	{"kubernetes",
		"its pods want a cluster; with executor = \"docker\" jobs have the same images "
		"and services"},
	{"docker+machine", "no machines are started here; executor = \"docker\" takes the same "
			   "[runners.docker]"},
	{"docker-autoscaler", "no machines are started here; executor = \"docker\" takes the same "
			      "[runners.docker]"},
	{"instance", "no machines are started here; executor = \"shell\" runs scripts on this one"},
	{"ssh", "no other machine is logged in to; executor = \"shell\" runs scripts on this one"},
	{"custom",
		"its programs are not called; executor = \"docker\" or \"shell\" is what is near"},
	{"parallels",
		"no virtual machines are started here; executor = \"docker\" is what is near"},
	{"virtualbox",
		"no virtual machines are started here; executor = \"docker\" is what is near"},
	{"docker-windows", "Windows containers want an engine on Windows"},
};

/* Shells that scripts of jobs can be written for (GitLab Runner docs, "Types of shells"). */
static const char *const shells_elsewhere[] = {"pwsh", "powershell", "cmd"};

static bool is_word(const struct node *n)
{
	return node_is(n, NODE_STRING) && n->quoted;
}

static bool plays_shell(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(shells_elsewhere); i++)
		if (str_is(name, shells_elsewhere[i]))
			return false;
	return true;
}

static bool plays_executor(struct str name)
{
	return str_is(name, "docker") || str_is(name, "shell");
}

bool runner_can_play(const struct node *runner)
{
	const struct node *executor = node_get(runner, "executor");
	const struct node *shell = node_get(runner, "shell");
	return (!is_word(executor) || plays_executor(executor->text)) &&
	       (!is_word(shell) || plays_shell(shell->text));
}

static void executor_word(struct diags *diags, struct diag *d, struct str name)
{
	struct str names[ARRAY_SIZE(others) + 2] = {STR("docker"), STR("shell")};
	size_t n = 2;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (str_is(name, others[i].name)) {
			diag_note(diags, d, SPAN_NONE, "%s", others[i].word);
			return;
		}
		names[n++] = str_c(others[i].name);
	}
	const struct str *near = str_nearest(name, names, n);
	if (near)
		diag_note(diags, d, SPAN_NONE, "did you mean '" STR_FMT "'?", STR_ARG(*near));
	else
		diag_note(diags, d, SPAN_NONE, "GitLab Runner has no executor of that name");
}

void runner_left_out(struct diags *diags, const struct node *runner, bool others_play)
{
	const struct node *executor = node_get(runner, "executor");
	const struct node *shell = node_get(runner, "shell");
	enum diag_level level = others_play ? DIAG_NOTE : DIAG_ERROR;
	const char *end = others_play ? ": this runner takes no jobs" : "";
	if (!is_word(executor) || plays_executor(executor->text)) {
		diag_add(diags, level, "config-shell", shell->at,
			"shell '" STR_FMT "' can't be played here, only bash and sh can%s",
			STR_ARG(shell->text), end);
		return;
	}
	struct diag *d = diag_add(diags, level, "config-executor", executor->at,
		"executor '" STR_FMT "' can't be played here, only docker and shell can%s",
		STR_ARG(executor->text), end);
	executor_word(diags, d, executor->text);
}

static void check_duration(struct diags *diags, const struct node *map, const char *key)
{
	const struct node *n = node_get(map, key);
	int64_t ns;
	if (is_word(n) && !go_duration_parse(n->text, &ns))
		diag_error(diags, "config-value", n->at,
			"'" STR_FMT "' in '%s' is no duration: \"90s\", \"1h30m\"",
			STR_ARG(n->text), key);
}

void runner_check(struct diags *diags, const struct node *map, const struct runner_config *c)
{
	check_duration(diags, map, "prepare_timeout");
	check_duration(diags, map, "get_sources_timeout");
	const struct node *shell = node_get(map, "shell"), *builds = node_get(map, "builds_dir");
	if (is_word(shell) && !str_is(shell->text, "bash") && !str_is(shell->text, "sh"))
		diag_error(diags, "config-value", shell->at,
			"'" STR_FMT "' is no value of 'shell': bash or sh", STR_ARG(shell->text));
	if (!is_word(builds))
		return;
	if (str_is(c->executor.v, "shell"))
		diag_warn(diags, "config-no-effect", builds->at,
			"'builds_dir' has no effect with the shell executor: each job has a folder "
			"of its own in .cilocal/runs");
	else if (!builds->text.n || builds->text.p[0] != '/')
		diag_error(diags, "config-value", builds->at,
			"'builds_dir' wants an absolute path, a folder in the container");
}
