#include "base/base.h"

/* What empty buffers point to; nobody writes into it but with a NUL. */
char buf_empty[1];

void buf_init(struct buf *b)
{
	*b = (struct buf)BUF_INIT;
}

void buf_init_max(struct buf *b, size_t max)
{
	buf_init(b);
	b->max = max;
}

void buf_release(struct buf *b)
{
	size_t max = b->max;

	if (b->cap)
		free(b->p);
	buf_init_max(b, max);
}

void cleanup_buf_release(struct buf *b)
{
	buf_release(b);
}

void buf_clear(struct buf *b)
{
	buf_truncate(b, 0);
	b->overflow = false;
}

void buf_reserve(struct buf *b, size_t more)
{
	size_t want = b->n + more + 1, cap = b->cap;

	if (want < more)
		die_oom(more);
	if (want <= cap)
		return;
	cap = MAX(cap + cap / 2, (size_t)32);
	if (cap < want)
		cap = want;
	if (b->cap) {
		b->p = xrealloc(b->p, cap);
	} else {
		b->p = xmalloc(cap);
		b->p[0] = '\0';
	}
	b->cap = cap;
}

static bool admits(struct buf *b, size_t n)
{
	if (b->overflow)
		return false;
	if (b->max && n > b->max - b->n) {
		b->overflow = true;
		return false;
	}
	return true;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (!n || !admits(b, n))
		return;
	buf_reserve(b, n);
	memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addstr(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		BUG("bad format '%s'", fmt);
	if (!n || !admits(b, (size_t)n))
		return;
	buf_reserve(b, (size_t)n);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	b->n += (size_t)n;
}

void buf_add_utf8(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		size_t n = utf8_len(s.p + i, s.n - i);

		if (n)
			buf_add(b, s.p + i, n);
		else
			buf_adds(b, "\xef\xbf\xbd");
		i += n ? n : 1;
	}
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_remove(struct buf *b, size_t n)
{
	if (!n)
		return;
	if (n >= b->n) {
		buf_truncate(b, 0);
		return;
	}
	memmove(b->p, b->p + n, b->n - n);
	buf_truncate(b, b->n - n);
}

void buf_truncate(struct buf *b, size_t n)
{
	if (n > b->n)
		BUG("truncate to %zu of %zu", n, b->n);
	b->n = n;
	if (b->cap)
		b->p[n] = '\0';
}

char *buf_take(struct buf *b)
{
	char *p;

	buf_reserve(b, 0);
	p = b->p;
	b->cap = 0;
	buf_init_max(b, b->max);
	return p;
}

void buf_trim_blanks(struct buf *b)
{
	while (b->n && b->p[b->n - 1] == ' ')
		buf_truncate(b, b->n - 1);
}
