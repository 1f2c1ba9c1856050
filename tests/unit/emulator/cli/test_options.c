#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "emulator/cli/options.h"

struct parsed {
	struct arena arena;
	struct options o;
	struct buf err;
	int rc;
};

/* words: the command line without the program's name, blanks between. */
static struct parsed *parse(const char *words)
{
	static struct parsed p;
	char name[] = "cilocal", *argv[32] = {name};
	int argc = 1;
	memset(&p, 0, sizeof(p));
	buf_init(&p.err);
	struct str_split it = str_split(str_c(words), ' ');
	struct str w;
	while (*words && str_split_next(&it, &w))
		argv[argc++] = arena_strdup(&p.arena, arena_cstr(&p.arena, w));
	p.rc = options_parse(&p.o, &p.arena, argc, argv, &p.err);
	return &p;
}

static void done(struct parsed *p)
{
	arena_release(&p->arena);
	buf_release(&p->err);
}

static void refused(const char *words, const char *message)
{
	struct parsed *p = parse(words);
	if (p->rc == 0 || str_find(buf_str(&p->err), str_c(message)) == STR_NPOS)
		fail_msg("'%s': %d '%s', wanted '%s'", words, p->rc, p->err.p, message);
	done(p);
}

static void test_anywhere(void **state)
{
	struct parsed *p = parse("-q build run --needs -j4 test --stage=a --stage b -vv -- --no");
	assert_int_equal(p->rc, -1); /* 'build' is taken for the command */
	done(p);
	p = parse("-q run build --needs -j4 test --stage=a --stage b -vv -- --no");
	assert_int_equal(p->rc, 0);
	assert_int_equal(p->o.cmd, CMD_run);
	assert_int_equal(p->o.n_args, 3);
	assert_string_equal(p->o.args[0], "build");
	assert_string_equal(p->o.args[1], "test");
	assert_string_equal(p->o.args[2], "--no");
	assert_null(p->o.args[3]);
	assert_true(opt_flag(&p->o, OPT_QUIET));
	assert_true(opt_flag(&p->o, OPT_NEEDS));
	assert_string_equal(opt_text(&p->o, OPT_JOBS), "4");
	assert_int_equal(opt_count(&p->o, OPT_VERBOSE), 2);
	size_t i = 0;
	assert_string_equal(opt_next(&p->o, OPT_STAGE, &i)->value, "a");
	assert_string_equal(opt_next(&p->o, OPT_STAGE, &i)->value, "b");
	assert_null(opt_next(&p->o, OPT_STAGE, &i));
	done(p);
}

static void test_short_forms(void **state)
{
	struct parsed *p = parse("-qvj 3 run -C/tmp -f=x.yml -n");
	assert_int_equal(p->rc, 0);
	assert_true(opt_flag(&p->o, OPT_QUIET));
	assert_string_equal(opt_text(&p->o, OPT_JOBS), "3");
	assert_string_equal(opt_text(&p->o, OPT_DIRECTORY), "/tmp");
	assert_string_equal(opt_text(&p->o, OPT_FILE), "x.yml");
	assert_true(opt_flag(&p->o, OPT_DRY_RUN));
	done(p);
}

/* The same name may stand for different rows; the command decides, also when it comes later. */
static void test_row_of_the_command(void **state)
{
	struct parsed *p = parse("--json run");
	assert_true(opt_flag(&p->o, OPT_JSON_EVENTS));
	assert_false(opt_flag(&p->o, OPT_JSON));
	done(p);
	p = parse("--json list");
	assert_true(opt_flag(&p->o, OPT_JSON));
	assert_false(opt_flag(&p->o, OPT_JSON_EVENTS));
	done(p);
	p = parse("clean --registry");
	assert_true(opt_flag(&p->o, OPT_CLEAN_REGISTRY));
	done(p);
}

static void test_negation(void **state)
{
	struct parsed *p = parse("run --privileged --no-privileged");
	assert_int_equal(p->rc, 0);
	assert_false(opt_flag(&p->o, OPT_PRIVILEGED));
	done(p);
	p = parse("run --no-privileged --privileged");
	assert_true(opt_flag(&p->o, OPT_PRIVILEGED));
	done(p);
	refused("list --no-json", "option '--json' has no '--no-json'");
	refused("run --no-privileged=1", "takes no argument");
}

