/* The registry's authority and certificates: for which names, for how long, who may read them. */
#include "base/base.h"
#include "emulator/gitlab/registry.h"
#include "emulator/gitlab/registry_tls.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "registry_dir.h"

#define DAY_S ((int64_t)86400)
#define NOW   ((int64_t)1700000000)

static struct registry_tls made(struct fixture *f, const char *host, int64_t now, bool keep)
{
	struct registry_tls t;

	assert_int_equal(
		registry_tls_ensure(&t, &f->arena, &f->o, str_c(host), now, keep, &f->err), 0);
	return t;
}

static X509 *parsed(struct str pem)
{
	BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);

	BIO_free(b);
	assert_non_null(x);
	return x;
}

/* As a client does that knows the authority only. */
static bool trusted(const struct registry_tls *t, const char *name, bool ip, int64_t when)
{
	X509 *ca = parsed(t->ca), *cert = parsed(t->cert);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	bool ok;

	assert_int_equal(X509_STORE_add_cert(store, ca), 1);
	assert_int_equal(X509_STORE_CTX_init(ctx, store, cert, NULL), 1);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, (time_t)when);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
	if (ip)
		X509_VERIFY_PARAM_set1_ip_asc(param, name);
	else
		X509_VERIFY_PARAM_set1_host(param, name, 0);
	ok = X509_verify_cert(ctx) == 1;
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(ca);
	X509_free(cert);
	return ok;
}

static void test_names(void **state)
{
	struct fixture *f = *state;
	struct registry_tls one = made(f, "registry.example.com:5050", NOW, false), two;

	assert_true(trusted(&one, "registry.example.com", false, NOW));
	assert_true(trusted(&one, "localhost", false, NOW));
	assert_true(trusted(&one, "127.0.0.1", true, NOW));
	assert_true(trusted(&one, "::1", true, NOW));
	assert_false(trusted(&one, "registry.example.org", false, NOW));
	assert_false(trusted(&one, "10.0.0.1", true, NOW));
	/* Nothing is made anew where all is well. */
	two = made(f, "registry.example.com", NOW, false);
	assert_true(str_eq(one.fingerprint, two.fingerprint));
	assert_true(str_eq(one.key, two.key));
	/* The second project's name is added to the first's. */
	two = made(f, "registry.example.org", NOW, true);
	assert_true(str_eq(one.ca, two.ca));
	assert_true(trusted(&two, "registry.example.com", false, NOW));
	assert_true(trusted(&two, "registry.example.org", false, NOW));
	assert_false(str_eq(one.fingerprint, two.fingerprint));
	/* An address as well; the names before it stay, and it stays when another comes. */
	made(f, "10.0.0.1:5000", NOW, true);
	two = made(f, "registry.example.net", NOW, true);
	assert_true(trusted(&two, "10.0.0.1", true, NOW));
	assert_true(trusted(&two, "registry.example.com", false, NOW));
	assert_true(trusted(&two, "registry.example.net", false, NOW));
}

static void test_renewed(void **state)
{
	struct fixture *f = *state;
	struct registry_tls one = made(f, "registry.example.com", NOW, false), two;
	int64_t end = registry_tls_end(one.cert), ca_end = registry_tls_end(one.ca);

	assert_true(end > NOW + 90 * DAY_S && end <= NOW + 398 * DAY_S);
	assert_true(ca_end > end);
	two = made(f, "registry.example.com", end - 31 * DAY_S, false);
	assert_true(str_eq(one.fingerprint, two.fingerprint));
	/* Soon over: what runs keeps it, whoever starts gets another. */
	two = made(f, "registry.example.com", end - 29 * DAY_S, true);
	assert_true(str_eq(one.fingerprint, two.fingerprint));
	two = made(f, "registry.example.com", end - 29 * DAY_S, false);
	assert_false(str_eq(one.fingerprint, two.fingerprint));
	assert_true(str_eq(one.ca, two.ca));
	assert_true(trusted(&two, "registry.example.com", false, end + DAY_S));
	/* The authority too, and no certificate outlives it. */
	two = made(f, "registry.example.com", ca_end - 100 * DAY_S, false);
	assert_false(str_eq(one.ca, two.ca));
	assert_true(trusted(&two, "registry.example.com", false, ca_end + DAY_S));
}

static void test_files(void **state)
{
	struct fixture *f = *state;
	struct registry_tls one = made(f, "registry.example.com", NOW, false), two;
	struct str dir = str_sub(str_c(one.ca_path), 0, str_rchr(str_c(one.ca_path), '/'));
	DIR *d = opendir(arena_cstr(&f->arena, dir));
	const struct dirent *e;
	unsigned n = 0;

	assert_string_equal(one.ca_path, registry_tls_ca(&f->arena, &f->o, &f->err));
	while ((e = readdir(d))) {
		struct stat st;

		if (e->d_name[0] == '.')
			continue;
		assert_int_equal(fstatat(dirfd(d), e->d_name, &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		n++;
	}
	closedir(d);
	assert_int_equal(n, 4);
	/* A file that is broken is replaced. */
	assert_int_equal(store_write_file(one.ca_path, STR("not a certificate"), &f->err), 0);
	two = made(f, "registry.example.com", NOW, false);
	assert_true(trusted(&two, "registry.example.com", false, NOW));
	assert_int_equal(registry_tls_remove(&f->arena, &f->o, &f->err), 0);
	assert_int_equal(registry_tls_end(registry_ca(&f->arena, &f->o)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_renewed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
