#include "base/base.h"
#include "emulator/docker/raw_tls.h"

#include "emulator/core/error.h"
#include "emulator/docker/engine.h"

#include <dlfcn.h>
#include <openssl/ssl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

/* The part of OpenSSL that is used: X(result, name, parameters). */
#define SSL_FUNCTIONS(X)                                                               \
	X(const SSL_METHOD *, TLS_client_method, (void))                               \
	X(SSL_CTX *, SSL_CTX_new, (const SSL_METHOD *))                                \
	X(void, SSL_CTX_free, (SSL_CTX *))                                             \
	X(long, SSL_CTX_ctrl, (SSL_CTX *, int, long, void *))                          \
	X(int, SSL_CTX_load_verify_locations, (SSL_CTX *, const char *, const char *)) \
	X(int, SSL_CTX_set_default_verify_paths, (SSL_CTX *))                          \
	X(int, SSL_CTX_use_certificate_chain_file, (SSL_CTX *, const char *))          \
	X(int, SSL_CTX_use_PrivateKey_file, (SSL_CTX *, const char *, int))            \
	X(void, SSL_CTX_set_verify, (SSL_CTX *, int, SSL_verify_cb))                   \
	X(SSL *, SSL_new, (SSL_CTX *))                                                 \
	X(void, SSL_free, (SSL *))                                                     \
	X(long, SSL_ctrl, (SSL *, int, long, void *))                                  \
	X(void, SSL_set_bio, (SSL *, BIO *, BIO *))                                    \
	X(void, SSL_set_connect_state, (SSL *))                                        \
	X(int, SSL_set1_host, (SSL *, const char *))                                   \
	X(X509_VERIFY_PARAM *, SSL_get0_param, (SSL *))                                \
	X(int, SSL_do_handshake, (SSL *))                                              \
	X(int, SSL_read, (SSL *, void *, int))                                         \
	X(int, SSL_write, (SSL *, const void *, int))                                  \
	X(int, SSL_shutdown, (SSL *))                                                  \
	X(int, SSL_get_error, (const SSL *, int))                                      \
	X(long, SSL_get_verify_result, (const SSL *))                                  \
	X(const char *, X509_verify_cert_error_string, (long))                         \
	X(int, X509_VERIFY_PARAM_set1_ip_asc, (X509_VERIFY_PARAM *, const char *))     \
	X(unsigned long, ERR_get_error, (void))                                        \
	X(void, ERR_clear_error, (void))                                               \
	X(const char *, ERR_reason_error_string, (unsigned long))                      \
	X(BIO *, BIO_new, (const BIO_METHOD *))                                        \
	X(const BIO_METHOD *, BIO_s_mem, (void))                                       \
	X(int, BIO_read, (BIO *, void *, int))                                         \
	X(int, BIO_write, (BIO *, const void *, int))

struct ssl_api {
#define DECLARE(result, name, parameters) result(*name##_) parameters;
	SSL_FUNCTIONS(DECLARE)
#undef DECLARE
};

struct raw_tls {
	const struct ssl_api *api;
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *in, *out; /* owned by ssl */
	bool ready, ending, ended;
	struct buf waiting; /* plain bytes from before the end of the handshake */
};

static bool find(void *lib, const char *name, void *to)
{
	void *sym = dlsym(lib, name);

	memcpy(to, &sym, sizeof(sym));
	return sym != NULL;
}

static const struct ssl_api *ssl_api(struct error *err)
{
	static struct ssl_api api;
	static bool loaded;
	void *lib;

	if (loaded)
		return &api;
	lib = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
	if (!lib) {
		error_set(err, ERR_SYS, ENOENT,
			"cannot load OpenSSL for the engine's TLS (install libssl3): %s",
			dlerror());
		return NULL;
	}
#define FIND(result, name, parameters) find(lib, #name, &api.name##_) &&
	loaded = SSL_FUNCTIONS(FIND) true;
#undef FIND
	if (!loaded) {
		error_set(err, ERR_SYS, ENOSYS, "this OpenSSL is too old: %s", dlerror());
		dlclose(lib);
		return NULL;
	}
	return &api;
}

static int fail(struct raw_tls *t, const char *what, struct error *err)
{
	const char *why = t->api->ERR_reason_error_string_(t->api->ERR_get_error_());

	return error_set(err, ERR_SYS, EPROTO, "TLS: %s: %s", what, why ? why : "unknown reason");
}

static int load_files(struct raw_tls *t, const struct endpoint *at, struct error *err)
{
	const struct ssl_api *api = t->api;
	int ok;

	if (at->ca_file)
		ok = api->SSL_CTX_load_verify_locations_(t->ctx, at->ca_file, NULL);
	else
		ok = api->SSL_CTX_set_default_verify_paths_(t->ctx);
	if (!ok && !at->tls_insecure)
		return fail(t, at->ca_file ? at->ca_file : "the system's certificates", err);
	if (at->cert_file && !api->SSL_CTX_use_certificate_chain_file_(t->ctx, at->cert_file))
		return fail(t, at->cert_file, err);
	if (at->key_file &&
		api->SSL_CTX_use_PrivateKey_file_(t->ctx, at->key_file, SSL_FILETYPE_PEM) != 1)
		return fail(t, at->key_file, err);
	return 0;
}

