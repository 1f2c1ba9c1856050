#include "base/base.h"

#include "emulator/cli/settings.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/runner_toml.h"
#include "emulator/cli/toml.h"
#include "emulator/core/trace.h"
#include "emulator/gitlab/registry.h"
#include "yaml/node.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SMALL_FILE ((size_t)4 << 20)
#define MAX_FILES      3

int read_small_file(struct arena *a, const char *path, struct str *out)
{
	struct stat st;
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st))
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	/* Pipes are fine: `--config <(...)`. */
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	b.max = MAX_SMALL_FILE;
	for (;;) {
		char chunk[16384];
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (!n)
			break;
		buf_add(&b, chunk, (size_t)n);
		if (b.overflow)
			return EFBIG;
	}
	*out = arena_str(a, buf_str(&b));
	return 0;
}

const char *user_config_path(struct cli *c, const char *name)
{
	const char *base = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	if (base && base[0] == '/')
		return arena_printf(&c->arena, "%s/cilocal/%s", base, name).p;
	if (home && *home)
		return arena_printf(&c->arena, "%s/.config/cilocal/%s", home, name).p;
	return NULL;
}

static const char *place_of(struct cli *c, const char *path, const struct node *n)
{
	return arena_printf(&c->arena, "%s:%u", path, n->at.begin.line).p;
}

static void bad_option(struct settings *s, const struct node *at, struct str key, const char *why)
{
	struct str names[OPT_COUNT + 3];
	size_t n_options, n = 0;
	const struct opt_def *t = opt_table(&n_options);
	for (size_t i = 0; i < n_options; i++)
		if (!(t[i].flags & (OPTF_HIDDEN | OPTF_NOCONFIG)))
			names[n++] = str_c(t[i].name);
	names[n++] = STR("templates");
	names[n++] = STR("projects");
	names[n++] = STR("images");
	struct diag *d = diag_error(&s->diags, "config-option", at->at, "[cilocal]: %s", why);
	const struct str *near = str_nearest(key, names, n);
	if (near && !str_eq(*near, key))
		diag_note(&s->diags, d, SPAN_NONE, "did you mean '" STR_FMT "'?", STR_ARG(*near));
}

static void option_value(
	struct cli *c, struct settings *s, const char *path, struct str key, const struct node *n)
{
	CLEANUP(buf_release) struct buf err = BUF_INIT;
	const char *from = place_of(c, path, n);
	int r;
	if (n->kind == NODE_BOOL)
		r = options_default(&c->opt, &c->arena, key, NULL, n->u.boolean, from, &err);
	else if (n->kind == NODE_INT || (n->kind == NODE_STRING && n->quoted))
		r = options_default(
			&c->opt, &c->arena, key, arena_cstr(&c->arena, n->text), true, from, &err);
	else {
		bad_option(s, n, key, "an option wants a string, a number, true or false");
		return;
	}
	if (r)
		bad_option(s, n, key, err.p);
}

/* NAME = "VALUE" of a table for options whose argument is NAME=VALUE. */
static void option_pairs(
	struct cli *c, struct settings *s, const char *path, struct str key, const struct node *map)
{
	node_each_pair(pair, map)
	{
		CLEANUP(buf_release) struct buf err = BUF_INIT;
		struct str text = arena_printf(&c->arena, STR_FMT "=" STR_FMT,
			STR_ARG(pair->key->text), STR_ARG(pair->value->text));
		if (pair->value->kind == NODE_MAP || pair->value->kind == NODE_SEQ)
			bad_option(s, pair->value, key, "a value here must be a string");
		else if (options_default(&c->opt, &c->arena, key, text.p, true,
				 place_of(c, path, pair->value), &err))
			bad_option(s, pair->value, key, err.p);
	}
}

/*
 * A path as the file means it: from the user's home, or from the file's own folder. URLs and git's
 * host:path stay as they are.
 */
static struct str path_value(struct cli *c, const char *folder, struct str text)
{
	const char *home = getenv("HOME");
	size_t slash = str_chr(text, '/'), colon = str_chr(text, ':');
	if (home && (str_is(text, "~") || str_starts(text, STR("~/"))))
		return arena_printf(&c->arena, "%s" STR_FMT, home, STR_ARG(str_from(text, 1)));
	if (!text.n || text.p[0] == '/' || (colon != STR_NPOS && colon < slash))
		return text;
	return arena_printf(&c->arena, "%s/" STR_FMT, folder, STR_ARG(text));
}

