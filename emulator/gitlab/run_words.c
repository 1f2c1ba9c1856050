/*
 * What a job's own commands pull is asked of a registry by a daemon that nobody here talks to:
 * which images these are can only be read out of the commands, and out of the files of the project
 * that these name: scripts, Dockerfiles, a Makefile, those of Docker Compose. What the job's
 * variables hold is known, and what a script sets once; the rest stays as it is written there
 * ("alpine:$TAG").
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/gitlab/image_pattern.h"
#include "emulator/runner/shell_words.h"
#include "emulator/store/store.h"
#include "pipeline/pipeline.h"
#include "source/source.h"

#define FILE_MAX ((size_t)256 * 1024)

struct build_arg {
	struct str name, value;
};

/* One that the commands call, in the project. */
struct script_file {
	struct str path, text;
};

struct looking {
	struct run *r;
	const struct job *job;
	size_t first;        /* of its words */
	struct arena arena;  /* until they are found */
	struct varset known; /* the job's variables, and those of its scripts */
	VEC(struct script_file) files;
};

/* One command line. */
struct command {
	struct image_place at;
	VEC(struct build_arg) args;
	VEC(struct str) values; /* of build arguments: names where no Dockerfile says so */
	VEC(struct str) files;  /* Dockerfiles */
};

/* ---- what is kept ---- */

/* Where a name of the dependency proxy begins in the word. */
static size_t proxy_at(const struct run_options *o, struct str word)
{
	for (size_t i = 0; i < o->n_proxies; i++) {
		struct str prefix = o->stand_ins[o->n_stand_ins + i].from;
		struct str bare = str_sub(prefix, 0, prefix.n - 1);
		size_t at = str_find(word, bare), end = at + bare.n;

		if (at != STR_NPOS && (end == word.n || word.p[end] == '/'))
			return at;
	}
	return STR_NPOS;
}

/* Up to what ends a word of a shell, or of a list; what the shell puts in may hold anything. */
static struct str first_part(struct str word)
{
	size_t n = 0;

	while (n < word.n && !strchr(";|&<>,", word.p[n]))
		n++;
	return image_pattern_open(word) ? word : str_sub(word, 0, n);
}

static void offer(struct looking *l, struct str word, const struct image_place *at)
{
	struct run *r = l->r;
	size_t proxy = proxy_at(r->o, word);
	struct image_word found = {.job = l->job, .proxied = proxy != STR_NPOS, .at = *at};

	if (found.proxied)
		word = first_part(str_from(word, proxy));
	else if (!word.n || !image_rule_find(r->o->stand_ins, r->o->n_stand_ins, word))
		return;
	for (size_t i = l->first; i < r->words.n; i++)
		if (str_eq(r->words.v[i].word, word))
			return;
	found.word = arena_str(&r->arena, word);
	found.at.file = arena_str(&r->arena, at->file);
	vec_push_in(&r->arena, &r->words, found);
}

/* ---- text ---- */

/* Quotes within a word join its parts: "$A"/app. */
static struct str without_quotes(struct arena *a, struct str word)
{
	char *out;
	size_t n = 0;

	if (str_chr(word, '"') == STR_NPOS && str_chr(word, '\'') == STR_NPOS)
		return word;
	out = arena_array(a, char, word.n);
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] != '"' && word.p[i] != '\'')
			out[n++] = word.p[i];
	return str_n(out, n);
}

static bool next_word(struct arena *a, struct str *line, struct str *word)
{
	if (!shell_word_next(line, word))
		return false;
	*word = without_quotes(a, *word);
	return true;
}

/* A line that ends with a backslash goes on in the next one. */
static struct str joined(struct arena *a, struct str text)
{
	char *out;

	if (str_find(text, STR("\\\n")) == STR_NPOS)
		return text;
	out = arena_array(a, char, text.n);
	memcpy(out, text.p, text.n);
	for (size_t i = 0; i + 1 < text.n; i++)
		if (out[i] == '\\' && out[i + 1] == '\n')
			out[i] = out[i + 1] = ' ';
	return str_n(out, text.n);
}

static bool read_text(struct looking *l, struct str path, struct str *text)
{
	const char *full = arena_printf(&l->arena, "%s/" STR_FMT, l->r->o->root, STR_ARG(path)).p;

	return !store_read_file(full, &l->arena, FILE_MAX, text, NULL) &&
	       str_chr(*text, '\0') == STR_NPOS;
}

