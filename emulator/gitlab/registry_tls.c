#include "base/base.h"
#include "emulator/gitlab/registry_tls.h"
#include "emulator/gitlab/registry.h"
#include "emulator/gitlab/registry_state.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/random.h>
#include <unistd.h>

#define DAY_S ((int64_t)86400)
/* A clock of another machine may be behind ours. */
#define BEFORE_S (2 * DAY_S)
/* The longest that all clients take (some refuse more than 398 days). */
#define CERT_S  (397 * DAY_S)
#define RENEW_S (30 * DAY_S)
#define CA_S    (3650 * DAY_S)
/* So that no certificate outlives the authority. */
#define CA_RENEW_S (CERT_S + RENEW_S)
#define MAX_PEM    ((size_t)64 * 1024)
/* Every project's registry has a name of its own; who has more is not one person. */
#define MAX_HOSTS 200

/* What is made; every part belongs to it. */
struct pair {
	EVP_PKEY *key;
	X509 *cert;
};

static void pair_release(struct pair *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->cert);
	*p = (struct pair){NULL, NULL};
}

static int crypto_error(struct error *err)
{
	char text[256];
	unsigned long code = ERR_get_error();

	ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	return error_set(err, ERR_SYS, EIO, "can't make the registry's certificate: %s",
		code ? text : "unknown reason");
}

/* ---- files ---- */

static const char *folder(struct arena *a, const struct registry_options *o, struct error *err)
{
	const char *beside = registry_state_path(a, o, err);

	return beside ? arena_printf(a, STR_FMT "/registry-tls",
				STR_ARG(str_sub(str_c(beside), 0, str_rchr(str_c(beside), '/'))))
				.p
		      : NULL;
}

const char *registry_tls_ca(struct arena *a, const struct registry_options *o, struct error *err)
{
	const char *dir = folder(a, o, err);

	return dir ? arena_printf(a, "%s/ca.pem", dir).p : NULL;
}

int registry_tls_remove(struct arena *a, const struct registry_options *o, struct error *err)
{
	const char *dir = folder(a, o, err);

	return dir ? store_remove_tree(dir, err) : -1;
}

/* What is not there, or can't be read as what it should be, is made anew. */
static void read_pair(struct pair *out, struct arena *a, const char *dir, const char *name)
{
	struct str cert, key;
	BIO *b;

	*out = (struct pair){NULL, NULL};
	if (store_read_file(arena_printf(a, "%s/%s.pem", dir, name).p, a, MAX_PEM, &cert, NULL) ||
		store_read_file(arena_printf(a, "%s/%s.key", dir, name).p, a, MAX_PEM, &key, NULL))
		return;
	b = BIO_new_mem_buf(cert.p, (int)cert.n);
	out->cert = b ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;
	BIO_free(b);
	b = BIO_new_mem_buf(key.p, (int)key.n);
	out->key = b ? PEM_read_bio_PrivateKey(b, NULL, NULL, NULL) : NULL;
	BIO_free(b);
	if (!out->cert || !out->key || X509_check_private_key(out->cert, out->key) != 1)
		pair_release(out);
	ERR_clear_error();
}

static struct str bio_text(struct arena *a, BIO *b)
{
	char *p;
	long n = BIO_get_mem_data(b, &p);
	struct str out = n > 0 ? arena_str(a, str_n(p, (size_t)n)) : STR_NULL;

	BIO_free(b);
	return out;
}

static struct str cert_pem(struct arena *a, X509 *cert)
{
	BIO *b = BIO_new(BIO_s_mem());

	if (b)
		PEM_write_bio_X509(b, cert);
	return b ? bio_text(a, b) : STR_NULL;
}

static struct str key_pem(struct arena *a, const EVP_PKEY *key)
{
	BIO *b = BIO_new(BIO_s_mem());

	if (b)
		PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL);
	return b ? bio_text(a, b) : STR_NULL;
}

static int write_pair(
	const struct pair *p, struct arena *a, const char *dir, const char *name, struct error *err)
{
	struct str cert = cert_pem(a, p->cert), key = key_pem(a, p->key);

	if (!cert.n || !key.n)
		return crypto_error(err);
	if (store_make_dirs(dir, err) ||
		registry_write_private(arena_printf(a, "%s/%s.key", dir, name).p, key, err))
		return -1;
	return registry_write_private(arena_printf(a, "%s/%s.pem", dir, name).p, cert, err);
}

/* ---- looking at certificates ---- */

static int64_t end_of(const X509 *cert)
{
	int days = 0, seconds = 0;
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int ok = epoch && ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(cert));

	ASN1_TIME_free(epoch);
	return ok ? days * DAY_S + seconds : 0;
}

