#include "fuzz.h"

#include "base/diag.h"
#include "expr/expr.h"
#include "expr/glob.h"
#include "expr/regex.h"
#include "source/diag_print.h"
#include "source/source.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * One MiB of what hurts most, for each entry: a second of processor time and 64 MiB of memory must
 * do. Each input has its own process, whose peak is measured.
 */
#define SIZE       ((size_t)1 << 20)
#define MAX_KIB    65536
#define MAX_MILLIS 3000

enum entry { YAML, EXPR, REGEX, GLOB };

/* prefix, then unit (with %zu for a running number) until SIZE, then suffix. */
static const struct hostile {
	enum entry entry;
	const char *prefix, *unit, *suffix;
} inputs[] = {
	{YAML, "a: [", "1,", "]\n"},
	{YAML, "a: {", "x,", "}\n"},
	{YAML, "a: {", "x%zu: y,", "}\n"},
	{YAML, "a: ", "[", "\n"},
	{YAML, "a: ", "{", "\n"},
	{YAML, "", "- ", "\n"},
	{YAML, "", "? ", "\n"},
	{YAML, "", "a: 1\n", ""},
	{YAML, "", "k%zu: \n", ""},
	{YAML, "", "%zu: x\n", ""},
	{YAML, "", "? [a, %zu]\n: b\n", ""},
	{YAML, "", "a%zu: &a%zu 1\n", ""},
	{YAML, "a: &a {b: c}\nd:\n", "  <<: *a\n", ""},
	{YAML, "a: &a [1,2,3,4,5,6,7,8,9]\n", "x: *a\n", ""},
	{YAML, "a: ", "9", "\n"},
	{YAML, "a: 0x", "f", "\n"},
	{YAML, "a: ", "1:", "2\n"},
	{YAML, "a: ", "x ", "\n"},
	{YAML, "a: \"", "\\u00e9", "\"\n"},
	{YAML, "a: \"", "x\n", ""},
	{YAML, "a: |\n", "  x\n", ""},
	{YAML, "", "#", "\n"},
	{YAML, "", "---\n", ""},
	{YAML, "a: !reference [", "x,", "]\n"},
	{YAML, "a: \"\xe2\x80\xa8\"\nb: [", "1,", "]\n"},
	{YAML, "a: ", "!x ", "\n"},
	{YAML, "a: [", "*x,", "]\n"},
	{YAML, "a: [", "2020-01-01,", "]\n"},
	{YAML, "a: !!binary ", "QUJD", "\n"},
	{YAML, "", "\t", "\n"},
	{YAML, "", "\xff", "\n"},
	{EXPR, "", "(", ""},
	{EXPR, "", "$A && ", "$A"},
	{EXPR, "\"", "x", "\" == $A"},
	{EXPR, "/", "\\/", "a/"},
	{EXPR, "\"", "a", "\" =~ /(a|aa)+$/ || $B"},
	{REGEX, "", "(", ""},
	{REGEX, "", "(a?)", "\nb"},
	{REGEX, "", "a{1,1000}", "\nb"},
	{REGEX, "[", "a-b", "]\nb"},
	{REGEX, "(a*)*(b|c)\n", "a", ""},
	{REGEX, "a*[bc]\n", "a", ""},
	{REGEX, "(x+x+)+y\n", "x", ""},
	{REGEX, "(?i).*a.*b.*c.*d\n", "ab", ""},
	{GLOB, "", "{a,b}", "\na"},
	{GLOB, "", "{", "\na"},
	{GLOB, "", "**/", "b\na/a/a/a/a/a"},
	{GLOB, "*a*a*a*a*b\n", "a", ""},
	{GLOB, "**/a/**/b\n", "a/", ""},
	{GLOB, "[", "a-z", "]\nq"},
};

static void run_yaml(struct str text)
{
	struct arena a = ARENA_INIT;
	struct source_set set;
	struct diags d;
	struct yaml_file file;

	source_set_init(&set, &a);
	diags_init(&d, &a);
	yaml_read_file(
		&a, source_get(&set, source_add(&set, STR("f"), text, SPAN_NONE)), &d, &file);
	arena_release(&a);
}

static bool lookup(void *ctx, struct str name, struct str *value)
{
	UNUSED(ctx);
	*value = name;
	return true;
}

static void run_expr(struct str text)
{
	const struct expr_env env = {lookup, NULL, NULL};
	struct arena a = ARENA_INIT;
	struct expr_error err;
	const struct expr *e = expr_parse(&a, text, SPAN_NONE, &err);

	if (e)
		expr_eval(e, &a, &env, NULL, NULL, NULL);
	arena_release(&a);
}

static void run_pair(enum entry entry, struct str text)
{
	struct str pattern = first_line(&text), why;
	struct arena a = ARENA_INIT;

	if (entry == GLOB) {
		glob_match(glob_new(&a, pattern, GLOB_FNMATCH, &why), text);
		glob_match(glob_new(&a, pattern, GLOB_DOUBLESTAR, &why), text);
	} else {
		const struct regex *re = regex_new(&a, pattern, 0, &why, NULL);

		if (re)
			regex_search(re, text, NULL, 0);
	}
	arena_release(&a);
}

static void run(const struct hostile *h)
{
	struct buf b = BUF_INIT;
	size_t end = strlen(h->suffix);

	buf_adds(&b, h->prefix);
	for (size_t i = 0; b.n + end < SIZE; i++)
		buf_printf(&b, h->unit, i, i);
	buf_adds(&b, h->suffix);
	if (h->entry == YAML)
		run_yaml(buf_str(&b));
	else if (h->entry == EXPR)
		run_expr(buf_str(&b));
	else
		run_pair(h->entry, buf_str(&b));
	buf_release(&b);
}

/* Sanitizers need memory and time of their own: with them, the inputs only have to be survived. */
static bool sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return true;
#else
	return false;
#endif
}

static bool check(const struct hostile *h)
{
	struct rusage use;
	pid_t child = fork();
	long millis;
	int status;

	if (!child) {
		alarm(100);
		run(h);
		_exit(0);
	}
	if (child < 0 || wait4(child, &status, 0, &use) != child)
		return false;
	millis = use.ru_utime.tv_sec * 1000 + use.ru_utime.tv_usec / 1000;
	if (status || (!sanitized() && (use.ru_maxrss > MAX_KIB || millis > MAX_MILLIS))) {
		printf("'%.20s' '%s' '%.20s': status %d, %ld KiB, %ld ms\n", h->prefix, h->unit,
			h->suffix, status, use.ru_maxrss, millis);
		return false;
	}
	return true;
}

int main(void)
{
	size_t bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++)
		bad += !check(&inputs[i]);
	printf("%zu inputs, %zu beyond the bounds\n", ARRAY_SIZE(inputs), bad);
	return bad ? 1 : 0;
}
