/*
 * A failed job's log is read once more, for failures that are known. Only then: a job that goes
 * well need not pay for it with each line.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/diagnose.h"
#include "pipeline/pipeline.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a log larger than both, the start and the end are read: set-up and the failure are there. */
#define HEAD_BYTES ((off_t)2 << 20)
#define TAIL_BYTES ((off_t)14 << 20)
/* Longer lines come in pieces. */
#define LINE_BYTES ((size_t)64 << 10)

/* Lines as they are: the marks of sections and the colour of commands' names say where they belong.
 */
static void feed(struct diagnose *d, struct buf *part, int fd, off_t from, off_t to)
{
	char *chunk = xmalloc(65536);

	while (from < to) {
		ssize_t n = pread(fd, chunk, (size_t)MIN(to - from, 65536), from);
		struct str rest, line;

		if (n <= 0)
			break;
		from += n;
		rest = str_n(chunk, (size_t)n);
		for (size_t end; (end = str_chr(rest, '\n')) != STR_NPOS;) {
			line = str_sub(rest, 0, end);
			rest = str_from(rest, end + 1);
			if (part->n) {
				buf_addstr(part, line);
				line = buf_str(part);
			}
			diagnose_line(d, line);
			buf_clear(part);
		}
		buf_addstr(part, rest);
		if (part->n > LINE_BYTES) {
			diagnose_line(d, buf_str(part));
			buf_clear(part);
		}
	}
	if (part->n)
		diagnose_line(d, buf_str(part));
	buf_clear(part);
	free(chunk);
}

static void read_log(struct diagnose *d, const char *path)
{
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(buf_release) struct buf part = BUF_INIT;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return;
	if (st.st_size <= HEAD_BYTES + TAIL_BYTES) {
		feed(d, &part, fd, 0, st.st_size);
	} else {
		feed(d, &part, fd, 0, HEAD_BYTES);
		feed(d, &part, fd, st.st_size - TAIL_BYTES, st.st_size);
	}
}

static void write_hints(struct job_run *j, struct diagnose *d)
{
	struct run *r = j->run;
	struct diagnose_context ctx = {.job = j->job->def,
		.vars = j->vars,
		.sources = r->p->sources,
		.config = j->runner ? j->runner->config : &r->top->o->runners->v[0]};
	struct buf text = BUF_INIT;

	struct diagnose_choice c;

	/* What is only remarked comes after what jobs fail by, or alone with -v. */
	diagnose_choose(d, ctx.job, &c);
	for (size_t i = 0; i < c.n; i++) {
		struct diagnose_hint hint;

		if (i >= c.n_reasons && !text.n && !r->o->verbose)
			break;
		diagnose_explain(&j->arena, c.hits[i], &ctx, &hint);
		if (c.earlier && i < c.n_reasons)
			hint.cause = arena_printf(&j->arena,
				"an earlier command, which passed, may be the reason: " STR_FMT,
				STR_ARG(hint.cause));
		diagnose_write(&text, &hint, r->o->tty ? r->o->columns : 0);
	}
	if (text.n)
		job_log_raw(j->log, "%s", text.p);
	buf_release(&text);
}

void show_hints(struct job_run *j)
{
	struct diagnose *d;

	if (!j->log || !j->log_path.p || j->run->top->o->no_hints)
		return;
	for (int s = 0; s < LOG_STREAMS; s++)
		job_log_flush(j->log, (enum log_stream)s);
	d = diagnose_new();
	read_log(d, j->log_path.p);
	write_hints(j, d);
	diagnose_free(d);
}