static int set_host(struct raw_tls *t, const char *host, struct error *err)
{
	const struct ssl_api *api = t->api;

	/* An address is checked against the certificate's addresses, a name against its names. */
	if (api->X509_VERIFY_PARAM_set1_ip_asc_(api->SSL_get0_param_(t->ssl), host))
		return 0;
	api->ERR_clear_error_();
	api->SSL_ctrl_(t->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
		(void *)(uintptr_t)host);
	return api->SSL_set1_host_(t->ssl, host) ? 0 : fail(t, host, err);
}

struct raw_tls *raw_tls_new(const struct endpoint *at, struct error *err)
{
	const struct ssl_api *api = ssl_api(err);
	struct raw_tls *t;

	if (!api)
		return NULL;
	t = xcalloc(1, sizeof(*t));
	t->api = api;
	buf_init(&t->waiting);
	t->ctx = api->SSL_CTX_new_(api->TLS_client_method_());
	if (!t->ctx)
		die_oom(0);
	api->SSL_CTX_ctrl_(t->ctx, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL);
	api->SSL_CTX_set_verify_(
		t->ctx, at->tls_insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	if (load_files(t, at, err)) {
		raw_tls_free(t);
		return NULL;
	}
	t->ssl = api->SSL_new_(t->ctx);
	t->in = api->BIO_new_(api->BIO_s_mem_());
	t->out = api->BIO_new_(api->BIO_s_mem_());
	if (!t->ssl || !t->in || !t->out)
		die_oom(0);
	api->SSL_set_bio_(t->ssl, t->in, t->out);
	api->SSL_set_connect_state_(t->ssl);
	if (set_host(t, at->host, err)) {
		raw_tls_free(t);
		return NULL;
	}
	return t;
}

void raw_tls_free(struct raw_tls *t)
{
	if (!t)
		return;
	if (t->ssl)
		t->api->SSL_free_(t->ssl);
	t->api->SSL_CTX_free_(t->ctx);
	buf_release(&t->waiting);
	free(t);
}

/* A memory BIO takes everything, so a write is never partial. */
static int write_all(struct raw_tls *t, struct str plain, struct error *err)
{
	while (plain.n) {
		int n = t->api->SSL_write_(t->ssl, plain.p, (int)MIN(plain.n, (size_t)1 << 20));

		if (n <= 0)
			return fail(t, "writing", err);
		plain = str_from(plain, (size_t)n);
	}
	return 0;
}

int raw_tls_write(struct raw_tls *t, struct str plain, struct error *err)
{
	if (t->ready)
		return write_all(t, plain, err);
	buf_addstr(&t->waiting, plain);
	return 0;
}

void raw_tls_end(struct raw_tls *t)
{
	t->ending = true;
	if (!t->ready || t->ended)
		return;
	t->ended = true;
	t->api->SSL_shutdown_(t->ssl);
	t->api->ERR_clear_error_();
}

/* 1: done, 0: needs more bytes, -1: failed. */
static int shake_hands(struct raw_tls *t, struct error *err)
{
	int rc = t->api->SSL_do_handshake_(t->ssl);
	long verified;

	if (rc == 1)
		return 1;
	if (t->api->SSL_get_error_(t->ssl, rc) == SSL_ERROR_WANT_READ)
		return 0;
	verified = t->api->SSL_get_verify_result_(t->ssl);
	if (verified != X509_V_OK)
		return error_set(err, ERR_SYS, EPROTO, "TLS: the engine's certificate: %s",
			t->api->X509_verify_cert_error_string_(verified));
	return fail(t, "handshake", err);
}

static int read_all(struct raw_tls *t, struct buf *plain, bool *ended, struct error *err)
{
	for (;;) {
		int n;

		buf_reserve(plain, 16384);
		n = t->api->SSL_read_(t->ssl, plain->p + plain->n, 16384);
		if (n > 0) {
			plain->n += (size_t)n;
			plain->p[plain->n] = '\0';
			continue;
		}
		switch (t->api->SSL_get_error_(t->ssl, n)) {
		case SSL_ERROR_WANT_READ:
			return 0;
		case SSL_ERROR_ZERO_RETURN:
			*ended = true;
			return 0;
		default:
			return fail(t, "reading", err);
		}
	}
}

int raw_tls_feed(
	struct raw_tls *t, struct str in, struct buf *plain, bool *ended, struct error *err)
{
	int rc;

	t->api->ERR_clear_error_();
	while (in.n) {
		int n = t->api->BIO_write_(t->in, in.p, (int)MIN(in.n, (size_t)1 << 20));

		if (n <= 0)
			return fail(t, "reading", err);
		in = str_from(in, (size_t)n);
	}
	if (!t->ready) {
		rc = shake_hands(t, err);
		if (rc <= 0)
			return rc;
		t->ready = true;
		if (write_all(t, buf_str(&t->waiting), err))
			return -1;
		buf_release(&t->waiting);
		if (t->ending)
			raw_tls_end(t);
	}
	return read_all(t, plain, ended, err);
}

void raw_tls_take(struct raw_tls *t, struct buf *out)
{
	int n;

	do {
		buf_reserve(out, 16384);
		n = t->api->BIO_read_(t->out, out->p + out->n, 16384);
		if (n > 0)
			out->n += (size_t)n;
	} while (n > 0);
	if (out->cap)
		out->p[out->n] = '\0';
}
