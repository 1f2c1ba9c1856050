/*
 * Sections of a job's log reduced to one line: the title, and how long it took. One struct a job.
 *
 * Source: GitLab docs, "Job logs", expand and collapse job log sections.
 */
#ifndef LOG_FOLD_H
#define LOG_FOLD_H

#include <stdbool.h>
#include "base/buf.h"
#include "emulator/log/section.h"
#include "emulator/log/sink.h"

enum console_fold {
	FOLD_NONE,
	FOLD_COLLAPSED, /* sections whose script says collapsed=true */
	FOLD_ALL        /* all but what holds the script itself */
};

struct fold {
	enum console_fold mode;
	bool open;              /* inside of a folded section */
	enum log_stream stream; /* that it is in */
	struct buf name, title;
	bool has_title;
	long long since;
	bool hide_duration;
	bool blank; /* the rest of the end marker's line is left out where it is empty */
};

void fold_init(struct fold *f, enum console_fold mode);
void fold_release(struct fold *f);

/* A marker of the stream. True: a folded section has ended, its line is in out (no line end). */
bool fold_mark(
	struct fold *f, enum log_stream stream, const struct section_mark *m, struct buf *out);
/* True: this line is not shown. The first one of a section is its title. */
bool fold_hides(struct fold *f, enum log_stream stream, struct str line);
/* The log is over, maybe within a section: as fold_mark(). */
bool fold_end(struct fold *f, struct buf *out);

#endif
