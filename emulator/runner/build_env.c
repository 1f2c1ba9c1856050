/*
 * The environment that the Runner's helper has when it looks for the files of artifacts and caches:
 * the job's variables and what its scripts wrote into the file GITLAB_ENV; and what it makes of
 * names and paths with it.
 *
 * Source: GitLab Runner, shells/bash.go (SourceEnv), commands/helpers/artifacts_uploader.go and
 * cache_archiver.go (normalizeArgs).
 */
#include "base/base.h"
#include "base/vec.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/build_internal.h"
#include "emulator/runner/runner_config.h"
#include "emulator/runner/script.h"
#include "emulator/runner/shell_expand.h"

#include <stdlib.h>

/* What the helper's shell has by itself, where the job sets no other. */
static struct str surroundings(const struct build *b, struct str name)
{
	const char *value;

	if (str_is(name, "PWD"))
		return b->env.project_dir;
	if (b->spec->executor == EXECUTOR_DOCKER)
		return str_is(name, "HOME") ? STR("/root") : STR("");
	value = getenv(arena_cstr((struct arena *)&b->arena, name));
	return value ? str_c(value) : STR("");
}

struct lookup {
	struct build *b;
	bool unknown; /* a name was asked for that nothing gives */
};

static struct str get(void *arg, struct str name)
{
	struct lookup *l = arg;
	struct build *b = l->b;
	const struct var *v;
	struct str value;

	for (size_t i = b->exported.n; i-- > 0;)
		if (str_eq(b->exported.v[i].key, name))
			return b->exported.v[i].value;
	v = varset_get(&b->env.vars, name);
	value = v ? v->value : surroundings(b, name);
	l->unknown |= !value.n;
	return value;
}

struct str build_shell_text(struct build *b, struct str text, const char *what)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct lookup l = {.b = b};
	const char *why;

	if (shell_expand(&out, text, get, &l, &why)) {
		job_log_warnln(b->log, "invalid %s \"" STR_FMT "\": %s", what, STR_ARG(text), why);
		return text;
	}
	return arena_str(&b->arena, buf_str(&out));
}

/* Is there anything that the file could change? To ask for it costs a call of the engine. */

static bool mentions(const struct texts *t)
{
	for (size_t i = 0; t && i < t->n; i++)
		if (str_find(t->v[i].s, STR("GITLAB_ENV")) != STR_NPOS)
			return true;
	return false;
}

static bool refers(struct build *b, const struct texts *t)
{
	struct lookup l = {.b = b};

	for (size_t i = 0; i < t->n && !l.unknown; i++) {
		CLEANUP(buf_release) struct buf ignored = BUF_INIT;
		const char *why;

		if (shell_expand(&ignored, t->v[i].s, get, &l, &why))
			return true;
	}
	return l.unknown;
}

static bool any_refers(struct build *b)
{
	const struct artifacts_def *a = b->spec->artifacts;
	bool yes = false;

	if (a) {
		struct text name = a->name;

		yes = refers(b, &a->paths) || refers(b, &a->exclude) ||
		      refers(b, &(struct texts){.v = &name, .n = 1});
		for (size_t i = 0; i < a->n_reports && !yes; i++)
			yes = refers(b, &a->reports[i].paths);
	}
	for (size_t i = 0; i < b->spec->n_caches && !yes; i++)
		yes = refers(b, &b->spec->caches[i].def->paths);
	return yes;
}

static bool wanted(struct build *b)
{
	const struct build_spec *s = b->spec;
	const struct runner_config *c = b->host.config;

	return mentions(s->before_script) || mentions(s->script) || mentions(s->after_script) ||
	       mentions(s->pre_get_sources_script) ||
	       str_find(c->pre_build_script.v, STR("GITLAB_ENV")) != STR_NPOS ||
	       str_find(c->post_build_script.v, STR("GITLAB_ENV")) != STR_NPOS || any_refers(b);
}

/* The file */

/* `export "$line"`: false where the shell takes no such name. */
static bool export_line(struct build *b, struct str line)
{
	size_t eq = str_chr(line, '=');
	struct str key = str_sub(line, 0, eq == STR_NPOS ? line.n : eq);

	if (!str_is_identifier(key))
		return false;
	if (eq != STR_NPOS) {
		struct exported_var v = {key, str_from(line, eq + 1)};

		vec_push_in(&b->arena, &b->exported, v);
	}
	return true;
}

static void got_file(struct build *b)
{
	struct outcome o = b->outcome;
	struct str text = arena_str(&b->arena, buf_str(&b->env_file));
	size_t end;

	if (o.reason != FAIL_NONE || build_stopping(b)) {
		build_step_done(b, &o);
		return;
	}
	b->exported.n = 0;
	/* A last line without its end is not read by the shell either. */
	for (; (end = str_chr(text, '\n')) != STR_NPOS; text = str_from(text, end + 1)) {
		struct str line = str_trim(str_sub(text, 0, end));

		if (export_line(b, line))
			continue;
		job_log_println(
			b->log, "export: `" STR_FMT "': not a valid identifier", STR_ARG(line));
		job_log_warnln(b->log,
			"the file $GITLAB_ENV holds NAME=VALUE in each of its lines, and nothing "
			"else: no empty line, no value of several lines");
		build_helper_failed(b);
		return;
	}
	b->env_then(b);
}

void build_read_env_file(struct build *b, void (*then)(struct build *b))
{
	if (!b->script_entered || !wanted(b)) {
		then(b);
		return;
	}
	b->env_then = then;
	b->then = got_file;
	buf_clear(&b->env_file);
	b->executor->ops->read(b->executor,
		arena_printf(&b->arena, STR_FMT "/" SCRIPT_ENV_FILE, STR_ARG(b->env.tmp_dir)),
		&b->env_file);
}