/* Files that are read later win, project by project. */
static void put_project(struct cli *c, struct settings *s, struct rc_pair pair)
{
	for (size_t i = 0; i < s->projects.n; i++)
		if (str_eq(s->projects.v[i].key, pair.key)) {
			s->projects.v[i] = pair;
			return;
		}
	struct rc_pair *v = arena_array(&c->arena, struct rc_pair, s->projects.n + 1);
	if (s->projects.n)
		memcpy(v, s->projects.v, s->projects.n * sizeof(*v));
	v[s->projects.n++] = pair;
	s->projects.v = v;
	s->projects.set = true;
}

static void read_projects(struct cli *c, struct settings *s, const char *folder, uint32_t file,
	const struct node *map)
{
	if (map->kind != NODE_MAP) {
		diag_error(&s->diags, "config-type", map->at,
			"'projects' wants a table: \"group/name\" = \"/path/of/a/clone\"");
		return;
	}
	node_each_pair(pair, map)
	{
		const struct node *v = pair->value;
		if (v->kind != NODE_STRING || !v->quoted) {
			diag_error(&s->diags, "config-type", v->at, "a path must be a string");
			continue;
		}
		put_project(c, s,
			(struct rc_pair){pair->key->text,
				{path_value(c, folder, v->text), true,
					{file, v->at.begin.line, v->at.begin.col}}});
	}
}

void settings_registry(const struct options *opt, struct registry_options *o)
{
	const struct opt_value *tls = opt_last(opt, OPT_TLS);
	const char *host = opt_text(opt, OPT_REGISTRY_HOST);
	if (!tls)
		tls = opt_last(opt, OPT_REGISTRY_TLS);
	o->image = opt_text(opt, OPT_REGISTRY_IMAGE);
	if (host)
		o->host = host;
	if (tls)
		o->tls = tls->negated ? REGISTRY_TLS_OFF : REGISTRY_TLS_ON;
}

struct str settings_option(struct str key)
{
	return str_is(key, "images") ? STR("image") : key;
}

static void read_own_table(struct cli *c, struct settings *s, const char *path, const char *folder,
	uint32_t file, const struct node *own)
{
	if (own->kind != NODE_MAP) {
		diag_error(
			&s->diags, "config-type", own->at, "'cilocal' wants a table ([cilocal])");
		return;
	}
	node_each_pair(pair, own)
	{
		struct str key = settings_option(pair->key->text);
		const struct node *v = pair->value;
		if (str_is(key, "projects")) {
			read_projects(c, s, folder, file, v);
		} else if (str_is(key, "templates")) {
			if (v->kind == NODE_STRING && v->quoted)
				s->templates = (struct rc_text){path_value(c, folder, v->text),
					true, {file, v->at.begin.line, v->at.begin.col}};
			else
				diag_error(&s->diags, "config-type", v->at,
					"'templates' wants a string, the path of a folder");
		} else if (v->kind == NODE_SEQ) {
			node_each (item, v)
				option_value(c, s, path, key, item);
		} else if (v->kind == NODE_MAP) {
			option_pairs(c, s, path, key, v);
		} else {
			option_value(c, s, path, key, v);
		}
	}
}

static const char *folder_of(struct cli *c, const char *path)
{
	size_t slash = str_rchr(str_c(path), '/');
	if (slash == STR_NPOS)
		return ".";
	return arena_cstr(&c->arena, str_sub(str_c(path), 0, slash ? slash : 1));
}

/* ---- files that [[runners]] names for TLS ---- */

