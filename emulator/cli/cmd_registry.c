#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/settings.h"
#include "emulator/cli/term.h"
#include "emulator/core/error.h"
#include "emulator/git/repo.h"
#include "emulator/gitlab/registry.h"

static void print_info(struct cli *c, const struct registry_info *i)
{
	struct buf *out = &c->out;
	if (!i->running) {
		buf_printf(out, "the local registry is %s%s\n",
			i->exists ? "stopped" : "not running",
			i->storage ? "; its images are kept" : "");
		return;
	}
	buf_printf(out, "the local registry is running (" STR_FMT ")\n", STR_ARG(i->image));
	if (i->host.n)
		buf_printf(out, "  in jobs       " STR_FMT "\n", STR_ARG(i->host));
	buf_printf(out, "  on this host  " STR_FMT "\n", STR_ARG(i->address));
	buf_printf(out, "  speaks        %s%s\n",
		i->tls ? "TLS; its authority's certificate is " : "plain HTTP",
		i->tls ? i->ca_file : "");
	buf_printf(out, "  user          " STR_FMT "\n", STR_ARG(i->user));
	buf_printf(out, "  password      %s" STR_FMT "\n",
		opt_flag(&c->opt, OPT_SHOW_PASSWORD) ? "" : "(shown with --show-password)",
		STR_ARG(opt_flag(&c->opt, OPT_SHOW_PASSWORD) ? i->password : STR_NULL));
}

static int start(struct cli *c, const struct registry_options *o)
{
	struct error err = ERROR_INIT;
	struct registry_info info;
	if (registry_start(&info, &c->arena, o, &err))
		return cli_fail(c, &err);
	if (opt_flag(&c->opt, OPT_JSON)) {
		struct str json = registry_status_json(
			&c->arena, &info, o, opt_flag(&c->opt, OPT_SHOW_PASSWORD));
		buf_printf(&c->out, STR_FMT "\n", STR_ARG(json));
	} else if (!c->quiet) {
		print_info(c, &info);
	}
	return EXIT_OK;
}

static int stop(struct cli *c, const struct registry_options *o)
{
	struct error err = ERROR_INIT;
	bool was = false, purge = opt_flag(&c->opt, OPT_PURGE);
	if (registry_stop(purge, &was, o, &err))
		return cli_fail(c, &err);
	if (opt_flag(&c->opt, OPT_JSON))
		buf_printf(&c->out, "{\"stopped\":%s,\"purged\":%s}\n", was ? "true" : "false",
			purge ? "true" : "false");
	else if (!c->quiet)
		buf_printf(&c->out, "%s%s\n",
			was ? "the local registry is stopped"
			    : "the local registry was not running",
			purge ? "; its images and credentials are gone" : "");
	return EXIT_OK;
}

static int status(struct cli *c, const struct registry_options *o)
{
	struct error err = ERROR_INIT;
	struct registry_info info;
	if (registry_status(&info, &c->arena, o, &err))
		return cli_fail(c, &err);
	if (opt_flag(&c->opt, OPT_JSON)) {
		struct str json = registry_status_json(
			&c->arena, &info, o, opt_flag(&c->opt, OPT_SHOW_PASSWORD));
		buf_printf(&c->out, STR_FMT "\n", STR_ARG(json));
	} else {
		print_info(c, &info);
	}
	return EXIT_OK;
}

static int list(struct cli *c, const struct registry_options *o)
{
	struct error err = ERROR_INIT;
	struct registry_tag *tags;
	size_t n, width = 0;
	if (registry_list(&tags, &n, &c->arena, o, &err))
		return cli_fail(c, &err);
	if (opt_flag(&c->opt, OPT_JSON)) {
		struct str json = registry_list_json(&c->arena, str_c(o->host), tags, n);
		buf_printf(&c->out, STR_FMT "\n", STR_ARG(json));
		return EXIT_OK;
	}
	for (size_t i = 0; i < n; i++)
		width = MAX(width, str_width(tags[i].repository) + 1 + str_width(tags[i].tag));
	for (size_t i = 0; i < n; i++) {
		struct str name = arena_printf(&c->arena, STR_FMT ":" STR_FMT,
			STR_ARG(tags[i].repository), STR_ARG(tags[i].tag));
		pad_text(&c->out, name, width);
		buf_printf(&c->out, "  " STR_FMT, STR_ARG(tags[i].digest));
		if (tags[i].size >= 0)
			buf_printf(&c->out, "  %.1f MB", (double)tags[i].size / 1e6);
		buf_addc(&c->out, '\n');
	}
	if (!n)
		cli_note(c, "the local registry holds no image");
	return EXIT_OK;
}

