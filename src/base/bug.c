#include "base/base.h"

void bug_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "cilocal: BUG at %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

void die_oom(size_t n)
{
	fprintf(stderr, "cilocal: out of memory (%zu bytes wanted)\n", n);
	abort();
}
