/*
 * Typed growable arrays. VEC(type) declares the struct; in an arena (vec_push_in) or on the heap
 * (vec_push, vec_release). The elements move when the array grows: keep indices, not pointers.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stddef.h>

#define VEC(type)              \
	struct {               \
		type *v;       \
		size_t n, cap; \
	}

struct arena;
void *vec_grow_heap(void *v, size_t *cap, size_t size);
void *vec_grow_arena(struct arena *a, void *v, size_t n, size_t *cap, size_t size);

#define vec_push(vec, item)                                                                 \
	do {                                                                                \
		if ((vec)->n == (vec)->cap)                                                 \
			(vec)->v = vec_grow_heap((vec)->v, &(vec)->cap, sizeof(*(vec)->v)); \
		(vec)->v[(vec)->n++] = (item);                                              \
	} while (0)

#define vec_push_in(arena, vec, item)                                                         \
	do {                                                                                  \
		if ((vec)->n == (vec)->cap)                                                   \
			(vec)->v = vec_grow_arena(                                            \
				(arena), (vec)->v, (vec)->n, &(vec)->cap, sizeof(*(vec)->v)); \
		(vec)->v[(vec)->n++] = (item);                                                \
	} while (0)

#define vec_release(vec)                   \
	do {                               \
		free((vec)->v);            \
		(vec)->v = NULL;           \
		(vec)->n = (vec)->cap = 0; \
	} while (0)

/* vec_each(struct foo *, f, &vec) { ... }: f points at each element in turn. */
#define vec_each(ptrtype, name, vec) \
	for (ptrtype name = (vec)->v; (vec)->n && name < (vec)->v + (vec)->n; name++)

#endif
