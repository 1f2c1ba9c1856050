/* Image names: repository, tag, digest (distribution, reference grammar). */
#include "base/base.h"
#include "emulator/docker/image.h"

#define ID_DIGITS 64

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isdigit((unsigned char)s.p[i]) && (s.p[i] < 'a' || s.p[i] > 'f'))
			return false;
	return s.n > 0;
}

static bool is_id(struct str s)
{
	if (str_starts(s, STR("sha256:")))
		return is_hex(str_from(s, 7));
	return s.n == ID_DIGITS && is_hex(s);
}

/* The host part may hold upper case; what follows it may not. */
static bool good_repo(struct str repo)
{
	size_t slash = str_chr(repo, '/'), from = 0;
	struct str first = str_sub(repo, 0, MIN(slash, repo.n));

	if (slash != STR_NPOS &&
		(str_chr(first, '.') != STR_NPOS || str_chr(first, ':') != STR_NPOS ||
			str_is(first, "localhost")))
		from = slash + 1;
	for (size_t i = from; i < repo.n; i++) {
		char ch = repo.p[i];
		bool edge = i == from || i + 1 == repo.n || repo.p[i - 1] == '/' ||
			    repo.p[i + 1] == '/';

		if ((ch >= 'a' && ch <= 'z') || isdigit((unsigned char)ch))
			continue;
		if (edge || !strchr("._-/", ch))
			return false;
	}
	return from < repo.n;
}

static bool good_tag(struct str tag)
{
	for (size_t i = 0; i < tag.n; i++) {
		char ch = tag.p[i];

		if (!isalnum((unsigned char)ch) && ch != '_' && (!i || (ch != '.' && ch != '-')))
			return false;
	}
	return tag.n && tag.n <= 128;
}

static bool good_digest(struct str digest)
{
	size_t colon = str_chr(digest, ':');

	return colon != STR_NPOS && colon && is_hex(str_from(digest, colon + 1)) &&
	       digest.n - colon - 1 >= 32;
}

bool image_ref_parse(struct str text, struct image_ref *out)
{
	size_t at = str_chr(text, '@'), colon, slash;

	memset(out, 0, sizeof(*out));
	if (is_id(text)) {
		out->is_id = true;
		out->repo = text;
		return true;
	}
	out->repo = text;
	if (at != STR_NPOS) {
		out->digest = str_from(text, at + 1);
		out->repo = str_sub(text, 0, at);
		if (!good_digest(out->digest))
			return false;
	}
	colon = str_rchr(out->repo, ':');
	slash = str_rchr(out->repo, '/');
	/* A colon before the last slash belongs to the port of the registry. */
	if (colon != STR_NPOS && (slash == STR_NPOS || colon > slash)) {
		out->tag = str_from(out->repo, colon + 1);
		out->repo = str_sub(out->repo, 0, colon);
		if (!good_tag(out->tag))
			return false;
	}
	return good_repo(out->repo);
}

const struct str *image_ref_nearest(struct str asked, const struct str *names, size_t n)
{
	CLEANUP(buf_release) struct buf whole = BUF_INIT;
	const struct str *best = NULL;
	size_t best_at = SIZE_MAX;
	struct image_ref want, have;

	if (!image_ref_parse(asked, &want) || want.is_id || want.digest.n)
		return NULL;
	if (!want.tag.n)
		want.tag = STR("latest");
	buf_printf(&whole, STR_FMT ":" STR_FMT, STR_ARG(want.repo), STR_ARG(want.tag));
	for (size_t i = 0; i < n; i++) {
		size_t d;

		if (str_eq(names[i], buf_str(&whole)))
			return NULL;
		if (!image_ref_parse(names[i], &have) || !str_eq(have.repo, want.repo))
			continue;
		d = str_distance(want.tag, have.tag);
		if (d < best_at) {
			best = &names[i];
			best_at = d;
		}
	}
	return best ? best : str_nearest(buf_str(&whole), names, n);
}