static void tls_warn(struct settings *s, const struct rc_text *t, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

static void tls_warn(struct settings *s, const struct rc_text *t, const char *fmt, ...)
{
	/* The first file is the first source. */
	struct loc at = {1 + t->at.file, t->at.line, t->at.col};
	struct span span = {at, at};
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	diag_warn(&s->diags, "config-tls-file", span, "%s", text.p);
}

/* Empty, with a warning, where it can't be read. */
static struct str read_pem(struct cli *c, struct settings *s, const struct rc_text *t,
	const char *key, const char *mark)
{
	struct str text = STR_NULL;
	int why = read_small_file(&c->arena, arena_cstr(&c->arena, t->v), &text);
	if (why)
		tls_warn(s, t, "'%s': cannot read '" STR_FMT "': %s", key, STR_ARG(t->v),
			strerror(why));
	else if (str_find(text, str_c(mark)) == STR_NPOS)
		tls_warn(s, t, "'%s': '" STR_FMT "' holds no PEM text (%s)", key, STR_ARG(t->v),
			mark);
	return text;
}

/*
 * The Runner goes on without a file that it can't read (network/client.go, addTLSCA; network/
 * gitlab.go, loadTLSData), and without a CA file that is no PEM; of the certificate and the key it
 * does not ask what is in them.
 */
static void read_tls(struct cli *c, struct settings *s, struct runner_config *r)
{
	static const char certificate[] = "-----BEGIN CERTIFICATE-----";
	struct rc_text *cert = &r->tls_cert_file, *key = &r->tls_key_file;
	if (r->tls_ca_file.v.n) {
		r->tls.ca = read_pem(c, s, &r->tls_ca_file, "tls-ca-file", certificate);
		if (str_find(r->tls.ca, str_c(certificate)) == STR_NPOS)
			r->tls.ca = STR_NULL;
	}
	if (cert->v.n && key->v.n) {
		r->tls.cert = read_pem(c, s, cert, "tls-cert-file", certificate);
		r->tls.key = read_pem(c, s, key, "tls-key-file", "PRIVATE KEY-----");
	} else if (cert->v.n || key->v.n) {
		tls_warn(s, cert->v.n ? cert : key, "'%s' has no effect without '%s'",
			cert->v.n ? "tls-cert-file" : "tls-key-file",
			cert->v.n ? "tls-key-file" : "tls-cert-file");
	}
	if (!r->tls.cert.n || !r->tls.key.n)
		r->tls.cert = r->tls.key = STR_NULL;
}

/* Those that this file names. */
static void tls_paths(struct cli *c, struct settings *s, const char *folder, uint32_t file)
{
	for (size_t i = 0; i < s->runners.n; i++) {
		struct runner_config *r = &s->runners.v[i];
		struct rc_text *const paths[] = {
			&r->tls_ca_file, &r->tls_cert_file, &r->tls_key_file};
		for (size_t k = 0; k < ARRAY_SIZE(paths); k++)
			if (paths[k]->set && paths[k]->at.file == file)
				paths[k]->v = path_value(c, folder, paths[k]->v);
	}
}

/*
 * EXIT_OK, or EXIT_USAGE where a file that was asked for can't be read. The path is what messages
 * show; dir is in front of it (NULL: the current directory).
 */
static int read_file(
	struct cli *c, struct settings *s, const char *dir, const char *path, bool must)
{
	struct str text;
	const char *full = dir ? arena_printf(&c->arena, "%s/%s", dir, path).p : path;
	int why = read_small_file(&c->arena, full, &text);
	if (!must && (why == ENOENT || why == ENOTDIR))
		return EXIT_OK;
	if (why) {
		cli_error(c, "cannot read configuration '%s': %s", path, strerror(why));
		return EXIT_USAGE;
	}
	TRACE(LOAD, "configuration %s", full);
	uint32_t id = source_add(&s->sources, str_c(path), text, SPAN_NONE);
	const struct node *root = toml_read(&c->arena, source_get(&s->sources, id), &s->diags);
	if (!root)
		return EXIT_OK;
	struct runner_config *first = &s->runners.v[0];
	uint32_t file = (uint32_t)first->n_files;
	first->files[first->n_files++] = path;
	const struct node *own = node_get(root, "cilocal");
	if (own)
		read_own_table(c, s, path, folder_of(c, full), file, own);
	runner_toml_read(&c->arena, root, file, c->verbose > 0, &s->runners, &s->diags);
	tls_paths(c, s, folder_of(c, full), file);
	return EXIT_OK;
}

/* What is the same for all of them. */
static void finish_runners(struct cli *c, struct settings *s)
{
	const struct opt_value *privileged = opt_last(&c->opt, OPT_PRIVILEGED);
	struct runner_configs *all = &s->runners;
	for (size_t i = 0; i < all->n; i++) {
		all->v[i].files = all->v[0].files;
		all->v[i].n_files = all->v[0].n_files;
		if (privileged)
			all->v[i].docker.privileged =
				(struct rc_bool){!privileged->negated, true, {0, 0, 0}};
	}
}

int settings_load(struct cli *c, struct settings *s, const char *root)
{
	memset(s, 0, sizeof(*s));
	source_set_init(&s->sources, &c->arena);
	diags_init(&s->diags, &c->arena);
	runner_toml_init(&c->arena, &s->runners);
	s->runners.v[0].files = arena_array(&c->arena, const char *, MAX_FILES);
	const char *user = user_config_path(c, "config.toml");
	const char *asked = opt_text(&c->opt, OPT_CONFIG);
	int code = EXIT_OK;
	if (user)
		code = read_file(c, s, NULL, user, false);
	if (!code && root)
		code = read_file(c, s, root, ".cilocal.toml", false);
	if (!code && asked)
		code = read_file(c, s, NULL, asked, true);
	if (code)
		return code;
	runner_toml_unused(&s->runners, &s->diags, 1);
	for (size_t i = 0; i < s->runners.n; i++)
		read_tls(c, s, &s->runners.v[i]);
	if (s->diags.errors || !c->quiet)
		cli_diags(c, &s->sources, &s->diags);
	if (s->diags.errors)
		return EXIT_USAGE;
	cli_apply_look(c);
	finish_runners(c, s);
	return EXIT_OK;
}
