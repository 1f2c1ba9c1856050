#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/earlier.h"
#include "emulator/cli/term.h"
#include "emulator/core/error.h"
#include "emulator/log/console.h"
#include "emulator/log/sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Offset at which the last `lines` lines of the file begin. */
static off_t tail_offset(int fd, off_t size, uint64_t lines)
{
	char chunk[16384];
	off_t at = size;
	uint64_t seen = 0;
	while (at > 0) {
		size_t n = (size_t)MIN(at, (off_t)sizeof(chunk));
		if (pread(fd, chunk, n, at - (off_t)n) != (ssize_t)n)
			return 0;
		for (size_t i = n; i-- > 0;) {
			bool last = at - (off_t)n + (off_t)i == size - 1;
			if (chunk[i] == '\n' && !last && ++seen == lines)
				return at - (off_t)n + (off_t)i + 1;
		}
		at -= (off_t)n;
	}
	return 0;
}

/* Shows a log file the way `run` shows the log of a single job. */
static int show(struct cli *c, const char *path, struct str job, uint64_t lines)
{
	struct stat st;
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		if (errno == ENOENT)
			return EXIT_OK;
		cli_error(c, "%s: %s", path, strerror(errno));
		return EXIT_SURROUNDINGS;
	}
	if (lines)
		lseek(fd, tail_offset(fd, st.st_size, lines), SEEK_SET);
	struct console_options o = {.fd = STDOUT_FILENO, .color = c->color_out, .single = true};
	struct console *console = console_new(&o);
	struct sink *sink = console_sink(console, job);
	char chunk[65536];
	ssize_t n;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		sink_write(sink, LOG_OUT, str_n(chunk, (size_t)n));
	sink_end(sink);
	sink_free(sink);
	console_free(console);
	return EXIT_OK;
}

/* Without a name, all jobs that started. */
static bool wanted(const struct job_record *j, const char *name)
{
	return name ? earlier_means(str_c(name), j->name) : j->started >= 0;
}

static size_t count(const struct run_record *r, const char *name)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n_jobs; i++)
		n += wanted(&r->jobs[i], name);
	return n;
}

/* The run of --run; else the newest one, or the newest with a job of this name. *n: how many. */
static int find_run(struct cli *c, struct earlier *e, const char *name, struct run_record *r,
	const char **dir, size_t *n)
{
	const char *id = opt_text(&c->opt, OPT_RUN);
	size_t first;
	int code = earlier_find(c, e, id, &first);
	if (code)
		return code;
	if (earlier_read(c, e, first, r, dir))
		return EXIT_SURROUNDINGS;
	*n = count(r, name);
	for (size_t i = first + 1; name && !id && !*n && i < e->n; i++) {
		struct run_record older;
		const char *there;
		if (earlier_read(c, e, i, &older, &there) || !(*n = count(&older, name)))
			continue;
		cli_note(c, "the last run had no job '%s': this is run " STR_FMT, name,
			STR_ARG(older.id));
		*r = older;
		*dir = there;
	}
	return EXIT_OK;
}

static int run(struct cli *c)
{
	struct earlier e;
	struct run_record r;
	const char *dir = NULL, *name = c->opt.n_args ? c->opt.args[0] : NULL;
	const char *tail = opt_text(&c->opt, OPT_TAIL);
	uint64_t lines = 0;
	size_t n = 0, shown = 0;
	if (tail && (!parse_u64(str_c(tail), &lines) || !lines))
		return cli_usage(c, "'--tail' wants a number from 1 on, not '%s'", tail);
	int code = earlier_open(c, &e);
	if (code)
		return code;
	code = find_run(c, &e, name, &r, &dir, &n);
	if (!code && !n && name)
		code = earlier_no_job(c, &r, name);
	for (size_t i = 0; !code && i < r.n_jobs; i++) {
		const struct job_record *j = &r.jobs[i];
		if (!wanted(j, name))
			continue;
		if (n > 1) {
			buf_printf(&c->out, "%s==> " STR_FMT " (" STR_FMT ") <==\n",
				shown++ ? "\n" : "", STR_ARG(j->name), STR_ARG(j->status));
			code = cli_flush(c, EXIT_OK);
		}
		if (!code)
			code = show(c,
				arena_printf(&c->arena, "%s/" STR_FMT "/trace.log", dir,
					STR_ARG(j->slug))
					.p,
				j->name, lines);
	}
	earlier_release(&e);
	return code;
}

const struct cmd cmd_logs = {
	.id = CMD_logs,
	.args = "[JOB]",
	.summary = "print the log of a job of an earlier run",
	.details = "Without JOB, the logs of all jobs of that run, one after the other. The run is "
		   "that of --run; else the last one that had the job.",
	.kind = ARG_JOBS,
	.max_args = 1,
	.run = run,
};
