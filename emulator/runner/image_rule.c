#include "base/base.h"
#include "emulator/runner/image_rule.h"
#include "base/arena.h"

/* rest: what follows a prefix, or stands for the '*' of a pattern. */
static bool fits(const struct image_rule *r, struct str image, struct str *rest)
{
	size_t star = str_chr(r->from, '*'), tail = r->from.n - star - 1;

	*rest = STR_NULL;
	if (r->prefix) {
		*rest = str_from(image, r->from.n);
		return str_starts(image, r->from);
	}
	if (!r->pattern || star == STR_NPOS)
		return str_eq(image, r->from);
	if (image.n < star + tail || !str_starts(image, str_sub(r->from, 0, star)) ||
		!str_ends(image, str_from(r->from, star + 1)))
		return false;
	*rest = str_sub(image, star, image.n - tail);
	return true;
}

static const struct image_rule *find(
	const struct image_rule *v, size_t n, struct str image, struct str *rest)
{
	for (size_t i = 0; i < n; i++)
		if (fits(&v[i], image, rest))
			return &v[i];
	return NULL;
}

const struct image_rule *image_rule_find(const struct image_rule *v, size_t n, struct str image)
{
	struct str rest;

	return find(v, n, image, &rest);
}

static struct str made(const struct image_rule *r, struct str rest, struct arena *a)
{
	size_t star = str_chr(r->to, '*');

	if (r->prefix)
		return arena_printf(a, STR_FMT STR_FMT, STR_ARG(r->to), STR_ARG(rest));
	if (!r->pattern || star == STR_NPOS)
		return r->to;
	return arena_printf(a, STR_FMT STR_FMT STR_FMT, STR_ARG(str_sub(r->to, 0, star)),
		STR_ARG(rest), STR_ARG(str_from(r->to, star + 1)));
}

struct str image_rule_apply(const struct image_rule *v, size_t n, struct str image, struct arena *a)
{
	struct str rest;
	const struct image_rule *r = find(v, n, image, &rest);
	bool again = r && r->again;

	if (r)
		image = made(r, rest, a);
	if (again) {
		r = find(v, n, image, &rest);
		if (r)
			image = made(r, rest, a);
	}
	return image;
}
