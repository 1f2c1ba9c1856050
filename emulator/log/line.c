#include "base/base.h"
#include "emulator/log/line.h"

void lines_init(struct lines *l, size_t max)
{
	buf_init(&l->part);
	l->max = max;
}

void lines_release(struct lines *l)
{
	buf_release(&l->part);
}

/* Bytes of an unfinished line: kept, or passed on in pieces where the cap is reached. */
static void keep(struct lines *l, const char *p, size_t n, line_fn *fn, void *arg)
{
	while (l->part.n + n > l->max) {
		size_t take = l->max - l->part.n;

		buf_add(&l->part, p, take);
		fn(arg, buf_str(&l->part), false);
		buf_clear(&l->part);
		p += take;
		n -= take;
	}
	buf_add(&l->part, p, n);
}

void lines_feed(struct lines *l, struct str bytes, line_fn *fn, void *arg)
{
	const char *p = bytes.p, *end = bytes.p + bytes.n;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);

		if (!nl || l->part.n || n > l->max)
			keep(l, p, n, fn, arg);
		if (!nl)
			return;
		if (l->part.n || n > l->max) {
			fn(arg, buf_str(&l->part), true);
			buf_clear(&l->part);
		} else {
			fn(arg, str_n(p, n), true);
		}
		p = nl + 1;
	}
}

void lines_flush(struct lines *l, line_fn *fn, void *arg)
{
	if (!l->part.n)
		return;
	fn(arg, buf_str(&l->part), false);
	buf_clear(&l->part);
}
