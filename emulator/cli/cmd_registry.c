#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/settings.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "emulator/core/error.h"
#include "emulator/git/repo.h"
#include "emulator/gitlab/registry.h"

#include <unistd.h>

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
	buf_printf(out, "  %s " STR_FMT "\n", i->elsewhere ? "at the engine" : "on this host ",
		STR_ARG(i->address));
	if (i->tls)
		buf_printf(out,
			"  speaks        TLS, with a certificate until " STR_FMT
			"\n  authority     %s\n",
			STR_ARG(local_time(&c->arena, (double)i->tls_end, "%Y-%m-%d")), i->ca_file);
	else
		buf_adds(out, "  speaks        plain HTTP\n");
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
	struct registry_info info;
	struct registry_tag *tags;
	size_t n, width = 0;
	if (registry_list(&tags, &n, &info, &c->arena, o, &err))
		return cli_fail(c, &err);
	if (opt_flag(&c->opt, OPT_JSON)) {
		struct str json = registry_list_json(&c->arena, &info, tags, n);
		buf_printf(&c->out, STR_FMT "\n", STR_ARG(json));
		return EXIT_OK;
	}
	struct str *names = arena_array(&c->arena, struct str, n + 1);
	for (size_t i = 0; i < n; i++) {
		names[i] =
			arena_printf(&c->arena, STR_FMT "%s" STR_FMT, STR_ARG(tags[i].repository),
				tags[i].tag.n ? ":" : "", STR_ARG(tags[i].tag));
		width = MAX(width, str_width(names[i]));
	}
	for (size_t i = 0; i < n; i++) {
		pad_text(&c->out, names[i], width);
		if (tags[i].tag.n)
			buf_printf(&c->out, "  " STR_FMT "  " STR_FMT, STR_ARG(tags[i].digest),
				STR_ARG(size_text(&c->arena, tags[i].size)));
		else
			buf_adds(&c->out, "  no tag; 'cilocal registry gc' removes it");
		if (tags[i].platforms.n)
			buf_printf(&c->out, "  " STR_FMT, STR_ARG(tags[i].platforms));
		buf_addc(&c->out, '\n');
	}
	if (!n)
		cli_note(c, "the local registry holds no image");
	return EXIT_OK;
}

/*
 * One line that is written anew as the transfer gets on; where that can't be drawn, a line at the
 * beginning.
 */
static void on_progress(void *arg, const struct registry_moved *m, struct str how)
{
	struct cli *c = arg;
	bool push = !strcmp(c->opt.args[0], "push"), draw = term_can_draw(STDERR_FILENO);
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	if (c->quiet || (how.n && !draw))
		return;
	buf_printf(&line, "%s%s " STR_FMT, draw ? "\r\033[K" : "", push ? "pushing" : "pulling",
		STR_ARG(push ? str_c(c->opt.args[1]) : m->name));
	if (how.n)
		buf_printf(&line, ": " STR_FMT, STR_ARG(how));
	else if (m->size >= 0)
		buf_printf(&line, " (" STR_FMT ")", STR_ARG(size_text(&c->arena, m->size)));
	if (!draw && push)
		buf_printf(&line, " to " STR_FMT, STR_ARG(m->name));
	if (!draw)
		buf_addc(&line, '\n');
	fwrite(line.p, 1, line.n, stderr);
}

