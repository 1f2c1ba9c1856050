#include "base/base.h"

#include "emulator/cli/doctor_config.h"
#include "emulator/cli/options.h"
#include "emulator/cli/settings.h"
#include "emulator/log/console.h"
#include "base/arena.h"
#include "base/buf.h"
#include "yaml/node.h"

/* Longer values are cut. */
#define SHOWN 44

enum section { GLOBAL, RUNNERS, BUILD_DIR, DOCKER, SERVICE };

static const struct {
	const char *name;
	enum section section;
	enum config_effect effect;
} keys[] = {
#define KEY(section, name, kind, field) {#name, section, CONFIG_USED},
#define SUB(section, name)              {#name, section, CONFIG_USED},
#define SERVER(section, name)           {#name, section, CONFIG_SERVER},
#define NOEFFECT(section, name)         {#name, section, CONFIG_NO_EFFECT},
#include "emulator/cli/runner_keys.def"
#undef KEY
#undef SUB
#undef SERVER
#undef NOEFFECT
};

static const struct {
	const char *name;
	enum section section;
	const char *text;
} words[] = {
#define WORD(section, name, text) {#name, section, text},
#include "emulator/cli/runner_words.def"
#undef WORD
};
_Static_assert(ARRAY_SIZE(keys) == ARRAY_SIZE(words), "a word for each key");

struct explain {
	struct arena *a;
	struct config_rows *out;
};

const char *config_effect_word(enum config_effect e)
{
	static const char *const names[] = {"used", "not needed", "no effect", "unknown"};
	return names[e];
}

static void add_value(struct buf *b, const struct node *n)
{
	size_t i = 0;
	switch (n->kind) {
	case NODE_SEQ:
		buf_addc(b, '[');
		node_each (item, n) {
			buf_adds(b, i++ ? ", " : "");
			add_value(b, item);
		}
		buf_addc(b, ']');
		break;
	case NODE_STRING:
		buf_printf(b, n->quoted ? "\"" STR_FMT "\"" : STR_FMT, STR_ARG(n->text));
		break;
	case NODE_BOOL:
		buf_adds(b, n->u.boolean ? "true" : "false");
		break;
	case NODE_INT:
		buf_printf(b, "%lld", (long long)n->u.integer);
		break;
	case NODE_FLOAT:
	case NODE_MAP:
	case NODE_NULL:
	case NODE_REFERENCE:
		buf_addstr(b, n->text);
		break;
	}
}

/* Of variables the names alone: who asks for help shows others what is printed. */
static void add_names(struct buf *b, const struct node *list)
{
	size_t i = 0;
	buf_addc(b, '[');
	node_each (item, list) {
		size_t cut = str_chr(item->text, '=');
		buf_printf(b, "%s" STR_FMT "=...", i++ ? ", " : "",
			STR_ARG(str_sub(item->text, 0, cut == STR_NPOS ? 0 : cut)));
	}
	buf_addc(b, ']');
}

static struct str value_text(struct explain *x, struct str key, const struct node *n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	if (str_is(key, "token"))
		buf_adds(&b, "(not shown)");
	else if (str_is(key, "environment") && n->kind == NODE_SEQ)
		add_names(&b, n);
	else
		add_value(&b, n);
	for (size_t i = 0; i < b.n; i++)
		if ((unsigned char)b.p[i] < ' ')
			b.p[i] = ' ';
	if (str_width(buf_str(&b)) <= SHOWN)
		return arena_str(x->a, buf_str(&b));
	CLEANUP(buf_release) struct buf cut = BUF_INIT;
	console_fit(&cut, buf_str(&b), SHOWN);
	return arena_str(x->a, str_trim(buf_str(&cut)));
}

static void push(struct explain *x, const struct node *at, struct str key, struct str value,
	enum config_effect effect, struct str text)
{
	struct config_row row = {at->at.begin.line, key, value, effect, text};
	vec_push_in(x->a, &x->out->rows, row);
}

