/*
 * The log of one job: masking for each stream, then a fan-out to sinks. The job's build writes
 * here and nowhere else. Also the words of the Runner's own lines: titles, notices, warnings,
 * section markers, with the bytes that GitLab's trace has.
 *
 * Source of the bytes: GitLab Runner, helpers/build_section.go and helpers/color.go.
 */
#ifndef LOG_JOB_LOG_H
#define LOG_JOB_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"
#include "base/util.h"
#include "emulator/log/mask.h"
#include "emulator/log/sink.h"

#define ANSI_GREEN  "\033[32;1m"
#define ANSI_CYAN   "\033[36;1m"
#define ANSI_YELLOW "\033[0;33m"
#define ANSI_RED    "\033[31;1m"
#define ANSI_GREY   "\033[0;37m"
#define ANSI_RESET  "\033[0;m"
#define ANSI_CLEAR  "\033[0K"

struct job_log;

/* now gives seconds since the epoch for section markers. Nothing is masked until
 * job_log_set_mask(). */
struct job_log *job_log_new(long (*now)(void *arg), void *arg);
/*
 * The log owns the set from here on (a build does this before the first byte of the job). What the
 * streams hold back is flushed first.
 */
void job_log_set_mask(struct job_log *l, struct mask_set *set);
const struct mask_set *job_log_mask(const struct job_log *l); /* may be NULL */
/* The log owns the sink from here on. Sinks see only bytes written after they were added. */
void job_log_add(struct job_log *l, struct sink *s);
/* Flushes what masking holds back, ends every sink, frees all. */
void job_log_free(struct job_log *l);
/* Flush and end without freeing, so that a tail can be read; later writes are ignored. */
void job_log_end(struct job_log *l);

/* Bytes of the job or a service. Any cut is fine: secrets across calls are still found. */
void job_log_write(struct job_log *l, enum log_stream stream, const char *p, size_t n);
/* A stream has ended: what masking holds back of it is written. */
void job_log_flush(struct job_log *l, enum log_stream stream);

/* Lines of cilocal itself, as the Runner writes them; the text has no line end. */
void job_log_println(struct job_log *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
void job_log_infoln(struct job_log *l, const char *fmt, ...) PRINTF_LIKE(2, 3);  /* green */
void job_log_warnln(struct job_log *l, const char *fmt, ...) PRINTF_LIKE(2, 3);  /* WARNING: */
void job_log_errorln(struct job_log *l, const char *fmt, ...) PRINTF_LIKE(2, 3); /* ERROR: */
void job_log_raw(struct job_log *l, const char *fmt, ...) PRINTF_LIKE(2, 3);     /* as it is */
void job_log_section_start(struct job_log *l, const char *name, const char *title);
void job_log_section_end(struct job_log *l, const char *name);
long job_log_now(const struct job_log *l);

#endif
