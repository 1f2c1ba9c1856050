/*
 * Growable bytes with one owner. p is never NULL and p[n] is always NUL, so a buf can be printed.
 * A buf that grows on hostile input declares a maximum; adding past it sets `overflow`, drops the
 * bytes, and every later add is a no-op that keeps the flag.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"
#include "base/util.h"

struct buf {
	char *p;
	size_t n, cap;
	size_t max; /* 0: no maximum */
	bool overflow;
};

extern char buf_empty[];
#define BUF_INIT                          \
	{                                 \
		buf_empty, 0, 0, 0, false \
	}

void buf_init(struct buf *b);
void buf_init_max(struct buf *b, size_t max);
void buf_release(struct buf *b); /* frees; the buf is then as after init */
void buf_clear(struct buf *b);   /* empties, keeps the memory */
void cleanup_buf_release(struct buf *b);

void buf_reserve(struct buf *b, size_t more); /* room for more bytes behind n */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addstr(struct buf *b, struct str s);
void buf_addc(struct buf *b, char c);
/* Bytes that are no UTF-8 become U+FFFD. */
void buf_add_utf8(struct buf *b, struct str s);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
void buf_remove(struct buf *b, size_t n); /* drops n bytes at the front */
void buf_truncate(struct buf *b, size_t n);
void buf_trim_blanks(struct buf *b); /* takes the blanks at the end away */

static inline struct str buf_str(const struct buf *b)
{
	return str_n(b->p, b->n);
}

/* Hands the memory over (NUL-terminated, to be freed by the caller); the buf is then empty. */
char *buf_take(struct buf *b);

#endif
