#include "fuzz.h"

#include "base/diag.h"
#include "config/config.h"
#include "expr/expr.h"
#include "expr/glob.h"
#include "expr/regex.h"
#include "pipeline/pipeline.h"
#include "source/diag_print.h"
#include "source/source.h"
#include "vars/facts.h"
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

enum entry { YAML, EXPR, REGEX, GLOB, PIPELINE };

#define SIX   "[a,b,c,d,e,f]"
#define MANY  "[a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,0a,0b,0c,0d,0e,0f]"
#define EIGHT "A: b,B: b,C: d,D: e,E: f,F: g,G: h,H: i"
#define FIFTY                                                                                      \
	"n0,n1,n2,n3,n4,n5,n6,n7,n8,n9,n10,n11,n12,n13,n14,n15,n16,n17,n18,n19,n20,n21,n22,n23,"   \
	"n24,n25,n26,n27,n28,n29,n30,n31,n32,n33,n34,n35,n36,n37,n38,n39,n40,n41,n42,n43,n44,n45," \
	"n46,n47,n48,n49"
#define TEMPLATE                                                                               \
	".b:\n script: [a, b]\n image: {name: a, entrypoint: [b]}\n variables: {A: b, C: d}\n" \
	" cache: [{key: a, paths: [b]},{key: c, paths: [d]}]\n artifacts: {paths: [a, b]}\n"   \
	" services: [a, b, c]\n tags: [a, b]\n only: {refs: [a]}\n retry: 2\n"
#define NEXT    "  V%zu: $V%zu+\n"
#define JOB(it) "a%zu: {script: a, environment: " it "}\n"
#define RULES   " rules: [{if: $A},{if: $B, variables: {A: c}},{changes: [a]},{when: always}]\n"