/* CI_REGISTRY of this project, where there is one. */
static const char *project_host(struct cli *c, const char **root)
{
	struct error err = ERROR_INIT;
	struct repo repo;
	struct facts facts;
	if (repo_open(&repo, NULL, &err))
		return NULL;
	memset(&facts, 0, sizeof(facts));
	repo_fill_facts(&repo, &facts);
	*root = arena_cstr(&c->arena, repo.root);
	const char *host =
		arena_printf(&c->arena, "registry." STR_FMT, STR_ARG(facts.server_host)).p;
	repo_release(&repo);
	return host;
}

static int run(struct cli *c)
{
	static const struct {
		const char *name;
		int (*run)(struct cli *c, const struct registry_options *o);
	} verbs[] = {{"start", start}, {"stop", stop}, {"status", status}, {"list", list}};
	struct settings settings;
	struct registry_options o = {.image = NULL};
	const char *root = NULL;
	struct str names[ARRAY_SIZE(verbs)];
	struct str verb = str_c(c->opt.args[0]);
	if (opt_last(&c->opt, OPT_TLS) && !str_is(verb, "start"))
		return cli_usage(
			c, "'--tls' goes with 'registry start', not with '%s'", c->opt.args[0]);
	if (opt_flag(&c->opt, OPT_PURGE) && !str_is(verb, "stop"))
		return cli_usage(
			c, "'--purge' goes with 'registry stop', not with '%s'", c->opt.args[0]);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		names[i] = str_c(verbs[i].name);
	o.host = project_host(c, &root);
	int code = settings_load(c, &settings, root);
	if (code)
		return code;
	rc_endpoint(&settings.runners.v[0], &c->arena, &o.engine);
	settings_registry(&c->opt, &o);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (str_eq(verb, names[i]))
			return verbs[i].run(c, &o);
	const struct str *near = str_nearest(verb, names, ARRAY_SIZE(verbs));
	if (near)
		return cli_usage(c, "'registry' has no '%s'; did you mean '" STR_FMT "'?",
			c->opt.args[0], STR_ARG(*near));
	return cli_usage(c, "'registry' has no '%s' (start, stop, status, list)", c->opt.args[0]);
}

const struct cmd cmd_registry = {
	.id = CMD_registry,
	.args = "start|stop|status|list",
	.summary = "the local stand-in for GitLab's container registry",
	.details = "One for each user of this machine, shared by all projects: a container with a "
		   "generated user "
		   "and password. Once started, jobs reach it under the name that CI_REGISTRY has, "
		   "and images of "
		   "that name are pulled from it. Stored images survive 'stop'; --purge removes "
		   "them.\n\n"
		   "With --tls it has a certificate of its own authority, whose certificate jobs "
		   "get as "
		   "$CI_SERVER_TLS_CA_FILE, and they and their Docker-in-Docker services as "
		   "/etc/docker/certs.d/$CI_REGISTRY/ca.crt: these need no --insecure-registry.",
	.output = "status and start with --json: {\"running\", \"exists\", \"storage\", \"host\", "
		  "\"address\", "
		  "\"port\", \"url\", \"tls\":bool, \"ca\":FILE|null, \"image\", \"container\", "
		  "\"user\", \"credentials\":FILE}, "
		  "and \"password\" "
		  "with --show-password. list: {\"host\", \"repositories\":[{\"name\", "
		  "\"tags\":[{\"name\", "
		  "\"digest\", \"size\"}]}]}. stop: {\"stopped\":bool, \"purged\":bool}.",
	.kind = ARG_WORDS,
	.words = "start|stop|status|list",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