static void test_refusals(void **state)
{
	refused("run --jsno", "unknown option '--jsno' for 'run'; did you mean '--json'?");
	refused("lst", "unknown command 'lst'; did you mean 'list'?");
	refused("frobnicate", "unknown command 'frobnicate'; a job is run by 'cilocal run JOB'");
	refused("list --tail 2", "unknown option '--tail' for 'list'; 'logs' takes it");
	refused("list -j 3", "'list' takes no option '--jobs' (-j)");
	refused("run -json", "unknown option '-json'; did you mean '--json'?");
	refused("list --chil", "unknown option '--chil' for 'list'; did you mean '--children'?");
	refused("completion --branch x bash", "unknown option '--branch' for 'completion'; "
					      "commands that read a pipeline take it");
	refused("run --tag=", "'--tag' wants NAME, not an empty text");
	refused("run -Z", "unknown option '-Z' for 'run'");
	refused("run --jobs", "option '--jobs' wants an argument (N)");
	refused("run -j", "option '--jobs' wants an argument (N)");
	refused("run -j x", "'--jobs' wants a whole number, not 'x'");
	refused("run -j -1", "'--jobs' wants a whole number, not '-1'");
	refused("list --json=1", "option '--json' takes no argument");
	refused("--color=nevr", "did you mean 'never'? (one of auto, always, never)");
	refused("list --event puhs", "did you mean 'push'?");
	refused("list --var A", "'--var' wants NAME=VALUE, not 'A'");
	refused("list --var =A", "'--var' wants NAME=VALUE, not '=A'");
	refused("list --branch=", "'--branch' wants NAME, not an empty text");
}

static void test_no_command(void **state)
{
	struct parsed *p = parse("");
	assert_int_equal(p->rc, 0);
	assert_int_equal(p->o.cmd, -1);
	assert_null(p->o.command);
	done(p);
	p = parse("--version");
	assert_int_equal(p->rc, 0);
	assert_true(opt_flag(&p->o, OPT_VERSION));
	done(p);
}

static void test_defaults_go_under(void **state)
{
	struct parsed *p = parse("run --stage=b --no-keep --jobs 2");
	struct buf *err = &p->err;
	assert_int_equal(options_default(&p->o, &p->arena, STR("stage"), "a", true, "f:1", err), 0);
	assert_int_equal(options_default(&p->o, &p->arena, STR("keep"), NULL, true, "f:2", err), 0);
	assert_int_equal(options_default(&p->o, &p->arena, STR("jobs"), "7", true, "f:3", err), 0);
	assert_int_equal(
		options_default(&p->o, &p->arena, STR("fail_fast"), NULL, true, "f:4", err), 0);
	assert_int_equal(
		options_default(&p->o, &p->arena, STR("timestamps"), NULL, false, "f", err), 0);
	size_t i = 0;
	const struct opt_value *v = opt_next(&p->o, OPT_STAGE, &i);
	assert_string_equal(v->value, "a");
	assert_string_equal(v->from, "f:1");
	assert_string_equal(opt_next(&p->o, OPT_STAGE, &i)->value, "b");
	assert_false(opt_flag(&p->o, OPT_KEEP));
	assert_string_equal(opt_text(&p->o, OPT_JOBS), "2");
	assert_true(opt_flag(&p->o, OPT_FAIL_FAST));
	assert_false(opt_flag(&p->o, OPT_TIMESTAMPS));
	done(p);
	/* Of two files the later one wins. */
	p = parse("run");
	options_default(&p->o, &p->arena, STR("jobs"), "1", true, "one", err);
	options_default(&p->o, &p->arena, STR("jobs"), "2", true, "two", err);
	assert_string_equal(opt_text(&p->o, OPT_JOBS), "2");
	/* One for another command is checked, and dropped. */
	assert_int_equal(options_default(&p->o, &p->arena, STR("tail"), "5", true, "f", err), 0);
	assert_null(opt_text(&p->o, OPT_TAIL));
	assert_int_equal(options_default(&p->o, &p->arena, STR("tail"), "x", true, "f", err), -1);
	assert_int_equal(options_default(&p->o, &p->arena, STR("json"), NULL, true, "f", err), -1);
	assert_int_equal(options_default(&p->o, &p->arena, STR("keep"), "yes", true, "f", err), -1);
	assert_int_equal(options_default(&p->o, &p->arena, STR("jobs"), NULL, true, "f", err), -1);
	done(p);
}

/* A letter means one option, and each row is something that parsing and help can use. */
static void test_table(void **state)
{
	size_t n;
	const struct opt_def *t = opt_table(&n);
	for (size_t i = 0; i < n; i++) {
		assert_true(t[i].help[0] && t[i].help[strlen(t[i].help) - 1] != '.');
		assert_true(t[i].cmds != 0);
		assert_true(t[i].arg || !t[i].choices);
		for (size_t j = 0; j < i; j++) {
			bool same = !strcmp(t[i].name, t[j].name);
			if (t[i].letter && t[i].letter == t[j].letter)
				assert_true(same);
			/* Rows of one name have one shape, since the command may come later. */
			if (same)
				assert_true(!t[i].arg == !t[j].arg && !(t[i].cmds & t[j].cmds));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_anywhere),
		cmocka_unit_test(test_short_forms),
		cmocka_unit_test(test_row_of_the_command),
		cmocka_unit_test(test_negation),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_no_command),
		cmocka_unit_test(test_defaults_go_under),
		cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
