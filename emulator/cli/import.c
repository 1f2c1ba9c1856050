#include "base/base.h"

#include "emulator/cli/import.h"
#include "emulator/cli/toml_text.h"
#include "emulator/runner/docker_values.h"
#include "source/source.h"
#include "vars/dotenv.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

enum kind {
	OPTION,
	FLIPPED,
	LIST,
	PAIRS,
	DOCKER,
	DOCKER_LIST,
	DOCKER_NUMBER,
	DOCKER_SIZE,
	DEFAULT,
	NONE
};

struct rule {
	const char *name;
	enum kind kind;
	const char *key; /* here; of DEFAULT the value that changes nothing */
	const char *why; /* DEFAULT, NONE */
};

static const struct rule rules[] = {
#define OPTION(n, k)        {#n, OPTION, #k, NULL},
#define FLIPPED(n, k)       {#n, FLIPPED, #k, NULL},
#define LIST(n, k)          {#n, LIST, #k, NULL},
#define PAIRS(n, k)         {#n, PAIRS, #k, NULL},
#define DOCKER(n, k)        {#n, DOCKER, #k, NULL},
#define DOCKER_LIST(n, k)   {#n, DOCKER_LIST, #k, NULL},
#define DOCKER_NUMBER(n, k) {#n, DOCKER_NUMBER, #k, NULL},
#define DOCKER_SIZE(n, k)   {#n, DOCKER_SIZE, #k, NULL},
#define DEFAULT(n, v, w)    {#n, DEFAULT, v, w},
#define NONE(n, w)          {#n, NONE, NULL, w},
#include "emulator/cli/import.def"
#undef OPTION
#undef FLIPPED
#undef LIST
#undef PAIRS
#undef DOCKER
#undef DOCKER_LIST
#undef DOCKER_NUMBER
#undef DOCKER_SIZE
#undef DEFAULT
#undef NONE
};

/* ---- the file that is written ---- */

void import_config_release(struct import_config *c)
{
	buf_release(&c->options);
	buf_release(&c->docker);
	buf_release(&c->pairs);
}

void import_config_text(const struct import_config *c, const char *from, struct buf *out)
{
	if (!c->options.n && !c->docker.n && !c->pairs.n)
		return;
	buf_printf(out, "# Made by 'cilocal import' from %s.\n", from);
	if (c->options.n)
		buf_printf(out, "[cilocal]\n%s", c->options.p);
	buf_adds(out, c->pairs.p);
	if (c->docker.n)
		buf_printf(out, "\n[[runners]]\n  [runners.docker]\n%s", c->docker.p);
}

static void add_row(struct arena *a, struct import_part *part, struct str what, const char *fmt,
	...) PRINTF_LIKE(4, 5);
static void add_row(
	struct arena *a, struct import_part *part, struct str what, const char *fmt, ...)
{
	struct import_row row = {.what = what};
	va_list ap;
	va_start(ap, fmt);
	row.becomes = arena_vprintf(a, fmt, ap);
	va_end(ap);
	vec_push_in(a, &part->rows, row);
}

/* ---- options ---- */

/* SHELL_ISOLATION, shell-isolation and shellIsolation are one. */
static struct str plain_name(struct arena *a, struct str name)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] != '_' && name.p[i] != '-')
			buf_addc(&out, (char)tolower((unsigned char)name.p[i]));
	return arena_str(a, buf_str(&out));
}

static const struct rule *rule_of(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (str_is(name, rules[i].name))
			return &rules[i];
	return NULL;
}

static bool is_bool(struct str value)
{
	return str_is(value, "true") || str_is(value, "false");
}

/* KEY = VALUE, in the kind that the value has. */
static void put_value(struct buf *out, const char *key, struct str value)
{
	uint64_t number;
	buf_printf(out, "%s = ", key);
	if (is_bool(value) || parse_u64(value, &number))
		buf_addstr(out, value);
	else
		toml_text(out, value);
	buf_addc(out, '\n');
}