static struct str filled(struct arena *a, struct str text, const struct varset *known)
{
	return expand(a, text, known, EXPAND_SERVER_EXISTING);
}

/* NAME=VALUE; false: it is not. The value ends where the command does. */
static bool is_setting(struct str word, struct str *name, struct str *value)
{
	size_t eq = str_chr(word, '='), end = 0;

	if (eq == STR_NPOS || !str_is_identifier(str_sub(word, 0, eq)))
		return false;
	*name = str_sub(word, 0, eq);
	*value = str_from(word, eq + 1);
	while (end < value->n && !strchr(";|&<>", value->p[end]))
		end++;
	*value = str_sub(*value, 0, end);
	return true;
}

/* ---- what scripts set ---- */

/* What a command prints, which parts of this file take for several words. */
static bool is_command(struct str value)
{
	return str_find(value, STR("$(")) != STR_NPOS || str_chr(value, '`') != STR_NPOS;
}

static struct str unknown(struct looking *l, struct str name)
{
	return arena_printf(&l->arena, "${" STR_FMT "}", STR_ARG(name));
}

/* A variable that is more than one thing is not known. */
static void set(struct looking *l, struct str name, struct str value)
{
	const struct var *had = varset_get(&l->known, name);

	if (had && str_eq(had->value, value))
		return;
	if (had || is_command(value))
		value = unknown(l, name);
	varset_set(&l->known, VAR_RUNNER_JOB, name, value);
}

static void set_unknown(struct looking *l, struct str name)
{
	if (str_is_identifier(name))
		varset_set(&l->known, VAR_RUNNER_JOB, name, unknown(l, name));
}

/* Its value is for somebody else. */
static bool takes_setting(struct str option)
{
	return str_is(option, "--build-arg") || str_is(option, "-e") || str_is(option, "--env");
}

static void settings_of_line(struct looking *l, struct str line)
{
	struct str word, before = STR_NULL, name, value;
	bool reads = false;

	while (next_word(&l->arena, &line, &word)) {
		if (is_setting(word, &name, &value) && !takes_setting(before))
			set(l, name, filled(&l->arena, value, &l->known));
		else if (reads || str_is(before, "for"))
			set_unknown(l, word);
		reads = str_is(word, "read") || (reads && str_is_identifier(word)) ||
			(reads && str_starts(word, STR("-")));
		before = word;
	}
}

/* ---- commands ---- */

/* ARG NAME[=DEFAULT], which an argument of the command goes before. */
static void in_arg(
	struct looking *l, const struct command *c, struct varset *known, struct str line)
{
	struct str word, name, value;

	while (next_word(&l->arena, &line, &word)) {
		bool given = false;

		if (!is_setting(word, &name, &value))
			name = word, value = STR_NULL;
		for (size_t i = c->args.n; i && !given; i--) {
			given = str_eq(c->args.v[i - 1].name, name);
			if (given)
				value = c->args.v[i - 1].value;
		}
		if (given || value.n)
			varset_set(known, VAR_RUNNER_JOB, name, filled(&l->arena, value, known));
	}
}

/* FROM [--platform=...] IMAGE of a Dockerfile; false: it can't be read. */
static bool in_dockerfile(struct looking *l, const struct command *c, struct str path)
{
	struct str text, line, word;
	struct varset known;
	struct str_split it;
	unsigned n = 0;

	if (!read_text(l, path, &text))
		return false;
	varset_init_on(&known, &l->arena, &l->known);
	it = str_split(text, '\n');
	while (str_split_next(&it, &line)) {
		n++;
		if (!next_word(&l->arena, &line, &word))
			continue;
		if (str_ieq(word, STR("ARG")))
			in_arg(l, c, &known, line);
		if (!str_ieq(word, STR("FROM")))
			continue;
		while (next_word(&l->arena, &line, &word) && str_starts(word, STR("--")))
			;
		offer(l, filled(&l->arena, word, &known),
			&(struct image_place){SPAN_NONE, path, n});
	}
	return true;
}

static void add_build_arg(struct looking *l, struct command *c, struct str word)
{
	const struct var *v = varset_get(&l->known, word);
	struct build_arg arg = {.name = word};

	if (is_setting(word, &arg.name, &arg.value)) {
		if (is_command(arg.value))
			arg.value = unknown(l, arg.name);
		vec_push_in(&l->arena, &c->values, arg.value);
	} else {
		if (!v)
			return;
		arg.value = v->value;
	}
	vec_push_in(&l->arena, &c->args, arg);
}

