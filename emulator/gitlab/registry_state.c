#include "base/base.h"
#include "emulator/gitlab/registry_state.h"
#include "emulator/gitlab/registry.h"
#include "emulator/gitlab/session.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"
#include "emulator/store/store_json.h"

#include <crypt.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Every request to the registry is checked against the hash, so a high cost would only slow pushes
 * down: the password is random, nobody guesses it from its hash.
 */
#define BCRYPT_COST 5

static const char *under_home(struct arena *a, struct error *err)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (xdg && *xdg == '/')
		return arena_printf(a, "%s/cilocal", xdg).p;
	if (home && *home == '/')
		return arena_printf(a, "%s/.local/state/cilocal", home).p;
	error_set(err, ERR_SYS, ENOENT,
		"no place for the registry's password: neither XDG_STATE_HOME nor HOME is set");
	return NULL;
}

const char *registry_state_dir(struct arena *a, const struct registry_options *o, struct error *err)
{
	const char *dir = o && o->state_dir ? o->state_dir : under_home(a, err);

	if (!dir || store_make_dirs(dir, err))
		return NULL;
	return dir;
}

const char *registry_state_path(
	struct arena *a, const struct registry_options *o, struct error *err)
{
	const char *dir = o && o->state_dir ? o->state_dir : under_home(a, err);

	return dir ? arena_printf(a, "%s/registry.json", dir).p : NULL;
}

int registry_names(struct registry_names *n, struct arena *a, const struct registry_options *o,
	struct error *err)
{
	const char *dir = o && o->state_dir ? o->state_dir : under_home(a, err);
	CLEANUP(free) char *real = dir ? realpath(dir, NULL) : NULL;
	unsigned char digest[EVP_MAX_MD_SIZE];

	if (!dir)
		return -1;
	if (real)
		dir = real;
	if (!EVP_Digest(dir, strlen(dir), digest, NULL, EVP_sha256(), NULL))
		return error_set(err, ERR_SYS, ENOSYS, "the system has no SHA-256");
	n->container = arena_printf(
		a, "cilocal-registry-%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
	n->volume = arena_printf(a, STR_FMT "-data", STR_ARG(n->container));
	n->ca_volume = arena_printf(a, STR_FMT "-ca", STR_ARG(n->container));
	return 0;
}

int registry_state_read(struct registry_state *s, struct arena *a, const struct registry_options *o,
	struct error *err)
{
	const char *path = registry_state_path(a, o, err);
	json_error_t why;
	json_t *root;

	memset(s, 0, sizeof(*s));
	if (!path)
		return -1;
	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	root = json_load_file(path, 0, &why);
	if (!root || !json_is_object(root)) {
		json_decref(root);
		return error_set(err, ERR_SYS, EINVAL,
			"'%s' can't be read (%s): remove it, then start the registry anew", path,
			root ? "not an object" : why.text);
	}
	s->user = store_json_get_text(a, root, "user");
	s->password = store_json_get_text(a, root, "password");
	s->deploy_password = store_json_get_text(a, root, "deploy_password");
	s->host = store_json_get_text(a, root, "host");
	s->started = json_is_true(json_object_get(root, "started"));
	s->tls = json_is_true(json_object_get(root, "tls"));
	json_decref(root);
	return 0;
}

int registry_write_private(const char *path, struct str text, struct error *err)
{
	CLEANUP(free) char *tmp = xasprintf("%s.%ld", path, (long)getpid());
	CLEANUP(close) int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_sys(err, errno, "can't write '%s'", tmp);
	if (fchmod(fd, 0600) || write(fd, text.p, text.n) != (ssize_t)text.n || fsync(fd) ||
		rename(tmp, path)) {
		int num = errno;

		unlink(tmp);
		return error_sys(err, num, "can't write '%s'", path);
	}
	return 0;
}

int registry_state_write(const struct registry_state *s, struct arena *a,
	const struct registry_options *o, struct error *err)
{
	const char *path = registry_state_path(a, o, err);
	json_t *root;
	char *text;
	int rc;

	if (!path || !registry_state_dir(a, o, err))
		return -1;
	root = json_object();
	json_object_set_new(root, "user", store_json_text(s->user));
	json_object_set_new(root, "password", store_json_text(s->password));
	json_object_set_new(root, "deploy_password", store_json_text(s->deploy_password));
	json_object_set_new(root, "host", store_json_text(s->host));
	json_object_set_new(root, "started", json_boolean(s->started));
	json_object_set_new(root, "tls", json_boolean(s->tls));
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	if (!text)
		die_oom(0);
	rc = registry_write_private(path, str_c(text), err);
	free(text);
	return rc;
}

int registry_state_remove(struct arena *a, const struct registry_options *o, struct error *err)
{
	const char *path = registry_state_path(a, o, err);

	if (!path)
		return -1;
	if (unlink(path) && errno != ENOENT)
		return error_sys(err, errno, "can't remove '%s'", path);
	return 0;
}

static int random_bytes(void *p, size_t n, struct error *err)
{
	if (getrandom(p, n, 0) != (ssize_t)n)
		return error_sys(err, errno, "no random numbers");
	return 0;
}

/* Looks like GitLab's tokens, by the prefix, so that masking and scanners treat it as one. */
static int make_password(struct arena *a, const char *prefix, struct str *out, struct error *err)
{
	static const char digits[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ__";
	unsigned char raw[40];
	char text[sizeof(raw) + 1];

	if (random_bytes(raw, sizeof(raw), err))
		return -1;
	for (size_t i = 0; i < sizeof(raw); i++)
		text[i] = digits[raw[i] & 63];
	text[sizeof(raw)] = 0;
	*out = arena_printf(a, "%s%s", prefix, text);
	return 0;
}

static int open_lock(
	struct arena *a, const struct registry_options *o, const char *name, struct error *err)
{
	const char *dir = registry_state_dir(a, o, err), *path;
	int fd;

	if (!dir)
		return -1;
	path = arena_printf(a, "%s/%s", dir, name).p;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 ? error_sys(err, errno, "can't write '%s'", path) : fd;
}

int registry_lock(
	struct session *s, struct arena *a, const struct registry_options *o, struct error *err)
{
	int fd = open_lock(a, o, "registry.lock", err);

	if (fd < 0)
		return -1;
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		int why = errno;

		if (why != EWOULDBLOCK || s->signum) {
			close(fd);
			if (!s->signum)
				return error_sys(err, why, "the lock of the registry");
			return error_set(err, ERR_CANCELLED, s->signum,
				"interrupted while another cilocal starts or stops the registry");
		}
		sync_sleep(s, 20);
	}
	return fd;
}

static bool complete(const struct registry_state *s)
{
	return s->user.n && s->password.n && s->deploy_password.n;
}

int registry_state_ensure(struct registry_state *s, struct arena *a,
	const struct registry_options *o, struct error *err)
{
	CLEANUP(close) int fd = -1;

	if (registry_state_read(s, a, o, err))
		return -1;
	if (complete(s))
		return 0;
	/* Two processes that find no password must end with the same one. */
	fd = open_lock(a, o, "registry.json.lock", err);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX))
		return error_sys(err, errno, "the lock of the registry");
	if (registry_state_read(s, a, o, err))
		return -1;
	if (complete(s))
		return 0;
	s->user = STR(REGISTRY_USER);
	if ((!s->password.n && make_password(a, "glcbt-", &s->password, err)) ||
		make_password(a, "gldt-", &s->deploy_password, err))
		return -1;
	return registry_state_write(s, a, o, err);
}