/* prefix, then unit (with %zu for a running number) until SIZE or `units` of them, then suffix. */
static const struct hostile {
	enum entry entry;
	const char *prefix, *unit, *suffix;
	size_t units; /* 0: as many as go in */
} inputs[] = {
	{YAML, "a: [", "1,", "]\n", 0},
	{YAML, "a: {", "x,", "}\n", 0},
	{YAML, "a: {", "x%zu: y,", "}\n", 0},
	{YAML, "a: ", "[", "\n", 0},
	{YAML, "a: ", "{", "\n", 0},
	{YAML, "", "- ", "\n", 0},
	{YAML, "", "? ", "\n", 0},
	{YAML, "", "a: 1\n", "", 0},
	{YAML, "", "k%zu: \n", "", 0},
	{YAML, "", "%zu: x\n", "", 0},
	{YAML, "", "? [a, %zu]\n: b\n", "", 0},
	{YAML, "", "a%zu: &a%zu 1\n", "", 0},
	{YAML, "a: &a {b: c}\nd:\n", "  <<: *a\n", "", 0},
	{YAML, "a: &a [1,2,3,4,5,6,7,8,9]\n", "x: *a\n", "", 0},
	{YAML, "a: ", "9", "\n", 0},
	{YAML, "a: 0x", "f", "\n", 0},
	{YAML, "a: ", "1:", "2\n", 0},
	{YAML, "a: ", "x ", "\n", 0},
	{YAML, "a: \"", "\\u00e9", "\"\n", 0},
	{YAML, "a: \"", "x\n", "", 0},
	{YAML, "a: |\n", "  x\n", "", 0},
	{YAML, "", "#", "\n", 0},
	{YAML, "", "---\n", "", 0},
	{YAML, "a: !reference [", "x,", "]\n", 0},
	{YAML, "a: \"\xe2\x80\xa8\"\nb: [", "1,", "]\n", 0},
	{YAML, "a: ", "!x ", "\n", 0},
	{YAML, "a: [", "*x,", "]\n", 0},
	{YAML, "a: [", "2020-01-01,", "]\n", 0},
	{YAML, "a: !!binary ", "QUJD", "\n", 0},
	{YAML, "", "\t", "\n", 0},
	{YAML, "", "\xff", "\n", 0},
	{EXPR, "", "(", "", 0},
	{EXPR, "", "$A && ", "$A", 0},
	{EXPR, "\"", "x", "\" == $A", 0},
	{EXPR, "/", "\\/", "a/", 0},
	{EXPR, "\"", "a", "\" =~ /(a|aa)+$/ || $B", 0},
	{REGEX, "", "(", "", 0},
	{REGEX, "", "(a?)", "\nb", 0},
	{REGEX, "", "a{1,1000}", "\nb", 0},
	{REGEX, "[", "a-b", "]\nb", 0},
	{REGEX, "(a*)*(b|c)\n", "a", "", 0},
	{REGEX, "a*[bc]\n", "a", "", 0},
	{REGEX, "(x+x+)+y\n", "x", "", 0},
	{REGEX, "(?i).*a.*b.*c.*d\n", "ab", "", 0},
	{GLOB, "", "{a,b}", "\na", 0},
	{GLOB, "", "{", "\na", 0},
	{GLOB, "", "**/", "b\na/a/a/a/a/a", 0},
	{GLOB, "*a*a*a*a*b\n", "a", "", 0},
	{GLOB, "**/a/**/b\n", "a/", "", 0},
	{GLOB, "[", "a-z", "]\nq", 0},
	{PIPELINE, "", "%zu: {script: a}\n", "", 0},
	{PIPELINE, "", "a%zu: {script: a}\n", "", 12400},
	{PIPELINE, "", "a%zu: {script: [a], parallel: 200}\n", "", 0},
	{PIPELINE, "", "a%zu: {script: [a], parallel: 200}\n", "", 62},
	{PIPELINE, "", "a%zu: {script: [a], parallel: {matrix: [{A: " SIX ", B: " SIX "}]}}\n", "",
		0},
	{PIPELINE, "", "a%zu: {script: [a], parallel: {matrix: [{A: " SIX ", B: " SIX "}]}}\n", "",
		340},
	{PIPELINE, "", "a%zu: {script: a, rules: [{if: $A},{if: $B}]}\n", "", 12400},
	{PIPELINE, "", ".%zu: {a: b}\n", "", 0},
	{PIPELINE, "a: {script: a}\n", ".%zu: {extends: .0}\n", "", 0},
	{PIPELINE, TEMPLATE, "a%zu: {extends: .b}\n", "", 0},
	{PIPELINE, TEMPLATE, "a%zu: {extends: .b}\n", "", 12400},
	{PIPELINE, ".b:\n script: a\n" RULES, "a%zu: {extends: .b}\n", "", 12400},
	{PIPELINE, TEMPLATE, "a%zu: {extends: .b, variables: {B%zu: c}}\n", "", 12400},
	{PIPELINE, "default:\n image: a\n before_script: " SIX "\n timeout: 1h\n tags: " SIX "\n",
		"a%zu: {script: a}\n", "", 12400},
	{PIPELINE, "a: &a {script: a, variables: {A: b}, cache: {key: a, paths: [b]}}\n",
		"b%zu: *a\n", "", 12400},
	{PIPELINE, "a: {script: a}\nb:\n script: a\n needs: [", "a,", "]\n", 0},
	{PIPELINE, "a: {script: a}\nb:\n script: a\n needs:\n", "  - {job: a, optional: true}\n",
		"", 0},
	{PIPELINE, "b:\n script: a\n needs: [", "x%zu,", "]\n", 0},
	{PIPELINE, "b:\n script: [", "a,", "]\n", 0},
	{PIPELINE, "b:\n script: a\n rules:\n", "  - if: $A\n", "", 0},
	{PIPELINE, "b:\n script: a\n variables:\n", "  A%zu: $A\n", "", 0},
	{PIPELINE, "b: {script: a, parallel: 200}\nvariables:\n", "  A%zu: b\n", "", 0},
	{PIPELINE, "b:\n script: a\n parallel: 200\n variables:\n", "  A%zu: b\n", "", 0},
	{PIPELINE, "stages: [", "a%zu,", "]\na: {script: a, stage: a0}\n", 0},
	{PIPELINE, "a: {script: a}\n.a: &a {b: [", "a,", "]}\n.b: [*a, *a, *a, *a]\n", 0},
	{PIPELINE, "a0: {script: a}\n", "a%zu: {script: a, needs: [a0]}\n", "", 12400},
	{PIPELINE, "a:\n script: a\n cache: [", "1,", "]\n", 340000},
	{PIPELINE, "a:\n script: a\n cache: [", "{foo: a},", "]\n", 0},
	{PIPELINE, "a: {script: a}\ninclude: [", "1,", "]\n", 340000},
	{PIPELINE, "a: {script: a}\ninclude: [", "{local: b},", "]\n", 0},
	{PIPELINE, "a: {script: a}\ninclude: [", "$A$B,", "]\n", 0},
	{PIPELINE, "a: {script: a}\n.r: " MANY "\nb:\n script:\n", "  - !reference [.r]\n", "", 0},
	{PIPELINE, ".r: " MANY "\n", "a%zu: {script: !reference [.r]}\n", "", 12000},
	{PIPELINE, ".r: " MANY "\n", "a%zu: {script: [!reference [.r], !reference [.r]]}\n", "",
		12000},
	{PIPELINE, "", "a%zu: {script: a, variables: {" EIGHT "}}\n", "", 12400},
	{PIPELINE, "", "a%zu: {script: a, parallel: {matrix: [{" EIGHT "}]}}\n", "", 12000},
	{PIPELINE, "", "a%zu: {script: a, tags: " MANY "}\n", "", 0},
	{PIPELINE, "", "a%zu: {foo: a}\n", "", 12000},
};

