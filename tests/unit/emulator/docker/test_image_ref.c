#include "base/base.h"
#include "emulator/docker/image.h"

#include <setjmp.h>
#include <cmocka.h>

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void names_have_parts(void **state)
{
	static const struct {
		const char *text, *repo, *tag, *digest;
	} good[] = {
		{"busybox", "busybox", "", ""},
		{"busybox:1.36", "busybox", "1.36", ""},
		{"docker:20.10.16-dind", "docker", "20.10.16-dind", ""},
		{"localhost:5000/a/b", "localhost:5000/a/b", "", ""},
		{"reg.example.com:5000/group/app:v1", "reg.example.com:5000/group/app", "v1", ""},
		{"a/b@" DIGEST, "a/b", "", DIGEST},
		{"a/b:1@" DIGEST, "a/b", "1", DIGEST},
		{"Reg.Example.com/a", "Reg.Example.com/a", "", ""},
		{"a__b/c-d.e", "a__b/c-d.e", "", ""},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct image_ref r;

		assert_true(image_ref_parse(str_c(good[i].text), &r));
		assert_true(str_is(r.repo, good[i].repo));
		assert_true(str_is(r.tag, good[i].tag));
		assert_true(str_is(r.digest, good[i].digest));
		assert_false(r.is_id);
	}
}

static void ids_are_known(void **state)
{
	struct image_ref r;

	UNUSED(state);
	assert_true(image_ref_parse(STR(DIGEST), &r) && r.is_id);
	assert_true(image_ref_parse(str_from(STR(DIGEST), 7), &r) && r.is_id);
	assert_true(image_ref_parse(STR("abcdef"), &r) && !r.is_id);
}

static void what_cannot_be_a_name(void **state)
{
	static const char *const bad[] = {"", "a b", "UPPER", "a/B", "a:", ":1", "a//b", "/a", "a/",
		"a:-x", "a@sha256:12", "a@", "-a", "a-", "$IMAGE", "https://a/b"};
	struct image_ref r;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (image_ref_parse(str_c(bad[i]), &r))
			fail_msg("'%s' was taken for an image name", bad[i]);
}

static void what_was_probably_meant(void **state)
{
	static const struct str names[] = {STR_INIT("<none>:<none>"), STR_INIT("alpine:3.18"),
		STR_INIT("alpine:latest"), STR_INIT("alpin:3.19"),
		STR_INIT("reg.example.com:5000/group/app:1")};
	static const struct {
		const char *asked, *near;
	} rows[] = {
		{"alpine:3.19", "alpine:3.18"},
		{"alpine:2", "alpine:3.18"},
		{"alpin", "alpin:3.19"},
		{"apline", "alpine:latest"},
		{"reg.example.com:5000/group/app", "reg.example.com:5000/group/app:1"},
		{"reg.example.com:5000/group/ap:1", "reg.example.com:5000/group/app:1"},
		{"alpine@" DIGEST, NULL},
		{"alpine:latest", NULL},
		{"alpine", NULL},
		{"python:3", NULL},
		{"a b", NULL},
		{DIGEST, NULL},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct str *near =
			image_ref_nearest(str_c(rows[i].asked), names, ARRAY_SIZE(names));

		if (near ? !rows[i].near || !str_is(*near, rows[i].near) : rows[i].near != NULL)
			fail_msg("%s: " STR_FMT, rows[i].asked, STR_ARG(near ? *near : STR_NULL));
	}
	assert_null(image_ref_nearest(STR("a"), NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_parts),
		cmocka_unit_test(ids_are_known),
		cmocka_unit_test(what_cannot_be_a_name),
		cmocka_unit_test(what_was_probably_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
