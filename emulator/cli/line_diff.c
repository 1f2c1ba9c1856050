#include "base/base.h"

#include "emulator/cli/line_diff.h"

/* Cells of the table of common lengths: 16 MiB at most. */
#define MAX_CELLS ((size_t)4 << 20)

struct lines {
	struct str *v;
	size_t n;
};

static struct lines split(struct arena *a, struct str text)
{
	VEC(struct str) v = {NULL, 0, 0};
	struct str line;

	if (!text.n)
		return (struct lines){NULL, 0};
	if (str_ends(text, STR("\n")))
		text.n--;
	struct str_split it = str_split(text, '\n');
	while (str_split_next(&it, &line))
		vec_push_in(a, &v, line);
	return (struct lines){v.v, v.n};
}

struct walk {
	struct diff_line *out;
	size_t n;
};

static void put(struct walk *w, enum line_kind kind, const struct str *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		w->out[w->n++] = (struct diff_line){kind, v[i]};
}

/* len[i][j]: how many lines the rests from x[i] and y[j] on have in common, in order. */
static void compare(struct walk *w, const struct str *x, size_t n, const struct str *y, size_t m)
{
	uint32_t *len = xcalloc((n + 1) * (m + 1), sizeof(*len));
	size_t i = 0, j = 0, row = m + 1;

	for (size_t k = n; k-- > 0;)
		for (size_t l = m; l-- > 0;)
			len[k * row + l] = str_eq(x[k], y[l]) ? len[(k + 1) * row + l + 1] + 1
							      : MAX(len[(k + 1) * row + l],
									len[k * row + l + 1]);
	while (i < n && j < m) {
		if (str_eq(x[i], y[j])) {
			put(w, LINE_SAME, &y[j], 1);
			i++;
			j++;
		} else if (len[(i + 1) * row + j] >= len[i * row + j + 1]) {
			put(w, LINE_OLD, &x[i++], 1);
		} else {
			put(w, LINE_NEW, &y[j++], 1);
		}
	}
	put(w, LINE_OLD, x + i, n - i);
	put(w, LINE_NEW, y + j, m - j);
	free(len);
}

size_t line_diff(struct arena *a, struct str old_text, struct str new_text, struct diff_line **out)
{
	struct lines x = split(a, old_text), y = split(a, new_text);
	struct walk w = {arena_array(a, struct diff_line, x.n + y.n + 1), 0};
	size_t head = 0, tail = 0;

	while (head < x.n && head < y.n && str_eq(x.v[head], y.v[head]))
		head++;
	while (tail < x.n - head && tail < y.n - head &&
		str_eq(x.v[x.n - 1 - tail], y.v[y.n - 1 - tail]))
		tail++;
	size_t n = x.n - head - tail, m = y.n - head - tail;
	put(&w, LINE_SAME, y.v, head);
	if ((n + 1) * (m + 1) <= MAX_CELLS) {
		compare(&w, x.v + head, n, y.v + head, m);
	} else {
		put(&w, LINE_OLD, x.v + head, n);
		put(&w, LINE_NEW, y.v + head, m);
	}
	put(&w, LINE_SAME, y.v + y.n - tail, tail);
	*out = w.out;
	return w.n;
}