/* "docker build sub": sub/Dockerfile. */
static void add_folder(struct looking *l, struct command *c, struct str word)
{
	struct str path = arena_printf(&l->arena, STR_FMT "/Dockerfile", STR_ARG(word));

	if (!word.n || str_starts(word, STR("-")) || str_chr(word, ':') != STR_NPOS ||
		str_is(word, "."))
		return;
	vec_push_in(&l->arena, &c->files, path);
}

/* What is behind "--option=" or in the next word. */
static bool option(
	struct arena *a, struct str word, const char *name, struct str *line, struct str *value)
{
	struct str rest = str_from(word, strlen(name));

	if (!str_starts(word, str_c(name)) || (rest.n && rest.p[0] != '='))
		return false;
	*value = str_from(rest, 1);
	return rest.n || next_word(a, line, value);
}

static void build(struct looking *l, struct command *c, struct str file)
{
	bool read = false;

	if (file.n)
		c->files.n = 0;
	for (size_t i = 0; i < c->files.n; i++)
		read |= in_dockerfile(l, c, c->files.v[i]);
	read = read || in_dockerfile(l, c, file.n ? file : STR("Dockerfile"));
	for (size_t i = 0; i < c->values.n && !read; i++)
		offer(l, c->values.v[i], &c->at);
}

/* An image's name among its words, or in the Dockerfile that it builds. */
static void in_command(struct looking *l, struct str line, const struct image_place *at)
{
	struct command c = {.at = *at};
	struct str file = STR_NULL, word, value;
	bool builder = false, builds = false;

	while (next_word(&l->arena, &line, &word)) {
		builder = builder || shell_word_is_builder(word);
		if (!builder)
			continue;
		builds |= str_is(word, "build") || str_is(word, "bud") ||
			  str_ends(word, STR("executor"));
		if (option(&l->arena, word, "-f", &line, &value) ||
			option(&l->arena, word, "--file", &line, &value) ||
			option(&l->arena, word, "--dockerfile", &line, &value)) {
			file = value;
		} else if (option(&l->arena, word, "--build-arg", &line, &value)) {
			add_build_arg(l, &c, value);
		} else {
			if (builds)
				add_folder(l, &c, word);
			offer(l, word, &c.at);
		}
	}
	if (builds)
		build(l, &c, file);
}

/* ---- files that commands call ---- */

static void add_file(struct looking *l, struct str path)
{
	struct script_file f = {.path = path};

	while (str_starts(f.path, STR("./")))
		f.path = str_from(f.path, 2);
	vec_each (const struct script_file *, had, &l->files)
		if (str_eq(had->path, f.path))
			return;
	if (read_text(l, f.path, &f.text))
		vec_push_in(&l->arena, &l->files, f);
}

static bool may_be_script(struct str word)
{
	if (!word.n || strchr("-/", word.p[0]))
		return false;
	for (size_t i = 0; i < word.n; i++)
		if (!isalnum((unsigned char)word.p[i]) && !strchr("_./-", word.p[i]))
			return false;
	return str_chr(word, '/') != STR_NPOS || str_ends(word, STR(".sh"));
}

static void files_of_line(struct looking *l, struct str line)
{
	static const char *const makefiles[] = {"GNUmakefile", "makefile", "Makefile"};
	static const char *const compose[] = {
		"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"};
	bool takes_file = false;
	struct str word, file;

	while (next_word(&l->arena, &line, &word)) {
		if (str_is(word, "make")) {
			takes_file = true;
			for (size_t i = 0; i < ARRAY_SIZE(makefiles); i++)
				add_file(l, str_c(makefiles[i]));
		} else if (str_is(word, "compose") || str_is(word, "docker-compose")) {
			takes_file = true;
			for (size_t i = 0; i < ARRAY_SIZE(compose); i++)
				add_file(l, str_c(compose[i]));
		} else if (takes_file && (option(&l->arena, word, "-f", &line, &file) ||
						 option(&l->arena, word, "--file", &line, &file))) {
			add_file(l, file);
		} else if (may_be_script(word)) {
			add_file(l, word);
		}
	}
}

