/*
 * Bump allocator: many small objects with one lifetime, freed all at once. Nothing in an arena is
 * freed alone. Exhausted memory ends the program.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include "base/str.h"
#include "base/util.h"

struct arena_block;
struct arena {
	struct arena_block *head;
	char *at, *end;
	size_t used; /* bytes handed out */
};

#define ARENA_INIT                  \
	{                           \
		NULL, NULL, NULL, 0 \
	}

void arena_init(struct arena *a);
void arena_release(struct arena *a); /* frees everything; the arena is then as after init */

/* Moves everything that `from` owns to `to`; from is then as after init. Pointers stay valid. */
void arena_adopt(struct arena *to, struct arena *from);

void *arena_alloc(struct arena *a, size_t n);  /* aligned for any type, not cleared */
void *arena_calloc(struct arena *a, size_t n); /* the same, zeroed */
void *arena_alloc_array(struct arena *a, size_t n, size_t size);
#define arena_new(a, type)      ((type *)arena_calloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc_array((a), (n), sizeof(type)))

/* Copies; the results are NUL-terminated behind their end. */
struct str arena_str(struct arena *a, struct str s);
char *arena_strdup(struct arena *a, const char *s);
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
/* A NUL-terminated C string with the bytes of s (which may hold no NUL). */
const char *arena_cstr(struct arena *a, struct str s);

#endif