int64_t registry_tls_end(struct str pem)
{
	BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *cert = b ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;
	int64_t end = cert ? end_of(cert) : 0;

	BIO_free(b);
	X509_free(cert);
	ERR_clear_error();
	return end;
}

int64_t registry_tls_until(struct arena *a, const struct registry_options *o)
{
	const char *dir = folder(a, o, NULL);
	struct str pem;

	if (!dir ||
		store_read_file(arena_printf(a, "%s/server.pem", dir).p, a, MAX_PEM, &pem, NULL))
		return 0;
	return registry_tls_end(pem);
}

static bool is_address(struct arena *a, struct str host)
{
	unsigned char bytes[16];
	const char *text = arena_cstr(a, host);

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool covers(struct arena *a, X509 *cert, struct str host)
{
	if (!host.n)
		return true;
	if (is_address(a, host))
		return X509_check_ip_asc(cert, arena_cstr(a, host), 0) == 1;
	return X509_check_host(cert, host.p, host.n, 0, NULL) == 1;
}

static bool signed_by(X509 *cert, const struct pair *ca)
{
	bool ok = X509_verify(cert, ca->key) == 1;

	ERR_clear_error();
	return ok;
}

/* ---- making them ---- */

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *x;
	bool ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	x = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = x && X509_add_ext(cert, x, -1) == 1;
	X509_EXTENSION_free(x);
	return ok;
}

static bool set_serial(X509 *cert)
{
	unsigned char raw[16];
	BIGNUM *bn;
	bool ok;

	if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		return false;
	raw[0] &= 0x7f;
	bn = BN_bin2bn(raw, sizeof(raw), NULL);
	ok = bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert));
	BN_free(bn);
	return ok;
}

static bool set_name(X509 *cert, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(cert);

	return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
		       (const unsigned char *)"cilocal", -1, -1, 0) == 1 &&
	       X509_NAME_add_entry_by_txt(
		       subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) == 1;
}

static bool begin_cert(struct pair *p, const char *name, int64_t now, int64_t seconds)
{
	p->key = EVP_EC_gen("P-256");
	p->cert = X509_new();
	return p->key && p->cert && X509_set_version(p->cert, X509_VERSION_3) == 1 &&
	       set_serial(p->cert) && set_name(p->cert, name) &&
	       ASN1_TIME_set(X509_getm_notBefore(p->cert), (time_t)(now - BEFORE_S)) &&
	       ASN1_TIME_set(X509_getm_notAfter(p->cert), (time_t)(now + seconds)) &&
	       X509_set_pubkey(p->cert, p->key) == 1;
}