static void end_progress(struct cli *c)
{
	if (!c->quiet && term_can_draw(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static int moved(struct cli *c, const struct registry_moved *m, bool push)
{
	if (opt_flag(&c->opt, OPT_JSON)) {
		struct node *root = tree_map(&c->arena);
		tree_str(&c->arena, root, "name", m->name);
		tree_str(&c->arena, root, "repository", m->repository);
		tree_str(&c->arena, root, "tag", m->tag);
		tree_str(&c->arena, root, "digest", m->digest);
		tree_print(c, root);
		return EXIT_OK;
	}
	if (!c->quiet)
		buf_printf(&c->out, "%s " STR_FMT "  " STR_FMT "  " STR_FMT "\n",
			push ? "pushed" : "pulled", STR_ARG(m->name), STR_ARG(m->digest),
			STR_ARG(size_text(&c->arena, m->size)));
	return EXIT_OK;
}

static int push(struct cli *c, const struct registry_options *o)
{
	struct error err = ERROR_INIT;
	struct registry_moved m;
	int rc = registry_push(
		&m, &c->arena, o, c->opt.args[1], c->opt.args[2], on_progress, c, &err);
	end_progress(c);
	return rc ? cli_fail(c, &err) : moved(c, &m, true);
}

static int pull(struct cli *c, const struct registry_options *o)
{
	struct error err = ERROR_INIT;
	struct registry_moved m;
	int rc = registry_pull(&m, &c->arena, o, c->opt.args[1], on_progress, c, &err);
	end_progress(c);
	return rc ? cli_fail(c, &err) : moved(c, &m, false);
}

/* "3 tags", "1 tag". */
static void add_count(struct cli *c, uint64_t n, const char *one, const char *many)
{
	if (n)
		buf_printf(&c->out, ", %" PRIu64 " %s", n, n == 1 ? one : many);
}

static int collect(struct cli *c, const struct registry_options *o)
{
	struct error err = ERROR_INIT;
	struct registry_freed f;
	if (registry_gc(&f, &c->arena, o, c->opt.args + 1, c->opt.n_args - 1, &err))
		return cli_fail(c, &err);
	if (opt_flag(&c->opt, OPT_JSON)) {
		buf_printf(&c->out,
			"{\"freed\":%" PRIu64 ",\"left\":%" PRIu64 ",\"tags\":%" PRIu64
			",\"manifests\":%" PRIu64 ",\"repositories\":%" PRIu64 "}\n",
			f.bytes, f.left, f.tags, f.manifests, f.repositories);
		return EXIT_OK;
	}
	if (c->quiet)
		return EXIT_OK;
	buf_printf(&c->out, "freed " STR_FMT, STR_ARG(size_text(&c->arena, (int64_t)f.bytes)));
	add_count(c, f.tags, "tag", "tags");
	add_count(c, f.manifests, "manifest without a tag", "manifests without a tag");
	add_count(c, f.repositories, "repository", "repositories");
	buf_printf(&c->out, "; " STR_FMT " are left\n",
		STR_ARG(size_text(&c->arena, (int64_t)f.left)));
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

struct verb {
	const char *name;
	size_t min, max;   /* arguments behind it */
	const char *usage; /* of them */
	int (*run)(struct cli *c, const struct registry_options *o);
};

static const struct verb verbs[] = {
	{"start", 0, 0, "", start},
	{"stop", 0, 0, "", stop},
	{"status", 0, 0, "", status},
	{"list", 0, 0, "", list},
	{"push", 1, 2, " IMAGE [AS]", push},
	{"pull", 1, 1, " IMAGE", pull},
	{"remove", 1, SIZE_MAX, " REPOSITORY[:TAG]...", collect},
	{"gc", 0, 0, "", collect},
};

static const struct verb *find_verb(struct cli *c)
{
	struct str names[ARRAY_SIZE(verbs)], verb = str_c(c->opt.args[0]);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		names[i] = str_c(verbs[i].name);
		if (str_eq(verb, names[i]))
			return &verbs[i];
	}
	const struct str *near = str_nearest(verb, names, ARRAY_SIZE(verbs));
	if (near)
		cli_usage(c, "'registry' has no '%s'; did you mean '" STR_FMT "'?", c->opt.args[0],
			STR_ARG(*near));
	else
		cli_usage(c,
			"'registry' has no '%s' (start, stop, status, list, push, pull, remove, "
			"gc)",
			c->opt.args[0]);
	return NULL;
}

/* Options that go with one of them only. */
static int misplaced(struct cli *c, const struct verb *v)
{
	static const struct {
		enum opt_id id;
		const char *name, *verb;
	} rules[] = {{OPT_TLS, "--tls", "start"}, {OPT_PURGE, "--purge", "stop"}};
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (opt_last(&c->opt, rules[i].id) && strcmp(v->name, rules[i].verb))
			return cli_usage(c, "'%s' goes with 'registry %s', not with '%s'",
				rules[i].name, rules[i].verb, v->name);
	if (c->opt.n_args - 1 < v->min || c->opt.n_args - 1 > v->max)
		return cli_usage(c, "'registry %s' is used as: cilocal registry %s%s", v->name,
			v->name, v->usage);
	return EXIT_OK;
}

static int run(struct cli *c)
{
	struct settings settings;
	struct registry_options o = {.image = NULL};
	const char *root = NULL;
	const struct verb *v = find_verb(c);
	int code = v ? misplaced(c, v) : EXIT_USAGE;
	if (code)
		return code;
	o.host = project_host(c, &root);
	code = settings_load(c, &settings, root);
	if (code)
		return code;
	rc_endpoint(&settings.runners.v[0], &c->arena, &o.engine);
	settings_registry(&c->opt, &o);
	return v->run(c, &o);
}

const struct cmd cmd_registry = {
	.id = CMD_registry,
	.args = "start|stop|status|list|push IMAGE [AS]|pull IMAGE|remove NAME...|gc",
	.summary = "the local stand-in for GitLab's container registry",
	.details =
		"One for each user of this machine, shared by all projects: a container with a "
		"generated user and password. Once started, jobs reach it under the name that "
		"CI_REGISTRY has, and images of that name are pulled from it. Stored images "
		"survive "
		"'stop'; --purge removes them.\n\n"
		"With --tls it has a certificate of its own authority, whose certificate jobs get "
		"as "
		"$CI_SERVER_TLS_CA_FILE, and they and their Docker-in-Docker services as "
		"/etc/docker/certs.d/$CI_REGISTRY/ca.crt: these need no --insecure-registry.\n\n"
		"'push' copies an image of the engine into it, 'pull' one of it to the engine, "
		"where "
		"it has the name that jobs know it by. Names may have the registry's host in "
		"front. "
		"'push IMAGE' alone keeps the image's name, without the host of another "
		"registry.\n\n"
		"'remove' takes images (REPOSITORY:TAG) or repositories with all their tags away, "
		"'gc' what no tag leads to. Both stop the registry for a moment, and refuse "
		"to while jobs run.",
	.output = "status and start with --json: {\"running\", \"exists\", \"storage\", \"host\", "
		  "\"address\", \"port\", \"url\", \"remote\":bool, \"tls\":bool, "
		  "\"ca\":FILE|null, \"certificate_ends\", \"image\", "
		  "\"container\", \"user\", \"credentials\":FILE}, and \"password\" with "
		  "--show-password. list: {\"host\", \"url\", \"tls\":bool, "
		  "\"repositories\":[{\"name\", "
		  "\"tags\":[{\"name\", \"digest\", \"size\", \"platforms\":null|[...]}]}]}, where "
		  "platforms is null but for an index of several images. push and pull: {\"name\", "
		  "\"repository\", \"tag\", \"digest\"}. remove and gc: {\"freed\", \"left\" "
		  "(bytes), "
		  "\"tags\", \"manifests\", \"repositories\" (how many were removed)}. stop: "
		  "{\"stopped\":bool, \"purged\":bool}.",
	.kind = ARG_WORDS,
	.words = "start|stop|status|list|push|pull|remove|gc",
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = run,
};
