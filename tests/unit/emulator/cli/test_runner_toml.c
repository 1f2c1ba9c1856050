#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "base/diag.h"
#include "emulator/cli/runner_toml.h"
#include "emulator/cli/toml.h"
#include "emulator/runner/runner_config.h"
#include "source/source.h"

struct doc {
	struct arena arena;
	struct source_set set;
	struct diags diags;
	struct runner_configs all;
};

static void begin(struct doc *d)
{
	memset(d, 0, sizeof(*d));
	source_set_init(&d->set, &d->arena);
	diags_init(&d->diags, &d->arena);
	runner_toml_init(&d->arena, &d->all);
}

static void add(struct doc *d, const char *text)
{
	uint32_t id = source_add(&d->set, STR("config.toml"), str_c(text), SPAN_NONE);
	struct node *root = toml_read(&d->arena, source_get(&d->set, id), &d->diags);
	assert_non_null(root);
	runner_toml_read(&d->arena, root, id - 1, false, &d->all, &d->diags);
}

static void end(struct doc *d)
{
	arena_release(&d->arena);
}

static const struct diag *only_diag(const struct doc *d, const char *code, unsigned line)
{
	const struct diag *first = d->diags.first;
	assert_non_null(first);
	if (first->next)
		fail_msg("more than one: " STR_FMT, STR_ARG(first->next->text));
	assert_string_equal(first->code, code);
	assert_int_equal(first->at.begin.line, line);
	return first;
}

/* The how-to's file with its placeholders filled in. */
static void test_the_how_to(void **state)
{
	struct doc d;
	begin(&d);
	add(&d, "[[runners]]\n"
		"  executor = \"docker\"\n"
		"  [runners.docker]\n"
		"    tls_verify = false\n"
		"    privileged = true\n"
		"    image = \"docker:20.10.16\"\n"
		"    disable_entrypoint_overwrite = false\n"
		"    oom_kill_disable = false\n"
		"    disable_cache = false\n"
		"    volumes = [\"/opt/daemon.json:/etc/docker/daemon.json:ro\", \"/cache\"]\n"
		"    shm_size = 0\n"
		"    extra_hosts = [\"registry.gitlab.example.com:192.168.40.190\"]\n"
		"    [[runners.docker.services]]\n"
		"      name = \"docker:20.10.16-dind\"\n"
		"      command = [\"--insecure-registry\", \"registry.gitlab.example.com\"]\n");
	assert_true(d.all.blocks);
	assert_null(d.diags.first);
	const struct rc_docker *k = &d.all.v[0].docker;
	assert_int_equal(k->at.line, 3);
	assert_true(k->privileged.set && k->privileged.v);
	assert_int_equal(k->privileged.at.line, 5);
	assert_true(k->tls_verify.set && !k->tls_verify.v);
	assert_true(str_is(k->image.v, "docker:20.10.16"));
	assert_int_equal(k->volumes.n, 2);
	assert_true(str_is(k->volumes.v[1].v, "/cache"));
	assert_true(k->shm_size.set && k->shm_size.v == 0);
	assert_int_equal(k->extra_hosts.v[0].at.line, 12);
	assert_int_equal(k->n_services, 1);
	assert_int_equal(k->services[0].at.line, 13);
	assert_int_equal(k->services[0].command.n, 2);
	end(&d);
}

static void test_every_kind(void **state)
{
	struct doc d;
	begin(&d);
	add(&d, "concurrent = 3\n[[runners]]\nlimit = 2\nenvironment = [\"A=b\"]\n"
		"[runners.feature_flags]\nFF_A = true\nFF_B = false\n"
		"[runners.custom_build_dir]\nenabled = true\n"
		"[runners.docker]\npull_policy = \"if-not-present\"\n"
		"[runners.docker.tmpfs]\n\"/x\" = \"rw\"\n"
		"[runners.docker.services_devices]\n\"redis:*\" = [\"/dev/a\", \"/dev/b\"]\n");
	assert_null(d.diags.first);
	assert_int_equal(d.all.v[0].concurrent.v, 3);
	assert_int_equal(d.all.v[0].limit.v, 2);
	assert_true(str_is(d.all.v[0].environment.v[0].v, "A=b"));
	assert_int_equal(d.all.v[0].feature_flags.n, 2);
	assert_true(str_is(d.all.v[0].feature_flags.v[1].value.v, "false"));
	assert_true(d.all.v[0].custom_build_dir.set && d.all.v[0].custom_build_dir.v);
	assert_int_equal(d.all.v[0].custom_build_dir.at.line, 9);
	assert_int_equal(d.all.v[0].docker.pull_policy.n, 1);
	assert_true(str_is(d.all.v[0].docker.tmpfs.v[0].key, "/x"));
	assert_int_equal(d.all.v[0].docker.services_devices.n, 2);
	end(&d);
}

