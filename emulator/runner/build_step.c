/* --step: a question before each command of the script. */
#include "base/base.h"
#include "emulator/runner/build_internal.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/script.h"

/* Lines of a command that a question shows. */
#define SHOWN_LINES 12

bool build_wants_steps(const struct build *b)
{
	return b->spec->debug && b->spec->debug->step;
}

static void print(struct build *b, const char *text)
{
	terminal_write(b->spec->debug->terminal, 1, str_c(text));
}

static void put_command(struct build *b, struct buf *out, struct str command)
{
	struct buf masked = BUF_INIT;
	struct str_split it;
	struct str line;
	size_t n = 0;

	mask_text(job_log_mask(b->log), command, &masked);
	it = str_split(buf_str(&masked), '\n');
	while (str_split_next(&it, &line) && ++n <= SHOWN_LINES)
		buf_printf(out, "%s" STR_FMT "\n", n == 1 ? "$ " : "  ", STR_ARG(line));
	if (n > SHOWN_LINES)
		buf_adds(out, "  ...\n");
	buf_release(&masked);
}

/* Blank commands are in no question. */
static size_t count(const struct build_shell *s, size_t to)
{
	size_t n = 0;

	for (size_t i = 0; i < to && i < s->n_commands; i++)
		n += str_trim(s->commands[i]).n != 0;
	return n;
}

static void ask(struct build *b, bool command)
{
	const struct build_shell *s = &b->shell;
	struct buf out = BUF_INIT;

	if (command) {
		buf_printf(&out, "\n" STR_FMT ", command %zu of %zu:\n", STR_ARG(b->spec->name),
			count(s, s->step + 1), count(s, s->n_commands));
		put_command(b, &out, str_trim(s->commands[s->step]));
	}
	buf_adds(&out, "(r)un, (s)kip, s(h)ell, (c)ontinue, (q)uit, (?) > ");
	terminal_write(b->spec->debug->terminal, 1, buf_str(&out));
	buf_release(&out);
}

static void answer(struct build *b, const char *word, const char *line)
{
	print(b, word);
	print(b, "\n");
	terminal_leave(&b->shell.wait);
	build_release_clocks(b);
	b->executor->ops->say(b->executor, line);
}

static void quit(struct build *b)
{
	const struct build_debug *d = b->spec->debug;

	print(b, "quit\n");
	terminal_leave(&b->shell.wait);
	build_release_clocks(b);
	d->quit(d->arg);
}

static void help(struct build *b)
{
	print(b, "help\n"
		 "  r, Enter  run this command\n"
		 "  s         skip it\n"
		 "  h, !      a shell in the job, with its variables as they are now; then ask "
		 "again\n"
		 "  c         run this one and all that follow without asking\n"
		 "  q, Ctrl-C end the job and the run; after_script still runs\n");
	ask(b, false);
}

/* True: it was an answer, and no more keys are wanted. */
static bool on_key(struct build *b, char key)
{
	switch (key) {
	case 'r':
	case '\r':
	case '\n':
		answer(b, "run", "r");
		return true;
	case 's':
		answer(b, "skip", "s");
		return true;
	case 'c':
		b->shell.go_on = true;
		answer(b, "continue", "r");
		return true;
	case 'h':
	case '!':
		/* The terminal stays ours: the script leaves its state and asks for the shell. */
		print(b, "shell\n");
		terminal_close(b->spec->debug->terminal);
		b->executor->ops->say(b->executor, "h");
		return true;
	case 'q':
	case 3: /* Ctrl-C, Ctrl-D, Ctrl-\ */
	case 4:
	case 28:
		quit(b);
		return true;
	case '?':
		help(b);
		return false;
	default:
		return false;
	}
}

static void on_input(void *arg, struct str keys)
{
	for (size_t i = 0; i < keys.n; i++)
		if (on_key(arg, keys.p[i]))
			return;
}

static void on_ended(void *arg)
{
	quit(arg);
}

static void on_terminal(void *arg)
{
	struct build *b = arg;

	terminal_open(b->spec->debug->terminal,
		&(struct terminal_use){
			.mode = TERMINAL_KEYS, .input = on_input, .ended = on_ended, .arg = b});
	ask(b, true);
}

void build_ask_again(struct build *b)
{
	if (build_stopping(b))
		terminal_leave(&b->shell.wait);
	else
		on_terminal(b);
}

static void on_asked(void *arg, struct str words)
{
	struct build *b = arg;
	uint64_t step;

	if (build_stopping(b))
		return;
	if (str_starts(words, STR("shell "))) {
		build_visit(b);
		return;
	}
	if (!str_starts(words, STR("step ")) || !parse_u64(str_from(words, 5), &step) ||
		step >= b->shell.n_commands)
		return;
	b->shell.step = (size_t)step;
	if (b->shell.go_on) {
		b->executor->ops->say(b->executor, "r");
		return;
	}
	job_log_flush(b->log, LOG_OUT);
	job_log_flush(b->log, LOG_ERR);
	build_hold_clocks(b);
	terminal_want(b->spec->debug->terminal, &b->shell.wait, on_terminal, b);
}

void build_prepare_steps(struct build *b, struct script_spec *s)
{
	struct build_shell *sh = &b->shell;
	struct str *all = arena_array(&b->arena, struct str, s->n_commands + 2);

	sh->n_commands = 0;
	if (s->pre.n)
		all[sh->n_commands++] = s->pre;
	for (size_t i = 0; i < s->n_commands; i++)
		all[sh->n_commands++] = s->commands[i];
	if (s->post.n)
		all[sh->n_commands++] = s->post;
	sh->commands = all;
	build_start_talk(b, s, on_asked);
	s->steps = true;
}
