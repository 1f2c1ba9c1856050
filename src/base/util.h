/* Small macros and checked number parsing. */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define UNUSED(x)     ((void)(x))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))

/* From a pointer to an embedded member to the struct that holds it. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN               __attribute__((noreturn))
#define MUST_CHECK             __attribute__((warn_unused_result))

/* Statics that a unit test calls: external only in the build of the tests. */
#ifdef CILOCAL_UNIT
#define UNIT_STATIC
#else
#define UNIT_STATIC static
#endif

/* Scope-exit cleanup for locals: CLEANUP(free) char *p = NULL; */
#define CLEANUP(fn) __attribute__((cleanup(cleanup_##fn)))
void cleanup_free(void *p);  /* p: address of a pointer from malloc, or of NULL */
void cleanup_close(int *fd); /* closes *fd when it is >= 0 */

struct str;

/*
 * Whole string to a number; false when it is not exactly one decimal number in range.
 * *out is untouched on failure.
 */
bool parse_i64(struct str s, int64_t *out) MUST_CHECK;
bool parse_u64(struct str s, uint64_t *out) MUST_CHECK;
bool parse_double(struct str s, double *out) MUST_CHECK;

/* malloc family that ends the program on exhaustion (one message, exit by abort). */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