static void test_later_files_win_key_by_key(void **state)
{
	struct doc d;
	begin(&d);
	add(&d, "[[runners]]\n[runners.docker]\nimage = \"a\"\nprivileged = true\n");
	add(&d, "[[runners]]\n[runners.docker]\nimage = \"b\"\n");
	assert_true(str_is(d.all.v[0].docker.image.v, "b"));
	assert_int_equal(d.all.v[0].docker.image.at.file, 1);
	assert_true(d.all.v[0].docker.privileged.v);
	assert_int_equal(d.all.v[0].docker.privileged.at.file, 0);
	end(&d);
}

static void test_which_runner(void **state)
{
	struct doc d;
	begin(&d);
	add(&d, "[[runners]]\nname = \"k\"\nexecutor = \"kubernetes\"\n[[runners]]\nname = \"d\"\n"
		"executor = \"docker\"\n[[runners]]\nname = \"s\"\nexecutor = \"shell\"\n");
	assert_int_equal(d.all.n, 2);
	assert_true(str_is(d.all.v[0].name.v, "d"));
	assert_true(str_is(d.all.v[1].name.v, "s"));
	assert_int_equal(only_diag(&d, "config-executor", 3)->level, DIAG_NOTE);
	end(&d);
	begin(&d);
	add(&d, "[[runners]]\nexecutor = \"kubernetes\"\n");
	assert_false(d.all.blocks);
	only_diag(&d, "config-executor", 2);
	end(&d);
	begin(&d);
	add(&d, "concurrent = 1\n");
	assert_false(d.all.blocks);
	assert_null(d.diags.first);
	end(&d);
}

static void one(const char *docker, const char *code, const char *words)
{
	struct doc d;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	begin(&d);
	buf_printf(&b, "[[runners]]\n[runners.docker]\n%s\n", docker);
	add(&d, b.p);
	const struct diag *diag = only_diag(&d, code, 3);
	if (str_find(diag->text, str_c(words)) == STR_NPOS)
		fail_msg("'" STR_FMT "' lacks '%s'", STR_ARG(diag->text), words);
	end(&d);
}

static void test_what_is_refused(void **state)
{
	one("privileged = \"true\"", "config-type",
		"'privileged' wants true or false, not a string");
	one("image = 1", "config-type", "'image' wants a string, not a number");
	one("volumes = \"/cache\"", "config-type",
		"'volumes' wants an array of strings, not a string");
	one("volumes = [1]", "config-type", "'volumes' wants an array of strings, not a number");
	one("shm_size = \"1g\"", "config-type", "'shm_size' wants a whole number");
	one("shm_size = 1.5", "config-type", "'shm_size' wants a whole number");
	one("shm_size = -1", "config-value", "negative");
	one("tmpfs = [\"/x\"]", "config-type", "'tmpfs' wants a table, not an array");
	one("image = 2026-01-01", "config-type", "not a date");
	one("pull_policy = \"alway\"", "config-value", "'alway' is no value of 'pull_policy'");
	one("dns = [\"ns.example.com\"]", "config-value", "no IP address");
	one("extra_hosts = [\"a:b\"]", "config-extra-hosts",
		"'b' in 'extra_hosts' is no IP address");
	one("extra_hosts = [\"a\"]", "config-extra-hosts", "wants the form NAME:ADDRESS");
	one("privilegd = true", "config-unknown-key",
		"unknown key 'privilegd' in [runners.docker]");
	one("helper_image = \"x\"", "config-no-effect", "no effect here");
	one("services = [\"mysql:8\"]", "config-old-services", "old form");
	one("services = [{command = [\"x\"]}]", "config-value", "wants 'name'");
	one("services = 1", "config-type", "'services' wants an array of tables");
}

static void test_addresses(void **state)
{
	struct doc d;
	begin(&d);
	add(&d, "[[runners]]\n[runners.docker]\nextra_hosts = [\"a:10.0.0.1\", \"b:host-gateway\", "
		"\"c:::1\", \"d:[fe80::1]\", \"e=10.0.0.2\"]\n");
	assert_null(d.diags.first);
	end(&d);
}

static void test_shapes_of_the_top(void **state)
{
	struct doc d;
	begin(&d);
	add(&d, "runners = 1\n");
	only_diag(&d, "config-type", 1);
	end(&d);
	begin(&d);
	add(&d, "[[runners]]\ncustom_build_dir = true\n");
	only_diag(&d, "config-type", 2);
	end(&d);
	begin(&d);
	add(&d, "[[runners]]\n[runners.custom_build_dir]\nenabled = \"yes\"\n");
	only_diag(&d, "config-type", 3);
	end(&d);
	begin(&d);
	add(&d, "[[runners]]\n[runners.custom_build_dir]\nenable = true\n");
	only_diag(&d, "config-unknown-key", 3);
	end(&d);
	begin(&d);
	add(&d, "concurrent = 0\n");
	only_diag(&d, "config-value", 1);
	end(&d);
	begin(&d);
	add(&d, "privileged = true\n");
	const struct diag *diag = only_diag(&d, "config-unknown-key", 1);
	assert_non_null(diag->notes);
	assert_true(str_find(diag->notes->text, STR("belongs to [runners.docker]")) != STR_NPOS);
	end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_how_to),
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_later_files_win_key_by_key),
		cmocka_unit_test(test_which_runner),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_shapes_of_the_top),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
