#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "emulator/cli/cmd.h"
#include "emulator/cli/help.h"

static bool has(const struct buf *b, const char *text)
{
	return str_find(buf_str(b), str_c(text)) != STR_NPOS;
}

/* Each command's help and manual name each option that it takes. */
static void test_every_option_is_told(void **state)
{
	size_t n;
	const struct opt_def *t = opt_table(&n);
	for (size_t c = 0; c < CMD_COUNT; c++) {
		CLEANUP(buf_release) struct buf help = BUF_INIT, man = BUF_INIT;
		help_command(&help, cmd_table[c], 80);
		help_man(&man, cmd_table[c]);
		assert_int_equal(cmd_table[c]->id, c);
		for (size_t i = 0; i < n; i++) {
			CLEANUP(buf_release) struct buf name = BUF_INIT, plain = BUF_INIT;
			bool shown = (t[i].cmds >> c & 1) && !(t[i].flags & OPTF_HIDDEN);
			buf_printf(&plain, "--%s", t[i].name);
			buf_adds(&name, "\\fB\\-\\-");
			for (const char *p = t[i].name; *p; p++)
				buf_printf(&name, *p == '-' ? "\\-" : "%c", *p);
			buf_adds(&name, "\\fR");
			if (shown && !(has(&help, plain.p) && has(&man, name.p)))
				fail_msg("help of %s lacks --%s", cmd_id_name((int)c), t[i].name);
		}
	}
}

static void test_lines_fit(void **state)
{
	for (unsigned columns = 60; columns <= 100; columns += 20)
		for (size_t c = 0; c < CMD_COUNT; c++) {
			CLEANUP(buf_release) struct buf help = BUF_INIT;
			help_command(&help, cmd_table[c], columns);
			struct str_split it = str_split(buf_str(&help), '\n');
			struct str line;
			while (str_split_next(&it, &line))
				if (line.n > columns && !str_starts(line, STR("Usage: ")))
					fail_msg("%u: " STR_FMT, columns, STR_ARG(line));
		}
}

static void test_short_help_names_all_commands(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	help_short(&out, 80);
	for (size_t c = 0; c < CMD_COUNT; c++)
		assert_true(has(&out, cmd_id_name((int)c)));
	assert_true(has(&out, "Usage: cilocal [OPTIONS] COMMAND [ARGUMENTS]\n"));
}

static void test_manual(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	help_man(&out, NULL);
	assert_true(str_starts(buf_str(&out), STR(".TH CILOCAL 1")));
	assert_true(has(&out, ".SH EXIT STATUS"));
	struct str_split it = str_split(buf_str(&out), '\n');
	struct str line;
	/* Text that begins with a dot or a quote would be lost as a request. */
	while (str_split_next(&it, &line))
		if (line.n && line.p[0] == '.')
			assert_true(line.n > 2 && isupper((unsigned char)line.p[1]));
}

static void test_completion_knows_shells(void **state)
{
	static const char *const shells[] = {"bash", "zsh", "fish"};
	for (size_t s = 0; s < ARRAY_SIZE(shells); s++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT;
		assert_true(help_completion(&out, str_c(shells[s])));
		for (size_t c = 0; c < CMD_COUNT; c++)
			assert_true(has(&out, cmd_id_name((int)c)));
		assert_true(has(&out, "list --names") || has(&out, "list names"));
		assert_false(has(&out, "show-passwrd"));
	}
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	assert_false(help_completion(&out, STR("csh")));
	assert_int_equal(out.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_option_is_told),
		cmocka_unit_test(test_lines_fit),
		cmocka_unit_test(test_short_help_names_all_commands),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_completion_knows_shells),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
