#include "base/base.h"

/* gcc says it with a macro, clang with a feature test. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define ARENA_POISON
#endif

#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

struct arena_block {
	struct arena_block *next;
	size_t size;
	max_align_t data[];
};

#define BLOCK_MIN ((size_t)4096)
#define BLOCK_MAX ((size_t)1 << 20)

void arena_init(struct arena *a)
{
	*a = (struct arena)ARENA_INIT;
}

void arena_release(struct arena *a)
{
	struct arena_block *b = a->head;

	while (b) {
		struct arena_block *next = b->next;

		ASAN_UNPOISON_MEMORY_REGION(b->data, b->size);
		free(b);
		b = next;
	}
	arena_init(a);
}

void arena_adopt(struct arena *to, struct arena *from)
{
	struct arena_block *last = from->head;

	if (!last)
		return;
	if (!to->head) {
		*to = *from;
	} else {
		/* Behind the block that `to` allocates from, which stays the current one. */
		while (last->next)
			last = last->next;
		last->next = to->head->next;
		to->head->next = from->head;
		to->used += from->used;
	}
	arena_init(from);
}

/* Blocks double up to 1 MiB, so that a big pipeline costs few of them and a small one little. */
static void grow(struct arena *a, size_t n)
{
	size_t size = a->head ? MIN(a->head->size * 2, BLOCK_MAX) : BLOCK_MIN;
	struct arena_block *b;

	if (size < n)
		size = n;
	b = xmalloc(sizeof(*b) + size);
	b->size = size;
	b->next = a->head;
	a->head = b;
	a->at = (char *)b->data;
	a->end = a->at + size;
	ASAN_POISON_MEMORY_REGION(b->data, size);
}

void *arena_alloc(struct arena *a, size_t n)
{
	/* Enough for all that is kept in arenas; max_align_t would double many small strings. */
	const size_t align = MAX(_Alignof(void *), _Alignof(int64_t));
	char *p;

	if (n > SIZE_MAX - align)
		die_oom(n);
	n = (n + align - 1) & ~(align - 1);
	if (!n)
		n = align;
	if ((size_t)(a->end - a->at) < n)
		grow(a, n);
	p = a->at;
	a->at += n;
	a->used += n;
	ASAN_UNPOISON_MEMORY_REGION(p, n);
	return p;
}

void *arena_calloc(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

void *arena_alloc_array(struct arena *a, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		die_oom(n);
	return arena_calloc(a, n * size);
}

struct str arena_str(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return str_n(p, s.n);
}

char *arena_strdup(struct arena *a, const char *s)
{
	size_t n = strlen(s);

	return memcpy(arena_alloc(a, n + 1), s, n + 1);
}

const char *arena_cstr(struct arena *a, struct str s)
{
	return arena_str(a, s).p;
}

struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	int n;
	char *p;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		BUG("bad format '%s'", fmt);
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	return str_n(p, (size_t)n);
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	struct str s;
	va_list ap;

	va_start(ap, fmt);
	s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}