/*
 * libcrypt is loaded here and not linked: each command would pay half a millisecond at its start
 * for what only a new registry needs. Both sonames have these two functions.
 */
static bool bcrypt(const char *password, const char *seed, int n_seed, char *hash, size_t n)
{
	void *lib = dlopen("libcrypt.so.1", RTLD_NOW | RTLD_LOCAL);
	char *(*gensalt)(const char *, unsigned long, const char *, int, char *, int);
	char *(*crypt_it)(const char *, const char *, void *, int);
	struct crypt_data *work = xcalloc(1, sizeof(*work));
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *made = NULL;
	void *symbols[2];

	if (!lib)
		lib = dlopen("libcrypt.so.2", RTLD_NOW | RTLD_LOCAL);
	symbols[0] = lib ? dlsym(lib, "crypt_gensalt_rn") : NULL;
	symbols[1] = lib ? dlsym(lib, "crypt_rn") : NULL;
	/* A function pointer has the size of an object pointer wherever dlsym exists (POSIX). */
	memcpy(&gensalt, &symbols[0], sizeof(gensalt));
	memcpy(&crypt_it, &symbols[1], sizeof(crypt_it));
	if (gensalt && crypt_it &&
		gensalt("$2y$", BCRYPT_COST, seed, n_seed, salt, (int)sizeof(salt)))
		made = crypt_it(password, salt, work, (int)sizeof(*work));
	if (made)
		snprintf(hash, n, "%s", made);
	free(work);
	if (lib)
		dlclose(lib);
	return made != NULL;
}

static int add_user(
	struct buf *out, struct arena *a, struct str user, struct str password, struct error *err)
{
	char hash[CRYPT_OUTPUT_SIZE];
	char seed[16];

	if (random_bytes(seed, sizeof(seed), err))
		return -1;
	if (!bcrypt(arena_cstr(a, password), seed, (int)sizeof(seed), hash, sizeof(hash)))
		return error_set(err, ERR_SYS, ENOSYS,
			"the system's crypt library (libcrypt1) can't make bcrypt hashes");
	buf_printf(out, STR_FMT ":%s\n", STR_ARG(user), hash);
	return 0;
}

int registry_htpasswd(
	struct str *out, struct arena *a, const struct registry_state *s, struct error *err)
{
	struct buf lines = BUF_INIT;
	int rc = add_user(&lines, a, s->user, s->password, err);

	if (!rc)
		rc = add_user(&lines, a, STR(REGISTRY_DEPLOY_USER), s->deploy_password, err);
	*out = arena_str(a, buf_str(&lines));
	buf_release(&lines);
	return rc;
}

struct str registry_fingerprint(struct arena *a, const struct registry_state *s)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	char text[17] = "";

	struct str both = arena_printf(
		a, STR_FMT "\n" STR_FMT, STR_ARG(s->password), STR_ARG(s->deploy_password));

	if (!EVP_Digest(both.p, both.n, digest, &n, EVP_sha256(), NULL))
		return STR_NULL;
	for (unsigned i = 0; i < 8; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return arena_str(a, str_c(text));
}

bool registry_uses_tls(const struct registry_state *s, const struct registry_options *o)
{
	if (o->tls == REGISTRY_TLS_AS_IS)
		return s->started && s->tls;
	return o->tls == REGISTRY_TLS_ON;
}

struct str registry_host_name(struct str host)
{
	return str_sub(host, 0, MIN(host.n, str_chr(host, ':')));
}

const char *registry_authorization(struct arena *a, struct str user, struct str password)
{
	struct str plain = arena_printf(a, STR_FMT ":" STR_FMT, STR_ARG(user), STR_ARG(password));
	char *out = arena_alloc(a, plain.n * 4 / 3 + 8);

	EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)plain.p, (int)plain.n);
	return arena_printf(a, "Authorization: Basic %s", out).p;
}
