#include "base/base.h"
#include "emulator/gitlab/jwt.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"
#include "base/arena.h"
#include "base/buf.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BITS 2048

struct jwt_key {
	EVP_PKEY *pkey;
	struct arena arena;
	struct str kid; /* the thumbprint (RFC 7638), as GitLab has it */
	struct str set;
};

static int crypto_error(struct error *err, const char *what)
{
	char text[256];
	unsigned long code = ERR_get_error();

	ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	return error_set(err, ERR_SYS, EIO, "%s: %s", what, code ? text : "unknown reason");
}

/* The URL alphabet without padding (RFC 7515, section 2). */
static void add_base64url(struct buf *out, const void *p, size_t n)
{
	size_t at = out->n;
	int len;

	/* What is behind the end of a buf is its own: the text is made there, then taken over. */
	buf_reserve(out, n / 3 * 4 + 8);
	len = EVP_EncodeBlock((unsigned char *)out->p + at, p, (int)n);
	for (int i = 0; i < len; i++) {
		char c = out->p[at + (size_t)i];

		if (c == '=')
			break;
		out->p[out->n++] = (char)(c == '+' ? '-' : c == '/' ? '_' : c);
	}
	out->p[out->n] = '\0';
}

/* ---- the key's file ---- */

static EVP_PKEY *read_key(const char *path, struct error *err)
{
	FILE *f = fopen(path, "re");
	EVP_PKEY *pkey;

	if (!f) {
		error_sys(err, errno, "can't read '%s'", path);
		return NULL;
	}
	pkey = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	if (!pkey) {
		crypto_error(NULL, "");
		error_set(err, ERR_SYS, EINVAL,
			"'%s' holds no private key; remove it, and the next run makes a new one",
			path);
	} else if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
		error_set(err, ERR_SYS, EINVAL, "the key in '%s' is no RSA key", path);
	}
	return pkey;
}

static int write_key(EVP_PKEY *pkey, int fd, const char *path, struct error *err)
{
	FILE *f = fdopen(fd, "we");
	bool ok;

	if (!f) {
		close(fd);
		return error_sys(err, errno, "can't write '%s'", path);
	}
	ok = PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL) == 1;
	ok = fflush(f) == 0 && fsync(fd) == 0 && ok;
	if (fclose(f) || !ok)
		return error_sys(err, errno, "can't write '%s'", path);
	return 0;
}

/* Under its own name first, then linked: nobody ever sees half a key, and the first one wins. */
static int make_key(const char *dir, const char *path, struct error *err)
{
	CLEANUP(free) char *tmp = xasprintf("%s.%ld", path, (long)getpid());
	EVP_PKEY *pkey;
	int fd, rc;

	if (store_make_dirs(dir, err))
		return -1;
	pkey = EVP_RSA_gen(KEY_BITS);
	if (!pkey)
		return crypto_error(err, "can't make a key for id_tokens");
	unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		rc = error_sys(err, errno, "can't write '%s'", tmp);
	else
		rc = write_key(pkey, fd, tmp, err);
	EVP_PKEY_free(pkey);
	if (!rc && link(tmp, path) && errno != EEXIST)
		rc = error_sys(err, errno, "can't write '%s'", path);
	unlink(tmp);
	return rc;
}

/* ---- the public half ---- */

static int add_number(const EVP_PKEY *pkey, const char *name, struct buf *out)
{
	BIGNUM *bn = NULL;
	unsigned char bytes[KEY_BITS / 2]; /* four times what keys of ours have */
	int n;

	if (!EVP_PKEY_get_bn_param(pkey, name, &bn))
		return -1;
	n = BN_num_bytes(bn);
	if (n <= 0 || (size_t)n > sizeof(bytes) || BN_bn2bin(bn, bytes) != n)
		n = -1;
	else
		add_base64url(out, bytes, (size_t)n);
	BN_free(bn);
	return n < 0 ? -1 : 0;
}

static int describe(struct jwt_key *k, struct error *err)
{
	CLEANUP(buf_release) struct buf e = BUF_INIT;
	CLEANUP(buf_release) struct buf n = BUF_INIT;
	CLEANUP(buf_release) struct buf kid = BUF_INIT;
	unsigned char sum[EVP_MAX_MD_SIZE];
	struct str canonical;
	unsigned len;

	if (add_number(k->pkey, OSSL_PKEY_PARAM_RSA_E, &e) ||
		add_number(k->pkey, OSSL_PKEY_PARAM_RSA_N, &n))
		return crypto_error(err, "can't read the key of id_tokens");
	canonical =
		arena_printf(&k->arena, "{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}", e.p, n.p);
	if (!EVP_Digest(canonical.p, canonical.n, sum, &len, EVP_sha256(), NULL))
		return crypto_error(err, "can't read the key of id_tokens");
	add_base64url(&kid, sum, len);
	k->kid = arena_str(&k->arena, buf_str(&kid));
	k->set = arena_printf(&k->arena,
		"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"%s\",\"e\":\"%s\",\"n\":\"%s\","
		"\"use\":\"sig\",\"alg\":\"RS256\"}]}\n",
		kid.p, e.p, n.p);
	return 0;
}

struct jwt_key *jwt_key_open(const char *dir, struct error *err)
{
	CLEANUP(free) char *path = xasprintf("%s/key.pem", dir);
	struct jwt_key *k;

	if (access(path, F_OK) && make_key(dir, path, err))
		return NULL;
	k = xcalloc(1, sizeof(*k));
	k->pkey = read_key(path, err);
	if (!k->pkey || describe(k, err)) {
		jwt_key_free(k);
		return NULL;
	}
	return k;
}

void jwt_key_free(struct jwt_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pkey);
	arena_release(&k->arena);
	free(k);
}

struct str jwt_key_set(const struct jwt_key *k)
{
	return k->set;
}

static int sign(const struct jwt_key *k, struct str text, struct buf *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *sig = NULL;
	size_t n = 0;
	int rc = -1;

	if (ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k->pkey) == 1 &&
		EVP_DigestSign(ctx, NULL, &n, (const unsigned char *)text.p, text.n) == 1) {
		sig = xmalloc(n);
		rc = EVP_DigestSign(ctx, sig, &n, (const unsigned char *)text.p, text.n) == 1 ? 0
											      : -1;
	}
	if (!rc)
		add_base64url(out, sig, n);
	free(sig);
	EVP_MD_CTX_free(ctx);
	return rc;
}

int jwt_sign(const struct jwt_key *k, struct str claims, struct arena *a, struct str *token,
	struct error *err)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	CLEANUP(buf_release) struct buf signature = BUF_INIT;
	struct str header = arena_printf(
		a, "{\"kid\":\"" STR_FMT "\",\"typ\":\"JWT\",\"alg\":\"RS256\"}", STR_ARG(k->kid));

	add_base64url(&out, header.p, header.n);
	buf_addc(&out, '.');
	add_base64url(&out, claims.p, claims.n);
	if (sign(k, buf_str(&out), &signature))
		return crypto_error(err, "can't sign a token");
	buf_addc(&out, '.');
	buf_addstr(&out, buf_str(&signature));
	*token = arena_str(a, buf_str(&out));
	return 0;
}

void jwt_library(struct buf *out)
{
	buf_printf(out, "OpenSSL %s", OpenSSL_version(OPENSSL_VERSION_STRING));
}