/* Jobs times what they share. */
static const struct product {
	struct hostile shared;
	const char *job; /* as many as go in behind it, up to 12,000 */
} products[] = {
	{{PIPELINE, "variables:\n", NEXT, "", 10000}, JOB("a")},
	{{PIPELINE, "variables:\n", NEXT, "", 10000}, JOB("{name: $V0}, resource_group: $V0")},
	{{PIPELINE, "variables:\n", NEXT, "", 10000}, JOB("a, variables: {V5: $V9}")},
	{{PIPELINE, "variables:\n", NEXT, "", 10000},
		"a%zu: {script: a, inherit: {variables: [V0, V9]}}\n"},
	{{PIPELINE, "variables:\n", NEXT, "", 10000}, JOB("a, rules: [{exists: [$V0]}]")},
	{{PIPELINE, "variables:\n", NEXT, "  V10000: $V0\n", 10000}, JOB("a")},
	{{PIPELINE, "variables:\n", "  V%zu: $V%zu\n", "", 20000}, JOB("a")},
	/* Some 4,000 jobs go in, which GitLab would take with more memory. */
	{{PIPELINE, "", "n%zu: {script: a}\n", "", 50},
		"a%zu: {script: ............................................, needs: [" FIFTY
		"]}\n"},
	{{PIPELINE, "variables:\n", NEXT, "", 10000},
		"a%zu: {script: a, environment: a, inherit: {variables: [V%zu, V1, V2]}}\n"},
	{{PIPELINE, "variables:\n", NEXT, "", 10000},
		"a%zu: {script: a, inherit: {variables: [V%zu, V1, V2, V3, V4, V5, V6, V7, V8]}}"
		"\n"},
	{{PIPELINE, "variables:\n", NEXT, "", 5000}, "a%zu: {script: a, variables: {" EIGHT "}}\n"},
	{{PIPELINE, "variables:\n", "  A%zu: b\n", "", 60000}, JOB("a")},
	{{PIPELINE, "variables:\n", "  A%zu: b\n", "", 40000},
		"a%zu: {script: a, rules: [{if: $Q}]}\n"},
	{{PIPELINE, ".b:\n script: a\n rules: [", "{if: $A},", "]\n", 50},
		"a%zu: {extends: .b, script: b}\n"},
	{{PIPELINE, ".b:\n script: a\n rules: [", "{foo: a},", "]\n", 50}, "a%zu: {extends: .b}\n"},
	{{PIPELINE, ".b:\n script: a\n cache: [", "{key: a, paths: [b]},", "]\n", 50},
		"a%zu: {extends: .b}\n"},
	{{PIPELINE, "variables: {A: ", "x", "}\n", 500000}, JOB("a$A, tags: [$A, $A]")},
	{{PIPELINE, "variables: {A: ", "x", "}\n", 500000}, JOB("a, rules: [{if: $A =~ /y$/}]")},
	{{PIPELINE, "", "", "", 1}, JOB("a, variables: {A: xxxxxxxxxxxxxxxxxxxxxxxxxx}, rules: "
					"[{if: '$A =~ /(x+x+)+y/'}]")},
	{{PIPELINE, ".b:\n script: a\n variables:\n", NEXT, "", 50},
		"a%zu: {extends: .b, variables: {X: a}}\n"},
	{{PIPELINE, ".b:\n script: a\n rules:\n - variables:\n", "    V%zu: a\n", "", 300},
		"a%zu: {extends: .b}\n"},
	{{PIPELINE, ".b:\n script: a\n needs: [", "a%zu,", "]\n", 50}, JOB("a, extends: .b")},
	{{PIPELINE, "x: {script: a, parallel: 200}\n.b: {script: a, needs: [x]}\n", "", "", 1},
		"a%zu: {extends: .b}\n"},
	{{PIPELINE, "x:\n script: a\n services: [", "\"a\",", "]\n", 200000}, JOB("a")},
	{{PIPELINE, "default:\n before_script: [", "aa,", "]\n", 150000}, JOB("a")},
	{{PIPELINE, "x:\n script: a\n parallel:\n  matrix:\n  - Z: " SIX "\n", "    A%zu: x\n", "",
		 50000},
		JOB("a")},
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

static void run_pipeline(struct str text)
{
	static const struct facts facts = {.source = STR_INIT("push"),
		.branch = STR_INIT("main"),
		.ref_name = STR_INIT("main")};
	struct arena a = ARENA_INIT;
	struct source_set set;
	struct diags d;
	struct config *c;
	struct pipeline *p;

	source_set_init(&set, &a);
	diags_init(&d, &a);
	c = config_new(&a, &set, &d, &facts, NULL, STR("f"), text);
	if (config_compile(c) != CONFIG_OK)
		pipeline_check(c);
	else if ((p = pipeline_build(c, &facts)))
		pipeline_unref(p);
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
	const struct expr_env env = {.variable = lookup};
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

/* %zu is the number; the second one of a unit that ends with '+' is the next. */
static void put_unit(struct buf *b, const char *unit, size_t i)
{
	bool next = strstr(unit, "+\n") != NULL;

	buf_printf(b, unit, i, i + next);
	if (!next)
		return;
	b->n -= 2;
	buf_addc(b, '\n');
}

static void run(const struct hostile *h, const char *job)
{
	struct buf b = BUF_INIT;
	size_t end = strlen(h->suffix);

	buf_adds(&b, h->prefix);
	for (size_t i = 0; b.n + end < SIZE && (!h->units || i < h->units); i++)
		put_unit(&b, h->unit, i);
	buf_adds(&b, h->suffix);
	for (size_t i = 0; job && b.n < SIZE && i < 12000; i++)
		put_unit(&b, job, i);
	if (h->entry == YAML)
		run_yaml(buf_str(&b));
	else if (h->entry == PIPELINE)
		run_pipeline(buf_str(&b));
	else if (h->entry == EXPR)
		run_expr(buf_str(&b));
	else
		run_pair(h->entry, buf_str(&b));
	buf_release(&b);
}

/* Sanitizers need memory and time of their own: with them, the inputs only have to be survived. */
static bool sanitized(void)
{
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
	return true;
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
	return true;
#else
	return false;
#endif
}

static bool check(const struct hostile *h, const char *job)
{
	struct rusage use;
	pid_t child = fork();
	long millis;
	int status;

	if (!child) {
		alarm(100);
		run(h, job);
		_exit(0);
	}
	if (child < 0 || wait4(child, &status, 0, &use) != child)
		return false;
	millis = use.ru_utime.tv_sec * 1000 + use.ru_utime.tv_usec / 1000;
	if (status || (!sanitized() && (use.ru_maxrss > MAX_KIB || millis > MAX_MILLIS))) {
		printf("'%.20s' '%s' '%.20s' '%.50s': status %d, %ld KiB, %ld ms\n", h->prefix,
			h->unit, h->suffix, job ? job : "", status, use.ru_maxrss, millis);
		return false;
	}
	return true;
}

int main(void)
{
	size_t bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++)
		bad += !check(&inputs[i], NULL);
	for (size_t i = 0; i < ARRAY_SIZE(products); i++)
		bad += !check(&products[i].shared, products[i].job);
	printf("%zu inputs, %zu beyond the bounds\n", ARRAY_SIZE(inputs) + ARRAY_SIZE(products),
		bad);
	return bad ? 1 : 0;
}
