#include "base/base.h"
#include "case_runner.h"
#include "vars/predefined.h"
#include "yaml/yaml.h"

#include <dirent.h>
#include <sys/stat.h>

void case_fail(struct one_case *c, const char *fmt, ...)
{
	va_list ap;

	c->failed = true;
	buf_adds(&c->report, "    ");
	va_start(ap, fmt);
	buf_vprintf(&c->report, fmt, ap);
	va_end(ap);
	buf_addc(&c->report, '\n');
}

bool case_read(struct one_case *c, const char *name, struct str *text)
{
	struct str path = arena_printf(&c->keep, "%s/%s", c->dir, name);
	FILE *f = fopen(path.p, "rb");
	struct buf b = BUF_INIT;
	char chunk[8192];
	size_t n;

	if (!f)
		return false;
	while ((n = fread(chunk, 1, sizeof(chunk), f)))
		buf_add(&b, chunk, n);
	fclose(f);
	*text = arena_str(&c->keep, buf_str(&b));
	buf_release(&b);
	return true;
}

struct node *case_yaml(struct one_case *c, const char *name)
{
	struct source_set set;
	struct diags d;
	struct str text;

	if (!case_read(c, name, &text))
		return NULL;
	source_set_init(&set, &c->keep);
	diags_init(&d, &c->keep);
	uint32_t id = source_add(&set, str_c(name), text, SPAN_NONE);
	struct node *n = yaml_read(&c->keep, source_get(&set, id), &d);
	for (const struct diag *g = d.first; g; g = g->next)
		if (g->level == DIAG_ERROR)
			case_fail(c, "%s:%u: " STR_FMT, name, g->at.begin.line, STR_ARG(g->text));
	return d.errors ? NULL : n;
}

static void answer(struct one_case *c, struct config_want *w)
{
	struct str text, why, *paths;
	bool here = !w->project.n;
	size_t n;

	if (w->kind == WANT_LOCAL && here) {
		if (loader_read(&c->loader, w->path, &text, &why) == LOADER_OK)
			config_provide(c->config, w, text, NULL);
		else
			config_refuse(c->config, w, why);
	} else if (w->kind == WANT_LOCAL_GLOB && here) {
		if (loader_glob(&c->loader, w->path, &paths, &n, &why) == LOADER_OK)
			config_provide_glob(c->config, w, paths, n);
		else
			config_refuse(c->config, w, why);
	} else if (case_answer(c, w, &text)) {
		struct config_resolved as = {.sha = STR("c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"),
			.version = w->ref,
			.reference = w->ref};

		config_provide(c->config, w, text, &as);
	} else {
		config_refuse(c->config, w, STR("no answer in facts.yml"));
	}
}

static enum config_status compile(struct one_case *c)
{
	enum config_status status;

	for (int rounds = 0; (status = config_compile(c->config)) == CONFIG_WANT; rounds++) {
		bool any = false;

		for (struct config_want *w = c->config->wants; w; w = w->next)
			if (!w->answered) {
				answer(c, w);
				any = true;
			}
		if (!any || rounds > 1000) {
			case_fail(c, "the definition wants something for ever");
			return CONFIG_FAILED;
		}
	}
	return status;
}

void case_build(struct one_case *c, struct str text)
{
	struct varset *include_vars = arena_new(&c->keep, struct varset);

	varset_init(include_vars, &c->keep);
	predefined_include(include_vars, &c->facts);
	varset_add_scoped(include_vars, &c->settings, STR_NULL);
	c->options.include_vars = include_vars;
	c->options.inputs = c->inputs;
	c->config = config_new(&c->arena, &c->sources, &c->diags, &c->facts, &c->options,
		STR(".gitlab-ci.yml"), text);
	if (compile(c) == CONFIG_OK)
		c->pipeline = pipeline_build(c->config, &c->facts);
	else
		pipeline_check(c->config);
}

static bool want_update(void)
{
	const char *e = getenv("CILOCAL_UPDATE");

	return e && *e && strcmp(e, "0");
}

static void write_file(struct one_case *c, const char *name, const struct buf *b)
{
	struct str path = arena_printf(&c->keep, "%s/%s", c->dir, name);
	FILE *f = fopen(path.p, "wb");

	if (!f || fwrite(b->p, 1, b->n, f) != b->n || fclose(f))
		case_fail(c, "can't write %s", path.p);
}

static void compare(struct one_case *c)
{
	struct node *expect = case_yaml(c, "expect.yml");
	struct str errors;
	struct buf out = BUF_INIT;

	if (expect) {
		case_expect_pipeline(c, expect);
		if (c->failed && c->pipeline && want_update()) {
			yaml_write(&out, case_updated(c, expect));
			write_file(c, "expect.yml", &out);
		}
	} else if (case_read(c, "expect.err", &errors)) {
		case_expect_errors(c, errors);
		if (c->failed && want_update()) {
			case_errors(c, &out);
			write_file(c, "expect.err", &out);
		}
	} else {
		case_fail(c, "there is neither expect.yml nor expect.err");
	}
	buf_release(&out);
}

static bool run_case(const char *dir)
{
	struct one_case *c = xcalloc(1, sizeof(*c));
	struct str why, text;

	c->dir = dir;
	buf_init(&c->report);
	source_set_init(&c->sources, &c->arena);
	diags_init(&c->diags, &c->arena);
	case_facts(c);
	if (loader_init(&c->loader, &c->keep, str_c(dir), &why) != LOADER_OK)
		case_fail(c, STR_FMT, STR_ARG(why));
	if (!c->failed && !case_read(c, ".gitlab-ci.yml", &text))
		case_fail(c, "there is no .gitlab-ci.yml");
	if (!c->failed) {
		case_build(c, text);
		compare(c);
		if (c->pipeline)
			case_fixed_point(c);
	}
	bool ok = !c->failed;
	if (!ok)
		printf("FAIL %s\n%s", dir, c->report.p);
	buf_release(&c->report);
	pipeline_unref(c->pipeline);
	arena_release(&c->arena);
	arena_release(&c->keep);
	free(c);
	return ok;
}

static bool is_case(const char *dir)
{
	struct stat st;
	char *path = xasprintf("%s/.gitlab-ci.yml", dir);
	bool is = stat(path, &st) == 0;

	free(path);
	return is;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* A case, or a folder of cases. */
static void run(const char *dir, unsigned *n, unsigned *bad)
{
	struct dirent **names;
	int count;

	if (is_case(dir)) {
		(*n)++;
		*bad += !run_case(dir);
		return;
	}
	count = scandir(dir, &names, NULL, by_name);
	for (int i = 0; i < count; i++) {
		char *path = xasprintf("%s/%s", dir, names[i]->d_name);
		struct stat st;

		if (names[i]->d_name[0] != '.' && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			run(path, n, bad);
		free(path);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

int main(int argc, char **argv)
{
	unsigned n = 0, bad = 0;

	for (int i = 1; i < argc; i++)
		run(argv[i], &n, &bad);
	printf("%u cases, %u failed\n", n, bad);
	return bad || !n;
}
