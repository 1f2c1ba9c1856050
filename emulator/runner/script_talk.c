#include "base/base.h"
#include "emulator/runner/script.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/job_env.h"

/* Next to the file variables; none of them can have this name. */
#define SHELL_DIR ".cilocal"

struct str script_shell_dir(const struct job_env *env, struct arena *a)
{
	return arena_printf(a, STR_FMT "/" SHELL_DIR, STR_ARG(env->tmp_dir));
}

/*
 * Variables and directory as they are now. Nothing of it may change how the script ends. The state
 * holds secrets, and a shell job's files lie on this machine.
 */
static void put_state(struct buf *b, const struct job_env *env)
{
	struct buf dir = BUF_INIT;

	buf_printf(&dir, STR_FMT "/" SHELL_DIR, STR_ARG(env->tmp_dir));
	buf_adds(b, "cilocal_state() { (set +x; umask 077; cilocal_dir=");
	script_quote(b, buf_str(&dir));
	buf_adds(b, "; [ -d \"$cilocal_dir\" ] || mkdir -p \"$cilocal_dir\";"
		    " export -p >| \"$cilocal_dir/env\"; pwd >| \"$cilocal_dir/dir\")"
		    " 2>/dev/null || :; }\n");
	buf_release(&dir);
}

/*
 * The answer "h" wants a shell: the state is left for it, and the question comes again, as "shell
 * ...", when it may open. Without an answer (end of file) nobody is there any more.
 */
static void put_ask(struct buf *b, const char *mark)
{
	buf_printf(b,
		"cilocal_ask() { cilocal_words=$1; while :; do printf '%s%%s\\n' "
		"\"$cilocal_words\"; IFS= read -r cilocal_answer <&9 || exit 1;"
		" [ \"$cilocal_answer\" = h ] || break;"
		" cilocal_state; cilocal_words=\"shell $1\"; done; }\n",
		mark);
}

void script_put_talk(struct buf *b, const struct script_spec *s)
{
	put_state(b, s->env);
	if (s->mark)
		put_ask(b, s->mark);
	if (s->state)
		buf_adds(b, "trap cilocal_state EXIT\n");
}

void script_put_question(struct buf *b, size_t index, struct str shown)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "(skipped) $ " STR_FMT, STR_ARG(shown));
	buf_printf(b,
		"cilocal_ask 'step %zu'\nif [ \"$cilocal_answer\" = s ]; then\nprintf "
		"'%%s\\n' ",
		index);
	script_quote(b, buf_str(&text));
	buf_adds(b, "\nelse\n");
	buf_release(&text);
}

void script_put_answered(struct buf *b)
{
	buf_adds(b, "fi\n");
}

void script_wait_body(struct buf *out, struct str dir, struct str commands, bool keep)
{
	struct buf file = BUF_INIT, env = BUF_INIT;

	buf_printf(&file, STR_FMT "/script.sh", STR_ARG(dir));
	buf_printf(&env, STR_FMT "/env", STR_ARG(dir));
	buf_adds(out, "[ -d ");
	script_quote(out, dir);
	buf_adds(out, " ] || mkdir -p ");
	script_quote(out, dir);
	buf_adds(out, "\n(umask 077; printf %s ");
	script_quote(out, commands);
	buf_adds(out, " > ");
	script_quote(out, buf_str(&file));
	buf_adds(out, ")\n");
	if (keep) {
		buf_adds(out, "[ -s ");
		script_quote(out, buf_str(&env));
		buf_adds(out, " ] || ");
	}
	buf_adds(out, "cilocal_state\ncilocal_ask ready\n");
	buf_release(&file);
	buf_release(&env);
}

/*
 * The terminal's own name is the user's, not that of the script, which had none; history and prompt
 * are the shell's affair. A directory that is gone is no reason to refuse.
 */
#define ENTER                                                                                     \
	"cilocal_term=$TERM; . \"$1/env\"; TERM=$cilocal_term; export TERM; unset cilocal_term\n" \
	"cd \"$(cat \"$1/dir\")\" 2>/dev/null || cd \"$CI_PROJECT_DIR\"\n"                        \
	"CILOCAL_SCRIPT=$1/script.sh; export CILOCAL_SCRIPT; cilocal_shell=$2; shift 2\n"         \
	"[ $# -gt 0 ] || set -- \"$cilocal_shell\"\n"                                             \
	"unset cilocal_shell; exec \"$@\"\n"

const char script_enter[] = ENTER;

/* The same places as script_detect_shell: the state is written in the words of that shell. */
const char script_enter_detect[] =
	"for s in /usr/local/bin/bash /usr/bin/bash /bin/bash /usr/local/bin/sh /usr/bin/sh"
	" /bin/sh /busybox/sh; do\n"
	"\tif [ -x \"$s\" ]; then cilocal_dir=$1; shift; exec \"$s\" -c '" ENTER
	"' cilocal \"$cilocal_dir\" \"$s\" \"$@\"; fi\n"
	"done\n"
	"echo shell not found >&2\n"
	"exit 127\n";
