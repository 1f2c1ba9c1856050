#include "base/base.h"
#include "emulator/runner/script.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/job_env.h"

/* The places and their order are the Runner's (shells/bash.go, BashDetectShellScript). */
const char script_detect_shell[] =
	"for s in /usr/local/bin/bash /usr/bin/bash /bin/bash /usr/local/bin/sh /usr/bin/sh"
	" /bin/sh /busybox/sh; do\n"
	"\tif [ -x \"$s\" ]; then exec \"$s\"; fi\n"
	"done\n"
	"echo shell not found\n"
	"exit 1\n";

void script_quote(struct buf *out, struct str text)
{
	size_t from = 0, i;

	buf_addc(out, '\'');
	for (i = 0; i < text.n; i++)
		if (text.p[i] == '\'') {
			buf_addstr(out, str_sub(text, from, i));
			buf_adds(out, "'\\''");
			from = i + 1;
		}
	buf_addstr(out, str_from(text, from));
	buf_addc(out, '\'');
}

static void tmp_file(struct buf *b, const struct job_env *env, struct str name)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, STR_FMT "/" STR_FMT, STR_ARG(env->tmp_dir), STR_ARG(name));
	script_quote(b, buf_str(&path));
	buf_release(&path);
}

static void put_export(struct buf *b, const struct script_spec *s, const struct job_var *v)
{
	struct str value = v->value;

	/* The job has failed by it before its script (build_settings.c). */
	if (!str_is_identifier(v->key))
		return;
	if (v->file) {
		/* No line end is added: the file holds the value and nothing else. */
		buf_adds(b, "printf %s ");
		script_quote(b, value);
		buf_adds(b, " > ");
		tmp_file(b, s->env, v->key);
		buf_addc(b, '\n');
	}
	buf_printf(b, "export " STR_FMT "=", STR_ARG(v->key));
	if (v->file)
		tmp_file(b, s->env, v->key);
	else if (s->job_status && str_is(v->key, "CI_JOB_STATUS"))
		script_quote(b, str_c(s->job_status));
	else
		script_quote(b, value);
	buf_addc(b, '\n');
}

/*
 * The temporary directory comes first because file variables are written into it. Each line of the
 * GITLAB_ENV file, which earlier stages may have written, is exported as it is; one that is no
 * assignment ends the script, as the Runner's.
 */
static void put_head(struct buf *b, const struct script_spec *s)
{
	static const struct str env_file = STR_INIT(SCRIPT_ENV_FILE);
	const struct job_env *env = s->env;
	size_t i;

	buf_adds(b, "[ -d ");
	script_quote(b, env->tmp_dir);
	buf_adds(b, " ] || mkdir -p ");
	script_quote(b, env->tmp_dir);
	buf_addc(b, '\n');
	for (i = 0; i < env->n; i++)
		put_export(b, s, &env->v[i]);
	buf_adds(b, "export GITLAB_ENV=");
	tmp_file(b, env, env_file);
	buf_adds(b, "\nif [ -r \"$GITLAB_ENV\" ]; then while read -r cilocal_line; do"
		    " export \"$cilocal_line\"; done < \"$GITLAB_ENV\"; unset cilocal_line; fi\n");
	buf_adds(b, "cd ");
	script_quote(b, env->project_dir);
	buf_addc(b, '\n');
}

static void put_echo(struct buf *b, struct str bytes)
{
	/* Not echo: some shells' echo reads backslashes. */
	buf_adds(b, "printf '%s\\n' ");
	script_quote(b, bytes);
	buf_addc(b, '\n');
}

static void put_shown(struct buf *b, const struct script_spec *s, struct str command, size_t index)
{
	struct buf text = BUF_INIT;
	size_t nl = str_chr(command, '\n');

	if (nl == STR_NPOS) {
		buf_printf(&text, ANSI_GREEN "$ " STR_FMT ANSI_RESET, STR_ARG(command));
	} else if (s->sections) {
		buf_printf(&text,
			"section_start:%ld:section_script_step_%zu[hide_duration=true,collapsed="
			"true]"
			"\r" ANSI_CLEAR ANSI_GREEN "$ " STR_FMT ANSI_RESET
			"\nsection_end:%ld:section_script_step_%zu\r" ANSI_CLEAR,
			s->now, index, STR_ARG(command), s->now, index);
	} else {
		struct str first = str_sub(command, 0, nl);

		while (first.n && first.p[first.n - 1] == '\r')
			first.n--;
		buf_printf(&text,
			ANSI_GREEN "$ " STR_FMT " # collapsed multi-line command" ANSI_RESET,
			STR_ARG(first));
	}
	put_echo(b, buf_str(&text));
	buf_release(&text);
}

static void put_command(
	struct buf *b, const struct script_spec *s, struct str command, size_t index)
{
	command = str_trim(command);
	if (!command.n) {
		buf_adds(b, "printf '\\n'\n");
		return;
	}
	if (s->steps)
		script_put_question(b, index, str_sub(command, 0, str_chr(command, '\n')));
	put_shown(b, s, command, index);
	buf_addstr(b, command);
	buf_addc(b, '\n');
	if (s->check_exit_codes)
		buf_adds(b, "_runner_exit_code=$?; if [ $_runner_exit_code -ne 0 ]; then"
			    " exit $_runner_exit_code; fi\n");
	if (s->steps)
		script_put_answered(b);
}

static void put_body(struct buf *b, const struct script_spec *s)
{
	size_t i, index = 0;

	put_head(b, s);
	if (s->mark || s->state)
		script_put_talk(b, s);
	buf_addstr(b, s->body);
	if (s->banner.n) {
		struct buf text = BUF_INIT;

		buf_printf(&text, ANSI_GREEN STR_FMT ANSI_RESET, STR_ARG(s->banner));
		put_echo(b, buf_str(&text));
		buf_release(&text);
	}
	if (s->pre.n)
		put_command(b, s, s->pre, index++);
	for (i = 0; i < s->n_commands; i++)
		put_command(b, s, s->commands[i], index++);
	if (s->post.n)
		put_command(b, s, s->post, index);
}

/*
 * One eval of one quoted string: the shell has read the whole script before it runs the first
 * command, so that no command can eat the rest of it from standard input.
 *
 * pipefail by way of `command`: a shell without it would exit over the failure of a special builtin
 * (POSIX, 2.8.1), and a subshell to try it in costs each script a process.
 */
void script_make(struct buf *out, const struct script_spec *s)
{
	struct buf body = BUF_INIT;

	buf_adds(out, "#!/usr/bin/env bash\n\ntrap 'exit 1' TERM\n");
	if (s->trace)
		buf_adds(out, "set -o xtrace\n");
	buf_adds(out, "command set -o pipefail 2>/dev/null || :; set -o errexit\n"
		      "set +o noclobber\n");
	/* One command up to the end: nothing of the text may be left where answers are read. */
	if (s->mark)
		buf_adds(out, "{ exec 9<&0\n");
	buf_adds(out, "(trap 'exit 1' TERM\neval ");
	put_body(&body, s);
	script_quote(out, buf_str(&body));
	buf_adds(out, "\n) </dev/null\nexit 0\n");
	if (s->mark)
		buf_adds(out, "}\n");
	buf_release(&body);
}
