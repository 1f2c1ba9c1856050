/* Where the engine is: options, environment, docker contexts, well-known sockets. */
#include "base/base.h"
#include "emulator/docker/engine.h"

#include "emulator/core/error.h"
#include "emulator/docker/docker_file.h"
#include "emulator/docker/json.h"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

void endpoint_release(struct endpoint *e)
{
	free(e->url);
	free(e->origin);
	free(e->socket);
	free(e->host);
	free(e->user);
	free(e->ca_file);
	free(e->cert_file);
	free(e->key_file);
	memset(e, 0, sizeof(*e));
}

static const char *env(const struct endpoint_lookup *in, const char *name)
{
	const char *v = in->getenv ? in->getenv(in->arg, name) : getenv(name);

	return v && *v ? v : NULL;
}

/* ---- one URL ---- */

static int parse_port(struct str text, unsigned *port)
{
	uint64_t v;

	if (!parse_u64(text, &v) || !v || v > 65535)
		return -1;
	*port = (unsigned)v;
	return 0;
}

/* "host", "host:port", "[v6]:port", with a path behind it that the Engine API does not have. */
static int parse_address(struct str rest, struct endpoint *out)
{
	size_t slash = str_chr(rest, '/'), colon;
	struct str host;

	if (slash != STR_NPOS && str_trim(str_from(rest, slash + 1)).n)
		return -1;
	rest = str_sub(rest, 0, slash);
	if (rest.n && rest.p[0] == '[') {
		size_t close = str_chr(rest, ']');

		if (close == STR_NPOS)
			return -1;
		host = str_sub(rest, 1, close);
		rest = str_from(rest, close + 1);
		if (rest.n && (rest.p[0] != ':' || parse_port(str_from(rest, 1), &out->port)))
			return -1;
	} else {
		colon = str_rchr(rest, ':');
		host = str_sub(rest, 0, colon);
		if (colon != STR_NPOS && parse_port(str_from(rest, colon + 1), &out->port))
			return -1;
	}
	out->host = xstrndup(host.n ? host.p : "127.0.0.1", host.n ? host.n : 9);
	return 0;
}

/* "me@" in front of a host. */
static struct str take_user(struct str rest, struct endpoint *out)
{
	size_t at = str_chr(rest, '@');

	if (at == STR_NPOS)
		return rest;
	if (at)
		out->user = xstrndup(rest.p, at);
	return str_from(rest, at + 1);
}

int endpoint_parse(const char *url, struct endpoint *out, struct error *err)
{
	struct str s = str_trim(str_c(url));
	size_t at = str_find(s, STR("://"));
	struct str scheme = at == STR_NPOS ? STR_NULL : str_sub(s, 0, at);
	struct str rest = at == STR_NPOS ? s : str_from(s, at + 3);

	memset(out, 0, sizeof(*out));
	if (str_is(scheme, "unix") || (!scheme.n && rest.n && rest.p[0] == '/')) {
		if (!rest.n)
			rest = STR("/var/run/docker.sock");
		out->socket = xstrndup(rest.p, rest.n);
		out->url = xasprintf("unix://%s", out->socket);
		return 0;
	}
	if (at != STR_NPOS && !str_is(scheme, "tcp") && !str_is(scheme, "http") &&
		!str_is(scheme, "https") && !str_is(scheme, "ssh"))
		return error_set(err, ERR_USAGE, 0,
			"engine address '%s': unknown scheme '" STR_FMT
			"' (unix, tcp, http, https, ssh)",
			url, STR_ARG(scheme));
	out->tls = str_is(scheme, "https");
	out->ssh = str_is(scheme, "ssh");
	if (out->ssh)
		rest = take_user(rest, out);
	if (!s.n || (out->ssh && !rest.n) || parse_address(rest, out)) {
		bool ssh = out->ssh;

		endpoint_release(out);
		return error_set(err, ERR_USAGE, 0, "engine address '%s': expected %s", url,
			ssh ? "ssh://USER@HOST" : "tcp://HOST:PORT");
	}
	out->url = xstrndup(s.p, s.n);
	return 0;
}

