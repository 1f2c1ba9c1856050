#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/cmd_runs.h"
#include "emulator/cli/earlier.h"
#include "emulator/cli/term.h"
#include "emulator/cli/timeline.h"
#include "emulator/cli/tree.h"
#include "emulator/log/console.h"

#include <time.h>
#include <unistd.h>

/* Where there is no terminal that says how wide it is. */
#define COLUMNS 100

/* "run 20260101-100000-12: success, 12.3s", and what it was of. */
static void print_head(struct cli *c, const struct run_record *r)
{
	struct buf *out = &c->out;
	struct str start = local_time(&c->arena, r->started, "%Y-%m-%d %H:%M:%S");
	buf_printf(out, "run " STR_FMT ": ", STR_ARG(r->id));
	if (c->color_out)
		buf_printf(out, "\033[%sm", status_color(r->status));
	buf_addstr(out, r->status);
	buf_adds(out, c->color_out ? "\033[0m" : "");
	if (r->duration >= 0) {
		buf_adds(out, ", ");
		console_duration(out, r->duration);
	}
	if (start.n)
		buf_printf(out, ", started " STR_FMT, STR_ARG(start));
	buf_addc(out, '\n');
	if (r->pipeline_name.n)
		buf_printf(out, STR_FMT ": ", STR_ARG(r->pipeline_name));
	buf_printf(out, STR_FMT " of " STR_FMT, STR_ARG(r->source), STR_ARG(r->ref));
	if (r->sha.n)
		buf_printf(out, " at " STR_FMT, STR_ARG(str_sub(r->sha, 0, 8)));
	buf_adds(out, r->selected ? ", a part of the pipeline\n\n" : "\n\n");
}

static void show(struct cli *c, const struct run_record *r, const char *format)
{
	struct timeline t;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	timeline_make(&t, &c->arena, r, (double)now.tv_sec + (double)now.tv_nsec / 1e9);
	unsigned columns = term_columns(STDOUT_FILENO);
	struct timeline_look look = {.columns = columns ? columns : COLUMNS,
		.color = c->color_out,
		.utf8 = term_utf8(),
		.states = true};
	if (!strcmp(format, "svg")) {
		timeline_svg(&t, &c->out);
	} else if (!strcmp(format, "trace")) {
		tree_print(c, timeline_trace(&t, &c->arena));
	} else if (!strcmp(format, "json")) {
		tree_print(c, runs_tree(&c->arena, r, &t));
	} else {
		print_head(c, r);
		timeline_text(&t, &look, &c->out);
	}
}

int runs_show(struct cli *c)
{
	const char *format = opt_text(&c->opt, OPT_RUN_FORMAT);
	const char *id = c->opt.n_args > 1 ? c->opt.args[1] : NULL;
	struct earlier e;
	struct run_record r;
	size_t at;
	if (opt_last(&c->opt, OPT_LIMIT))
		return cli_usage(c, "'--limit' goes with the list of runs, not with 'runs show'");
	if (opt_flag(&c->opt, OPT_JSON)) {
		if (format && strcmp(format, "json") != 0)
			return cli_usage(c, "'--json' and '--format %s' don't go together", format);
		format = "json";
	}
	int code = earlier_open(c, &e);
	if (code)
		return code;
	code = earlier_find(c, &e, id, &at);
	if (!code && earlier_read(c, &e, at, &r, NULL))
		code = EXIT_SURROUNDINGS;
	if (!code)
		show(c, &r, format ? format : "text");
	earlier_release(&e);
	return code;
}