static int make_ca(struct pair *p, int64_t now, struct error *err)
{
	if (begin_cert(p, "local registry authority", now, CA_S) &&
		X509_set_issuer_name(p->cert, X509_get_subject_name(p->cert)) == 1 &&
		add_extension(p->cert, p->cert, NID_basic_constraints, "critical,CA:TRUE") &&
		add_extension(p->cert, p->cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
		add_extension(p->cert, p->cert, NID_subject_key_identifier, "hash") &&
		X509_sign(p->cert, p->key, EVP_sha256()))
		return 0;
	return crypto_error(err);
}

/* "DNS:NAME" or "IP:ADDRESS"; empty for another kind and for what each certificate names anyway. */
static struct str name_text(struct arena *a, const GENERAL_NAME *n)
{
	char address[INET6_ADDRSTRLEN];
	struct str name;
	int family;

	if (n->type == GEN_DNS) {
		name = str_n((const char *)ASN1_STRING_get0_data(n->d.dNSName),
			(size_t)ASN1_STRING_length(n->d.dNSName));
		return str_is(name, "localhost") ? STR_NULL
						 : arena_printf(a, "DNS:" STR_FMT, STR_ARG(name));
	}
	if (n->type != GEN_IPADD)
		return STR_NULL;
	family = ASN1_STRING_length(n->d.iPAddress) == 4 ? AF_INET : AF_INET6;
	if (!inet_ntop(family, ASN1_STRING_get0_data(n->d.iPAddress), address, sizeof(address)) ||
		!strcmp(address, "127.0.0.1") || !strcmp(address, "::1"))
		return STR_NULL;
	return arena_printf(a, "IP:%s", address);
}

/* Names of the old certificate, the newest of them, and then the new one: several projects share
 * the registry. */
static struct str alternative_names(struct arena *a, X509 *old, struct str host)
{
	GENERAL_NAMES *names = old ? X509_get_ext_d2i(old, NID_subject_alt_name, NULL, NULL) : NULL;
	int n = names ? sk_GENERAL_NAME_num(names) : 0;
	struct buf b = BUF_INIT;
	struct str out, mine = STR_NULL;

	if (host.n && !str_is(host, "localhost"))
		mine = arena_printf(
			a, "%s:" STR_FMT, is_address(a, host) ? "IP" : "DNS", STR_ARG(host));
	buf_adds(&b, "DNS:localhost,IP:127.0.0.1,IP:::1");
	for (int i = MAX(n - MAX_HOSTS, 0); i < n; i++) {
		struct str name = name_text(a, sk_GENERAL_NAME_value(names, i));

		if (name.n && !str_eq(name, mine))
			buf_printf(&b, "," STR_FMT, STR_ARG(name));
	}
	if (mine.n)
		buf_printf(&b, "," STR_FMT, STR_ARG(mine));
	out = arena_str(a, buf_str(&b));
	buf_release(&b);
	GENERAL_NAMES_free(names);
	return out;
}

static int make_cert(
	struct pair *p, const struct pair *ca, struct str names, int64_t now, struct error *err)
{
	if (begin_cert(p, "local registry", now, CERT_S) &&
		X509_set_issuer_name(p->cert, X509_get_subject_name(ca->cert)) == 1 &&
		add_extension(p->cert, ca->cert, NID_basic_constraints, "critical,CA:FALSE") &&
		add_extension(p->cert, ca->cert, NID_key_usage, "critical,digitalSignature") &&
		add_extension(p->cert, ca->cert, NID_ext_key_usage, "serverAuth") &&
		add_extension(p->cert, ca->cert, NID_subject_key_identifier, "hash") &&
		add_extension(p->cert, ca->cert, NID_authority_key_identifier, "keyid") &&
		add_extension(p->cert, ca->cert, NID_subject_alt_name, names.p) &&
		X509_sign(p->cert, ca->key, EVP_sha256()))
		return 0;
	return crypto_error(err);
}

/* The authority's pair: what is there, or a new one. */
static int have_ca(struct pair *ca, struct arena *a, const char *dir, int64_t now, bool keep,
	struct error *err)
{
	read_pair(ca, a, dir, "ca");
	if (ca->cert && end_of(ca->cert) > now + (keep ? 0 : CA_RENEW_S))
		return 0;
	pair_release(ca);
	return make_ca(ca, now, err) || write_pair(ca, a, dir, "ca", err) ? -1 : 0;
}

static int have_cert(struct pair *cert, const struct pair *ca, struct arena *a, const char *dir,
	struct str host, int64_t now, bool keep, struct error *err)
{
	struct pair old;
	struct str names;

	read_pair(&old, a, dir, "server");
	if (old.cert && signed_by(old.cert, ca) && covers(a, old.cert, host) &&
		end_of(old.cert) > now + (keep ? 0 : RENEW_S)) {
		*cert = old;
		return 0;
	}
	names = alternative_names(a, old.cert, host);
	pair_release(&old);
	*cert = (struct pair){NULL, NULL};
	return make_cert(cert, ca, names, now, err) || write_pair(cert, a, dir, "server", err) ? -1
											       : 0;
}

static int fill(struct registry_tls *out, struct arena *a, const struct pair *ca,
	const struct pair *cert, struct error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	struct buf hex = BUF_INIT;

	out->ca = cert_pem(a, ca->cert);
	out->cert = cert_pem(a, cert->cert);
	out->key = key_pem(a, cert->key);
	if (!out->ca.n || !out->cert.n || !out->key.n ||
		X509_digest(cert->cert, EVP_sha256(), digest, &n) != 1)
		return crypto_error(err);
	for (unsigned i = 0; i < 8 && i < n; i++)
		buf_printf(&hex, "%02x", digest[i]);
	out->fingerprint = arena_str(a, buf_str(&hex));
	buf_release(&hex);
	return 0;
}

int registry_tls_ensure(struct registry_tls *out, struct arena *a, const struct registry_options *o,
	struct str host, int64_t now, bool keep, struct error *err)
{
	const char *dir = folder(a, o, err);
	struct pair ca = {NULL, NULL}, cert = {NULL, NULL};
	int rc;

	memset(out, 0, sizeof(*out));
	if (!dir)
		return -1;
	out->ca_path = arena_printf(a, "%s/ca.pem", dir).p;
	rc = have_ca(&ca, a, dir, now, keep, err);
	if (!rc)
		rc = have_cert(&cert, &ca, a, dir, registry_host_name(host), now, keep, err);
	if (!rc)
		rc = fill(out, a, &ca, &cert, err);
	pair_release(&ca);
	pair_release(&cert);
	return rc;
}