static void default_port(struct endpoint *e)
{
	if (e->host && !e->port && !e->ssh)
		e->port = e->tls ? 2376 : 2375;
}

static char *file_if_there(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);

	if (access(path, F_OK)) {
		free(path);
		return NULL;
	}
	return path;
}

/* ca.pem, cert.pem, key.pem. The ones that are missing are simply not used, as docker does. */
static void use_tls(struct endpoint *e, const char *dir, bool verify)
{
	if (!e->host || e->ssh)
		return;
	e->tls = true;
	e->tls_insecure = !verify;
	e->ca_file = file_if_there(dir, "ca.pem");
	e->cert_file = file_if_there(dir, "cert.pem");
	e->key_file = file_if_there(dir, "key.pem");
}

/* ---- environment and contexts ---- */

static char *config_dir(const struct endpoint_lookup *in)
{
	const char *dir = env(in, "DOCKER_CONFIG"), *home = env(in, "HOME");

	if (dir)
		return xstrdup(dir);
	return home ? xasprintf("%s/.docker", home) : NULL;
}

static int from_url(const char *url, char *origin, struct endpoint *out, struct error *err)
{
	if (endpoint_parse(url, out, err)) {
		error_wrap(err, "%s", origin);
		free(origin);
		return -1;
	}
	out->origin = origin;
	return 0;
}

static int from_env(
	const struct endpoint_lookup *in, const char *url, struct endpoint *out, struct error *err)
{
	const char *certs = env(in, "DOCKER_CERT_PATH");
	CLEANUP(free) char *dir = certs ? xstrdup(certs) : config_dir(in);
	bool verify = env(in, "DOCKER_TLS_VERIFY") != NULL;

	if (from_url(url, xstrdup("DOCKER_HOST"), out, err))
		return -1;
	if (dir && (verify || env(in, "DOCKER_TLS")))
		use_tls(out, dir, verify);
	default_port(out);
	return 0;
}

/* Reads meta.json of one context; out is filled when it is the one called name. */
static int read_context(const char *contexts, const char *entry, const char *name,
	struct endpoint *out, bool *found, struct error *err)
{
	CLEANUP(free) char *path = xasprintf("%s/meta/%s/meta.json", contexts, entry);
	CLEANUP(free) char *tls = xasprintf("%s/tls/%s/docker", contexts, entry);
	struct error ignored = ERROR_INIT;
	struct buf text = BUF_INIT;
	json_t *doc = NULL, *at;
	struct str host;
	int rc = 0;

	if (!docker_file_read(path, &text, &ignored))
		doc = json_parse(buf_str(&text), path, &ignored);
	if (doc && str_is(json_str(doc, "Name"), name)) {
		*found = true;
		at = json_get(json_get(doc, "Endpoints"), "docker");
		host = json_str(at, "Host");
		if (!host.n)
			rc = error_set(err, ERR_USAGE, 0,
				"docker context '%s' names no Docker engine", name);
		else
			rc = from_url(host.p, xasprintf("docker context '%s'", name), out, err);
		if (!rc && !access(tls, F_OK))
			use_tls(out, tls, !json_flag(at, "SkipTLSVerify"));
		if (!rc)
			default_port(out);
	}
	json_decref(doc);
	buf_release(&text);
	return rc;
}

