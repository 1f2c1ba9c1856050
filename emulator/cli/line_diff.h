/* Which lines two texts have in common. */
#ifndef CLI_LINE_DIFF_H
#define CLI_LINE_DIFF_H

#include <stddef.h>
#include "base/str.h"

struct arena;

enum line_kind { LINE_SAME, LINE_OLD, LINE_NEW };
struct diff_line {
	enum line_kind kind;
	struct str text; /* without its line end */
};

/*
 * The shortest way from one to the other, line by line, old lines before the new ones in their
 * place. Texts of several thousand lines each that differ all over are not compared: then all of
 * one goes and all of the other comes. Lines borrow from the texts; the list is the arena's. Their
 * number.
 */
size_t line_diff(struct arena *a, struct str old_text, struct str new_text, struct diff_line **out);

#endif