/* $(NAME) of make is ${NAME}. */
static struct str as_shell(struct arena *a, struct str line)
{
	char *out;

	if (str_find(line, STR("$(")) == STR_NPOS)
		return line;
	out = arena_array(a, char, line.n);
	memcpy(out, line.p, line.n);
	for (size_t i = 0; i + 1 < line.n; i++) {
		size_t end = i + 2;

		while (end < line.n && (isalnum((unsigned char)out[end]) || out[end] == '_'))
			end++;
		if (out[i] == '$' && out[i + 1] == '(' && end < line.n && out[end] == ')' &&
			end > i + 2) {
			out[i + 1] = '{';
			out[end] = '}';
		}
	}
	return str_n(out, line.n);
}

/* "image: NAME" of Docker Compose. */
static void in_compose(struct looking *l, struct str line, const struct image_place *at)
{
	struct str word;

	while (next_word(&l->arena, &line, &word))
		if (str_is(word, "image:") && next_word(&l->arena, &line, &word))
			offer(l, word, at);
}

static void in_file(struct looking *l, const struct script_file *f, bool settings)
{
	bool yaml = str_ends(f->path, STR(".yml")) || str_ends(f->path, STR(".yaml"));
	struct image_place at = {SPAN_NONE, f->path, 1};
	struct str text = joined(&l->arena, f->text), line;
	struct str_split it = str_split(text, '\n');
	size_t told = 0;

	while (str_split_next(&it, &line)) {
		/* Lines that are joined count, too. */
		for (size_t end = (size_t)(line.p - text.p); told < end; told++)
			at.line += f->text.p[told] == '\n';
		line = as_shell(&l->arena, line);
		if (settings && !yaml)
			settings_of_line(l, line);
		else if (settings)
			continue;
		else if (yaml)
			in_compose(l, filled(&l->arena, line, &l->known), &at);
		else
			in_command(l, filled(&l->arena, line, &l->known), &at);
	}
}

/* ---- all of a job ---- */

enum pass { SETTINGS, COMMANDS };

static void in_scripts(struct looking *l, enum pass pass)
{
	const struct job_def *def = l->job->def;
	const struct texts *const scripts[] = {&def->before_script, &def->script};

	for (size_t s = 0; s < ARRAY_SIZE(scripts); s++)
		for (size_t i = 0; i < scripts[s]->n; i++) {
			struct image_place at = {scripts[s]->v[i].at, STR_NULL, 0};
			struct str text = joined(&l->arena, scripts[s]->v[i].s);
			struct str_split it = str_split(text, '\n');
			struct str line;

			while (str_split_next(&it, &line)) {
				if (pass == COMMANDS) {
					in_command(l, filled(&l->arena, line, &l->known), &at);
					continue;
				}
				settings_of_line(l, line);
				files_of_line(l, line);
			}
		}
	for (size_t i = 0; i < l->files.n; i++)
		in_file(l, &l->files.v[i], pass == SETTINGS);
}

/* What is set behind a command may count in its next turn: so first all that is set. */
static void look(struct looking *l)
{
	if (!varset_get(&l->job->vars, STR("CI_PROJECT_DIR")))
		varset_set(&l->known, VAR_RUNNER_JOB, STR("CI_PROJECT_DIR"), STR("."));
	in_scripts(l, SETTINGS);
	in_scripts(l, COMMANDS);
}

void run_words_find(struct run *r)
{
	if (!r->o->n_stand_ins && !r->o->n_proxies)
		return;
	for (size_t i = 0; i < r->p->n_jobs; i++) {
		struct looking l = {.r = r, .job = r->p->jobs[i], .first = r->words.n};

		if (!r->plan.chosen[i])
			continue;
		arena_init(&l.arena);
		varset_init_on(&l.known, &l.arena, &l.job->vars);
		look(&l);
		arena_release(&l.arena);
	}
}

struct str run_image_place(const struct run *r, struct arena *a, const struct image_place *at)
{
	const struct source *s =
		at->at.begin.line ? source_get(r->p->sources, at->at.begin.source) : NULL;

	if (at->file.n)
		return arena_printf(a, STR_FMT ":%u", STR_ARG(at->file), at->line);
	if (s)
		return arena_printf(a, STR_FMT ":%u", STR_ARG(s->name), at->at.begin.line);
	return STR("its script");
}