/* hide: of NAME=VALUE the value. */
static void put_list(struct buf *out, const char *key, struct str values, bool hide)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	struct str_split it = str_split(values, ' ');
	struct str one;
	bool first = true;
	buf_printf(out, "%s = [", key);
	while (str_split_next(&it, &one)) {
		if (!one.n)
			continue;
		buf_adds(out, first ? "" : ", ");
		first = false;
		buf_clear(&shown);
		buf_printf(
			&shown, STR_FMT "=[MASKED]", STR_ARG(str_sub(one, 0, str_chr(one, '='))));
		toml_text(out, hide ? buf_str(&shown) : one);
	}
	buf_adds(out, "]\n");
}

/* What the setting becomes in the file; false: its value has no meaning here. */
static bool put_setting(const struct rule *r, struct str value, struct import_config *out)
{
	int64_t bytes;
	uint64_t number;
	switch (r->kind) {
	case OPTION:
		put_value(&out->options, r->key, value);
		return true;
	case FLIPPED:
		if (!is_bool(value))
			return false;
		put_value(
			&out->options, r->key, str_is(value, "true") ? STR("false") : STR("true"));
		return true;
	case LIST:
	case PAIRS:
		put_list(&out->options, r->key, value, out->hide && r->kind == PAIRS);
		return true;
	case DOCKER:
		buf_printf(&out->docker, "    %s = ", r->key);
		toml_text(&out->docker, value);
		buf_addc(&out->docker, '\n');
		return true;
	case DOCKER_LIST:
		buf_adds(&out->docker, "    ");
		put_list(&out->docker, r->key, value, false);
		return true;
	case DOCKER_NUMBER:
		if (!parse_u64(value, &number))
			return false;
		buf_printf(&out->docker, "    %s = %" PRIu64 "\n", r->key, number);
		return true;
	case DOCKER_SIZE:
		if (!docker_size_parse(value, &bytes))
			return false;
		buf_printf(&out->docker, "    %s = %" PRId64 "\n", r->key, bytes);
		return true;
	case DEFAULT:
	case NONE:
		break;
	}
	return false;
}

static bool is_docker(const struct rule *r)
{
	return r->kind >= DOCKER && r->kind <= DOCKER_SIZE;
}

static void import_option(struct arena *a, const struct var *v, const char *target,
	struct import_part *part, struct import_config *out)
{
	struct str value = str_trim(v->value);
	const struct rule *r = rule_of(plain_name(a, v->key));
	/* Values of variables may be secrets. */
	struct str what = r && r->kind == PAIRS ? v->key
						: arena_printf(a, STR_FMT "=" STR_FMT,
							  STR_ARG(v->key), STR_ARG(value));
	if (!r)
		add_row(a, part, what, "unknown: gitlab-ci-local has no such option");
	else if (r->kind == DEFAULT && str_is(value, r->key))
		add_row(a, part, what, "nothing to do: %s", r->why);
	else if (r->kind == DEFAULT || r->kind == NONE)
		add_row(a, part, what, "no counterpart: %s", r->why);
	else if (put_setting(r, value, out))
		add_row(a, part, what, "'%s' of %s in %s", r->key,
			is_docker(r) ? "[runners.docker]" : "[cilocal]", target);
	else
		add_row(a, part, what, "no counterpart: '%s' takes no such value", r->key);
}

void import_options(struct arena *a, const struct source *src, struct diags *d, const char *target,
	struct import_part *part, struct import_config *out)
{
	struct varset vars;
	varset_init(&vars, a);
	dotenv_read(a, src, d, VAR_PROJECT, &vars);
	for (size_t i = 0; i < vars.n; i++)
		import_option(a, &vars.v[i], target, part, out);
}

/* ---- inputs ---- */

static void import_input(struct arena *a, const struct node_pair *pair, const char *target,
	struct import_part *part, struct import_config *out)
{
	struct str name = pair->key->text;
	if (!node_is_scalar(pair->value)) {
		add_row(a, part, name,
			"no counterpart: inputs of components stand at their include");
		return;
	}
	if (!out->pairs.n)
		buf_adds(&out->pairs, "\n[cilocal.input]\n");
	toml_text(&out->pairs, name);
	buf_adds(&out->pairs, " = ");
	toml_text(&out->pairs, pair->value->text);
	buf_addc(&out->pairs, '\n');
	add_row(a, part, name, "'" STR_FMT "' of [cilocal.input] in %s", STR_ARG(name), target);
}