static const char *word_of(enum section section, struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].section == section && str_is(name, words[i].name))
			return words[i].text;
	return NULL;
}

static enum config_effect effect_of(enum section section, struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].section == section && str_is(name, keys[i].name))
			return keys[i].effect;
	return CONFIG_UNKNOWN;
}

static void explain_key(
	struct explain *x, enum section section, const struct node *key, const struct node *value)
{
	const char *word = word_of(section, key->text);
	push(x, key, key->text,
		value->kind == NODE_MAP ? STR_NULL : value_text(x, key->text, value),
		effect_of(section, key->text), word ? str_c(word) : STR("no key of a Runner"));
}

static bool is_tables(const struct node *n)
{
	return node_is(n, NODE_SEQ) && n->u.seq.n && n->u.seq.items[0]->kind == NODE_MAP;
}

static void explain_section(struct explain *x, enum section section, const struct node *map)
{
	node_each_pair(pair, map)
	{
		struct str name = pair->key->text;
		if ((section == GLOBAL && (str_is(name, "runners") || str_is(name, "cilocal"))) ||
			(section == RUNNERS && str_is(name, "docker")) ||
			(section == DOCKER && is_tables(pair->value)))
			continue;
		explain_key(x, section, pair->key, pair->value);
	}
}

static void explain_docker(struct explain *x, const struct node *docker)
{
	push(x, docker, STR("[runners.docker]"), STR_NULL, CONFIG_USED,
		STR("how its containers are made"));
	explain_section(x, DOCKER, docker);
	const struct node *services = node_get(docker, "services");
	if (!is_tables(services))
		return;
	node_each (item, services) {
		push(x, item, STR("[[runners.docker.services]]"), STR_NULL, CONFIG_USED,
			STR("a service of every job"));
		if (item->kind == NODE_MAP)
			explain_section(x, SERVICE, item);
	}
}

static void explain_own(struct explain *x, const struct node *own)
{
	push(x, own, STR("[cilocal]"), STR_NULL, CONFIG_USED,
		STR("(cilocal's own) defaults of options"));
	node_each_pair(pair, own)
	{
		struct str name = pair->key->text;
		const struct opt_def *def = opt_find(settings_option(name), -1);
		bool other = str_is(name, "templates") || str_is(name, "projects");
		push(x, pair->key, name,
			pair->value->kind == NODE_MAP ? STR_NULL : value_text(x, name, pair->value),
			def || other ? CONFIG_USED : CONFIG_UNKNOWN,
			def     ? str_c(def->help)
			: other ? str_is(name, "templates")
					  ? STR("the folder with GitLab's templates")
					  : STR("clones of other projects on this machine")
				: STR("no option"));
	}
}

static int by_line(const void *a, const void *b)
{
	const struct config_row *x = a, *y = b;
	return x->line < y->line ? -1 : x->line > y->line;
}

void config_explain(struct arena *a, const struct node *root, struct config_rows *out)
{
	struct explain x = {a, out};
	const struct node *runners = node_get(root, "runners"), *own = node_get(root, "cilocal");
	memset(out, 0, sizeof(*out));
	explain_section(&x, GLOBAL, root);
	if (node_is(runners, NODE_SEQ))
		node_each (item, runners) {
			if (item->kind != NODE_MAP)
				continue;
			push(&x, item, STR("[[runners]]"), STR_NULL, CONFIG_USED, STR("a runner"));
			explain_section(&x, RUNNERS, item);
			const struct node *build_dir = node_get(item, "custom_build_dir");
			if (node_is(build_dir, NODE_MAP))
				explain_section(&x, BUILD_DIR, build_dir);
			const struct node *docker = node_get(item, "docker");
			if (node_is(docker, NODE_MAP))
				explain_docker(&x, docker);
		}
	if (node_is(own, NODE_MAP))
		explain_own(&x, own);
	if (out->rows.n)
		qsort(out->rows.v, out->rows.n, sizeof(*out->rows.v), by_line);
}
