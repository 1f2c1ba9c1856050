/*
 * A failed job's log is read once more, for failures that are known. Only then: a job that goes
 * well need not pay for it with each line.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/log/job_log.h"
#include "emulator/log/sink.h"
#include "emulator/runner/diagnose.h"
#include "pipeline/pipeline.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a log larger than both, the start and the end are read: set-up and the failure are there. */
#define HEAD_BYTES ((off_t)2 << 20)
#define TAIL_BYTES ((off_t)14 << 20)

static void on_line(void *arg, enum log_stream stream, struct str line)
{
	UNUSED(stream);
	diagnose_line(arg, line);
}

static void feed(struct sink *lines, int fd, off_t from, off_t to)
{
	char *chunk = xmalloc(65536);

	while (from < to) {
		ssize_t n = pread(fd, chunk, (size_t)MIN(to - from, 65536), from);

		if (n <= 0)
			break;
		sink_write(lines, LOG_OUT, str_n(chunk, (size_t)n));
		from += n;
	}
	free(chunk);
}

static void read_log(struct diagnose *d, const char *path)
{
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct sink *lines;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return;
	lines = sink_lines_new(on_line, d);
	if (st.st_size <= HEAD_BYTES + TAIL_BYTES) {
		feed(lines, fd, 0, st.st_size);
	} else {
		feed(lines, fd, 0, HEAD_BYTES);
		feed(lines, fd, st.st_size - TAIL_BYTES, st.st_size);
	}
	sink_end(lines);
	sink_free(lines);
}

static void write_hints(struct job_run *j, const struct diagnose *d)
{
	struct run *r = j->run;
	struct diagnose_context ctx = {.job = j->job->def,
		.vars = j->vars,
		.sources = r->p->sources,
		.config = j->runner ? j->runner->config : &r->top->o->runners->v[0]};
	struct buf text = BUF_INIT;

	/* What jobs fail by comes first; what is only remarked comes after it, or alone with -v. */
	for (int notice = 0; notice < 2; notice++) {
		if (notice && !text.n && !r->o->verbose)
			break;
		for (size_t i = 0; i < diagnose_count(d); i++) {
			const struct diagnose_hit *hit = diagnose_get(d, i);
			struct diagnose_hint hint;

			if (hit->entry->notice != (notice == 1))
				continue;
			diagnose_explain(&j->arena, hit, &ctx, &hint);
			diagnose_write(&text, &hint, r->o->tty ? r->o->columns : 0);
		}
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