/* Contexts are kept under the hash of their name; reading them all needs no hash function. */
static int from_context(
	const char *dir, const char *name, const char *who, struct endpoint *out, struct error *err)
{
	CLEANUP(free) char *contexts = xasprintf("%s/contexts", dir);
	CLEANUP(free) char *meta = xasprintf("%s/meta", contexts);
	DIR *d = opendir(meta);
	struct dirent *entry;
	bool found = false;
	int rc = 0;

	while (d && !found && (entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			rc = read_context(contexts, entry->d_name, name, out, &found, err);
	if (d)
		closedir(d);
	if (!found)
		return error_set(err, ERR_USAGE, 0,
			"%s: there is no docker context '%s' in '%s' (docker context ls)", who,
			name, contexts);
	return rc;
}

/* The currentContext of config.json; NULL when there is none worth looking up. */
static char *current_context(const char *dir)
{
	CLEANUP(free) char *path = xasprintf("%s/config.json", dir);
	struct error ignored = ERROR_INIT;
	struct buf text = BUF_INIT;
	char *name = NULL;

	if (!docker_file_read(path, &text, &ignored)) {
		/* A broken file is reported by the lookup of credentials, which needs it. */
		CLEANUP(json_decref) json_t *doc = json_parse(buf_str(&text), path, &ignored);
		struct str current = json_str(doc, "currentContext");

		if (current.n && !str_is(current, "default"))
			name = xstrndup(current.p, current.n);
	}
	buf_release(&text);
	return name;
}

/* ---- well-known sockets ---- */

static bool accepts(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	bool ok;
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path))
		return false;
	memcpy(sa.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	/* EAGAIN: somebody listens, but is busy. */
	ok = !connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) || errno == EAGAIN;
	close(fd);
	return ok;
}

struct candidates {
	char *path[6];
	size_t n;
};

static void add_candidate(struct candidates *c, const char *dir, const char *name)
{
	if (dir)
		c->path[c->n++] = xasprintf("%s%s", dir, name);
}

static int from_sockets(const struct endpoint_lookup *in, struct endpoint *out, struct error *err)
{
	const char *root = in->root ? in->root : "", *run = env(in, "XDG_RUNTIME_DIR");
	struct candidates c = {.n = 0};
	const char *pick = NULL;
	struct buf looked = BUF_INIT;
	int rc = -1;

	add_candidate(&c, root, "/var/run/docker.sock");
	add_candidate(&c, run, "/docker.sock");
	add_candidate(&c, env(in, "HOME"), "/.docker/run/docker.sock");
	add_candidate(&c, run, "/podman/podman.sock");
	add_candidate(&c, root, "/run/podman/podman.sock");
	for (size_t i = 0; i < c.n && !pick; i++)
		if (accepts(c.path[i]))
			pick = c.path[i];
	for (size_t i = 0; i < c.n && !pick; i++)
		if (!access(c.path[i], F_OK))
			pick = c.path[i];
	for (size_t i = 0; i < c.n; i++)
		buf_printf(&looked, "%s%s", i ? ", " : "", c.path[i]);
	if (pick)
		rc = from_url(pick, xstrdup("default socket"), out, err);
	else
		error_set(err, ERR_SYS, ENOENT,
			"no Docker engine found: DOCKER_HOST is not set, and there is no socket at "
			"%s",
			looked.p);
	for (size_t i = 0; i < c.n; i++)
		free(c.path[i]);
	buf_release(&looked);
	return rc;
}

int endpoint_find(const struct endpoint_lookup *in, struct endpoint *out, struct error *err)
{
	const char *host = env(in, "DOCKER_HOST"), *name = env(in, "DOCKER_CONTEXT");
	CLEANUP(free) char *dir = config_dir(in);
	CLEANUP(free) char *current = NULL;

	memset(out, 0, sizeof(*out));
	if (in->host && *in->host) {
		if (from_url(in->host, xstrdup("configured host"), out, err))
			return -1;
		if (in->tls_verify && in->tls_dir)
			use_tls(out, in->tls_dir, true);
		default_port(out);
		return 0;
	}
	if (host)
		return from_env(in, host, out, err);
	if (name && dir && strcmp(name, "default") != 0)
		return from_context(dir, name, "DOCKER_CONTEXT", out, err);
	if (!name && dir)
		current = current_context(dir);
	if (current)
		return from_context(dir, current, "currentContext of config.json", out, err);
	return from_sockets(in, out, err);
}
