/*
 * What the Runner says of variables that are settings, and of names that no shell takes.
 *
 * Source: GitLab Runner, common/build_settings.go, shells/bash.go (Variable).
 */
#include "base/base.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/build_internal.h"
#include "emulator/runner/runner_config.h"

/* Settings that are read here; the value is the default that a bad one falls back to. */
static const struct {
	const char *name;
	bool fallback;
} bools[] = {
	{"CI_DEBUG_SERVICES", false},
	{"CI_DEBUG_TRACE", false},
	{"GIT_CHECKOUT", true},
	{"AFTER_SCRIPT_IGNORE_ERRORS", true},
};

/* Feature flags that have an effect here, with what they are by themselves. */
static const struct {
	const char *name;
	bool on;
} flags[] = {
	{"FF_NETWORK_PER_BUILD", false},
	{"FF_ENABLE_BASH_EXIT_CODE_CHECK", false},
	{"FF_SCRIPT_SECTIONS", false},
	{"FF_USE_INIT_WITH_DOCKER_EXECUTOR", false},
	{"FF_MASK_ALL_DEFAULT_TOKENS", true},
};

static bool is_bool(const struct build *b, const char *name)
{
	return job_env_bool(&b->env, name, true) == job_env_bool(&b->env, name, false);
}

static void check_words(struct build *b)
{
	struct str git = job_env_get(&b->env, "GIT_STRATEGY");
	struct str modules = job_env_get(&b->env, "GIT_SUBMODULE_STRATEGY");

	if (git.n && !str_is(git, "clone") && !str_is(git, "fetch") && !str_is(git, "none") &&
		!str_is(git, "empty"))
		job_log_warnln(b->log,
			"GIT_STRATEGY: expected either 'clone', 'fetch', 'none' or 'empty' got "
			"\"" STR_FMT "\", using default value 'fetch'",
			STR_ARG(git));
	if (modules.n && !str_is(modules, "normal") && !str_is(modules, "recursive") &&
		!str_is(modules, "none"))
		job_log_warnln(b->log,
			"GIT_SUBMODULE_STRATEGY: expected either 'normal', 'recursive' or 'none' "
			"got \"" STR_FMT "\"",
			STR_ARG(modules));
}

void build_check_settings(struct build *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(bools); i++) {
		struct str v = job_env_get(&b->env, bools[i].name);

		if (v.n && !is_bool(b, bools[i].name))
			job_log_warnln(b->log,
				"%s: expected bool got \"" STR_FMT "\", using default value: %s",
				bools[i].name, STR_ARG(v), bools[i].fallback ? "true" : "false");
	}
	check_words(b);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (varset_get(&b->env.vars, str_c(flags[i].name)) && !is_bool(b, flags[i].name))
			job_log_warnln(b->log,
				"%s: could not parse feature flag, expected bool, got " STR_FMT,
				flags[i].name, STR_ARG(job_env_get(&b->env, flags[i].name)));
	if (!b->host.config->debug_trace_disabled.v)
		return;
	if (job_env_bool(&b->env, "CI_DEBUG_TRACE", false))
		job_log_warnln(b->log, "CI_DEBUG_TRACE: usage is disabled on this Runner");
	if (job_env_bool(&b->env, "CI_DEBUG_SERVICES", false))
		job_log_warnln(b->log, "CI_DEBUG_SERVICES: usage is disabled on this Runner");
}

void build_say_flags(struct build *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		bool on = job_env_bool(&b->env, flags[i].name, flags[i].on);

		if (on != flags[i].on)
			buf_printf(&text, "%s%s:%s", text.n ? ", " : "", flags[i].name,
				on ? "true" : "false");
	}
	if (text.n)
		job_log_println(b->log, "  feature flags: %s", text.p);
}

bool build_names_exportable(struct build *b)
{
	for (size_t i = 0; i < b->env.n; i++) {
		struct str key = b->env.v[i].key;

		if (str_is_identifier(key))
			continue;
		job_log_println(
			b->log, "export: `" STR_FMT "=...': not a valid identifier", STR_ARG(key));
		job_log_warnln(b->log,
			"the variable '" STR_FMT
			"' can't be exported by a shell: names are made of letters, digits and "
			"_, and don't begin with a digit",
			STR_ARG(key));
		return false;
	}
	return true;
}
