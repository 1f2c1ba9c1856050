#include "base/base.h"

#include "source/source.h"

void source_set_init(struct source_set *s, struct arena *a)
{
	*s = (struct source_set){.arena = a};
}

/* Line ends are LF, CR LF and lone CR: libyaml counts all three, and the places must agree with it.
 */
static void index_lines(struct arena *a, struct source *src)
{
	struct str t = src->text;
	VEC(uint32_t) at = {NULL, 0, 0};

	vec_push_in(a, &at, 0);
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] == '\r' && i + 1 < t.n && t.p[i + 1] == '\n')
			continue;
		if (t.p[i] == '\n' || t.p[i] == '\r')
			vec_push_in(a, &at, (uint32_t)(i + 1));
	}
	src->line_at = at.v;
	src->n_lines = at.n;
}

uint32_t source_add(
	struct source_set *s, struct str name, struct str text, struct span included_from)
{
	struct source *src = arena_new(s->arena, struct source);

	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_from(text, 3);
	/* Offsets are 32 bits; readers refuse texts long before, this only keeps the table sound.
	 */
	if (text.n > UINT32_MAX - 1)
		text.n = UINT32_MAX - 1;
	if (s->n == s->cap)
		s->v = vec_grow_arena(s->arena, s->v, s->n, &s->cap, sizeof(*s->v));
	s->v[s->n++] = src;
	src->id = (uint32_t)s->n;
	src->name = arena_str(s->arena, name);
	src->text = arena_str(s->arena, text);
	src->included_from = included_from;
	index_lines(s->arena, src);
	return src->id;
}

const struct source *source_get(const struct source_set *s, uint32_t id)
{
	return s && id && id <= s->n ? s->v[id - 1] : NULL;
}

struct loc source_loc(const struct source *src, size_t offset)
{
	size_t lo = 0, hi = src->n_lines;
	uint32_t col = 1;

	offset = MIN(offset, src->text.n);
	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (src->line_at[mid] <= offset)
			lo = mid;
		else
			hi = mid;
	}
	for (size_t i = src->line_at[lo]; i < offset; col++) {
		size_t len = utf8_len(src->text.p + i, src->text.n - i);

		i += len ? len : 1;
	}
	return loc_at(src->id, lo + 1, col);
}

struct str source_line(const struct source *src, uint32_t line)
{
	size_t from, to;

	if (!line || line > src->n_lines)
		return STR_NULL;
	from = src->line_at[line - 1];
	to = line < src->n_lines ? src->line_at[line] : src->text.n;
	while (to > from && (src->text.p[to - 1] == '\n' || src->text.p[to - 1] == '\r'))
		to--;
	return str_sub(src->text, from, to);
}
