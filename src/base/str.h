/*
 * A borrowed view of bytes. It never owns; whoever made the bytes keeps them alive. Views made by
 * an arena are NUL-terminated behind their end, others need not be. The empty view may have p ==
 * NULL.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(lit)   ((struct str){"" lit, sizeof(lit) - 1})
#define STR_NULL   ((struct str){NULL, 0})
#define STR_FMT    "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""
#define STR_NPOS   ((size_t)-1)
/* For tables: struct str fields need a constant initialiser, which STR() is not. */
#define STR_INIT(lit)                   \
	{                               \
		"" lit, sizeof(lit) - 1 \
	}

static inline struct str str_c(const char *s)
{
	return (struct str){s, s ? strlen(s) : 0};
}

static inline struct str str_n(const char *p, size_t n)
{
	return (struct str){p, n};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

static inline bool str_is(struct str a, const char *lit)
{
	return str_eq(a, str_c(lit));
}

/* Bytes from offset to the end, or up to end; offsets past the end give the empty view. */
struct str str_from(struct str s, size_t from);
struct str str_sub(struct str s, size_t from, size_t to);

int str_cmp(struct str a, struct str b); /* byte order, then length; for qsort: str_qcmp */
int str_qcmp(const void *a, const void *b);
bool str_ieq(struct str a, struct str b); /* ASCII case folded */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

size_t str_find(struct str s, struct str needle); /* STR_NPOS when absent */
size_t str_chr(struct str s, char c);             /* first c, or STR_NPOS */
size_t str_rchr(struct str s, char c);            /* last c, or STR_NPOS */
struct str str_trim(struct str s);                /* ASCII white space at both ends */
/* Nothing but white space, Unicode's included: blank? of Rails. */
bool str_is_blank(struct str s);

/*
 * Takes the bytes up to the next sep out of *rest and returns them; *rest then starts behind sep.
 * Returns false once *rest was exhausted. "a,,b" gives "a", "", "b"; "" gives one "".
 */
struct str_split {
	struct str rest;
	char sep;
	bool done;
};
struct str_split str_split(struct str s, char sep);
bool str_split_next(struct str_split *it, struct str *out);

/* Edit distance (insert, delete, replace, swap of neighbours), for "did you mean". */
size_t str_distance(struct str a, struct str b);

/*
 * The candidate nearest to word, case folded, if it is near enough to be meant (distance at most a
 * third of the length, at least 1); NULL otherwise.
 */
#define NEAREST_MAX 5000
const struct str *str_nearest(struct str word, const struct str *candidates, size_t n);

/*
 * Columns that the UTF-8 text takes on a terminal: wide characters 2, combining marks 0, invalid
 * bytes 1; pictures that are joined to one, and flags of two letters, 2.
 */
size_t str_width(struct str s);
/*
 * Length in bytes of the first letter with all that is joined to it, and its columns: where text is
 * cut, it is cut between letters. 0 for the empty text.
 */
size_t str_letter(struct str s, size_t *columns);
/* ASCII letters, digits and _ alone, and not empty: what names of variables are made of. */
bool str_is_word(struct str s);
/* The same, and no digit in front: a name that a shell takes. */
bool str_is_identifier(struct str s);
/* Length in bytes of the well-formed UTF-8 sequence at p (n bytes available), 0 where malformed. */
size_t utf8_len(const char *p, size_t n);
/* The character of that sequence, and its length in *len: 0 where malformed, then the first byte.
 */
uint32_t utf8_char(const char *p, size_t n, size_t *len);

#endif
