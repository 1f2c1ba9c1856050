#include "base/base.h"
#include "vars_test.h"
#include "source/source.h"
#include "vars/varfile.h"

static struct arena a;
static struct diags d;
static struct varset out;

static int read_file(void *ctx, struct str path, struct arena *arena, struct str *content)
{
	UNUSED(ctx);
	if (!str_is(path, "/etc/key"))
		return -1;
	*content = arena_str(arena, STR("the key"));
	return 0;
}

static bool read_text(const char *text, enum varfile_form form, bool protected_ref)
{
	struct source_set set;
	struct varfile_options opt = {
		.form = form,
		.flat_layer = VAR_PROJECT,
		.project = STR("gitlab.com/group/sub/app"),
		.ref_protected = protected_ref,
		.read_file = read_file,
	};

	arena_init(&a);
	source_set_init(&set, &a);
	diags_init(&d, &a);
	varset_init(&out, &a);
	uint32_t id = source_add(&set, STR("v.yml"), str_c(text), SPAN_NONE);
	return varfile_read(&a, source_get(&set, id), &d, &opt, &out);
}

static struct str value(const char *key, const char *env)
{
	struct varset picked;

	varset_init(&picked, &a);
	varset_add_scoped(&picked, &out, str_c(env));
	return varset_value(&picked, key);
}

static void flat(void **state)
{
	UNUSED(state);
	assert_true(
		read_text("A: 1\nB: {value: x, masked: true, raw: true, type: file}\n", 0, false));
	assert_str(value("A", ""), "1");
	const struct var *b = varset_get(&out, STR("B"));
	assert_true(b->masked && b->raw && b->file && b->internal);
	assert_int_equal(b->layer, VAR_PROJECT);
	arena_release(&a);
}

static void sections(void **state)
{
	UNUSED(state);
	assert_true(read_text(
		"instance: {A: i, B: i, C: i}\n"
		"group: {gitlab.com/group/sub: {B: sub}, gitlab.com/group: {B: top, C: top},"
		" gitlab.com/other: {A: no}}\n"
		"project: {gitlab.com/group/sub/app: {C: p}, gitlab.com/group/sub/ap: {C: no}}\n",
		VARFILE_CILOCAL, false));
	assert_str(value("A", ""), "i");
	assert_str(value("B", ""), "sub");
	assert_str(value("C", ""), "p");
	assert_int_equal(d.warnings, 0);
	arena_release(&a);
}

static void gitlab_ci_local(void **state)
{
	UNUSED(state);
	assert_true(
		read_text("global:\n  A: g\n  K: /etc/key\n  M: /no/such\n"
			  "group:\n  gitlab.com/group/:\n    B: b\n"
			  "project:\n  gitlab.com:group/sub/app.git:\n    C:\n      type: file\n"
			  "      values:\n        '*': any\n        staging*: st\n",
			VARFILE_GITLAB_CI_LOCAL, false));
	assert_str(value("A", ""), "g");
	assert_str(value("B", ""), "b");
	assert_str(value("C", ""), "any");
	assert_str(value("C", "staging/eu"), "st");
	assert_true(varset_get(&out, STR("C"))->file);
	assert_str(value("K", ""), "the key");
	assert_true(varset_get(&out, STR("K"))->file);
	assert_int_equal(d.warnings, 1);
	arena_release(&a);
}

static void protected_and_scope(void **state)
{
	UNUSED(state);
	assert_true(read_text(
		"P: {value: s, protected: true}\nE: {value: e, environment: prod}\n", 0, false));
	assert_null(value("P", "").p);
	assert_null(value("E", "").p);
	assert_str(value("E", "prod"), "e");
	arena_release(&a);
	assert_true(read_text("P: {value: s, protected: true}\n", 0, true));
	assert_str(value("P", ""), "s");
	arena_release(&a);
}

static void dotenv_form(void **state)
{
	UNUSED(state);
	assert_true(read_text("# c\nA=1\nB='2'\n", 0, false));
	assert_str(value("B", ""), "2");
	arena_release(&a);
}

static void errors(void **state)
{
	UNUSED(state);
	assert_false(read_text(
		"A-B: 1\nC: [x]\nD: {value: x, masked: 5}\nE: {valu: x}\nF: {type: foo}\n", 0,
		false));
	assert_int_equal(d.errors, 4);
	assert_int_equal(d.warnings, 1);
	assert_int_equal(d.first->at.begin.line, 1);
	assert_string_equal(d.first->code, "variable-name");
	arena_release(&a);
	assert_false(read_text("- a\n", 0, false));
	arena_release(&a);
	assert_true(read_text("", 0, false));
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flat),
		cmocka_unit_test(sections),
		cmocka_unit_test(gitlab_ci_local),
		cmocka_unit_test(protected_and_scope),
		cmocka_unit_test(dotenv_form),
		cmocka_unit_test(errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