void import_inputs(struct arena *a, const struct source *src, struct diags *d, const char *target,
	struct import_part *part, struct import_config *out)
{
	const struct node *root = yaml_read(a, src, d);
	if (!node_is(root, NODE_MAP))
		return;
	node_each_pair(pair, root)
	{
		/* "_global" holds those of the definition, other mappings those of components. */
		if (str_is(pair->key->text, "_global") && node_is(pair->value, NODE_MAP)) {
			node_each_pair(inner, pair->value)
				import_input(a, inner, target, part, out);
		} else {
			import_input(a, pair, target, part, out);
		}
	}
}

/* ---- variables ---- */

static void put_names(struct buf *out, const struct node *map)
{
	node_each_pair(pair, map)
		buf_printf(out, "%s" STR_FMT, out->n ? ", " : "", STR_ARG(pair->key->text));
}

void import_variables(
	struct arena *a, const struct source *src, struct diags *d, struct import_part *part)
{
	static const char *const scopes[] = {"global", "group", "project"};
	CLEANUP(buf_release) struct buf flat = BUF_INIT;
	const struct node *root = yaml_read(a, src, d);
	bool scoped = false;
	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
		const struct node *part_of = node_get(root, scopes[i]);
		CLEANUP(buf_release) struct buf names = BUF_INIT;
		if (!node_is(part_of, NODE_MAP))
			continue;
		scoped = true;
		put_names(&names, part_of);
		add_row(a, part, str_c(scopes[i]), "read as it is: %s", names.p);
	}
	if (scoped || !node_is(root, NODE_MAP))
		return;
	put_names(&flat, root);
	add_row(a, part, STR("variables"), "read as it is: %s", flat.p);
}

/* ---- decorators ---- */

static const struct {
	const char *name, *becomes;
} decorators[] = {
	{"@Description", "stays a comment; 'cilocal list' shows no descriptions"},
	{"@Interactive",
		"no counterpart; 'cilocal shell JOB' opens a terminal in the job, with its "
		"commands in $CILOCAL_SCRIPT"},
	{"@InjectSSHAgent",
		"no counterpart, since the socket's path is another one in each session: "
		"volumes = [\"PATH-OF-SSH_AUTH_SOCK:/ssh-agent\"] in [runners.docker] and "
		"environment = [\"SSH_AUTH_SOCK=/ssh-agent\"] in [[runners]], in a file for "
		"--config"},
	{"@NoArtifactsToSource", "nothing to do: artifacts never go into the work tree here"},
};

/* The next line that begins a job says whose the comment is. */
static struct str job_below(const struct source *src, uint32_t line)
{
	for (uint32_t i = line + 1; i <= src->n_lines; i++) {
		struct str text = source_line(src, i);
		size_t colon = str_chr(text, ':');
		if (!text.n || text.p[0] == '#')
			continue;
		return colon != STR_NPOS && !isspace((unsigned char)text.p[0])
			       ? str_sub(text, 0, colon)
			       : STR_NULL;
	}
	return STR_NULL;
}

void import_decorators(struct arena *a, const struct source *src, struct import_part *part)
{
	for (uint32_t i = 1; i <= src->n_lines; i++) {
		struct str line = str_trim(source_line(src, i));
		for (size_t k = 0; k < ARRAY_SIZE(decorators); k++) {
			struct str job, rest = str_trim(str_from(line, 1));
			if (!str_starts(line, STR("#")) ||
				!str_starts(rest, str_c(decorators[k].name)))
				continue;
			job = job_below(src, i);
			add_row(a, part,
				arena_printf(a, "line %u: %s%s" STR_FMT "%s", (unsigned)i,
					decorators[k].name, job.n ? " of '" : "", STR_ARG(job),
					job.n ? "'" : ""),
				"%s", decorators[k].becomes);
		}
		if (!str_starts(line, STR("#")) && str_find(line, STR("$GITLAB_CI")) != STR_NPOS &&
			str_find(line, STR("false")) != STR_NPOS)
			add_row(a, part,
				arena_printf(
					a, "line %u: $GITLAB_CI compared to false", (unsigned)i),
				"GITLAB_CI is true here, as on GitLab; '--var GITLAB_CI=false' "
				"makes "
				"such jobs part of the pipeline");
	}
}
