/* release; pages and publish. */
#include "base/base.h"

#include "config/readers.h"
#include "config/duration.h"
#include "config/ref_name.h"

static bool digits(struct str s, size_t from, size_t n)
{
	if (from + n > s.n)
		return false;
	for (size_t i = from; i < from + n; i++)
		if (!isdigit((unsigned char)s.p[i]))
			return false;
	return true;
}

static unsigned number(struct str s, size_t from, size_t n)
{
	unsigned v = 0;

	for (size_t i = from; i < from + n; i++)
		v = v * 10 + (unsigned)(s.p[i] - '0');
	return v;
}

/* Z, +hh, +hh:mm, +hhmm, or nothing. */
static bool is_zone(struct str s)
{
	if (!s.n || str_is(s, "Z") || str_is(s, "z"))
		return true;
	if (s.p[0] != '+' && s.p[0] != '-')
		return false;
	if (s.n == 3)
		return digits(s, 1, 2);
	if (s.n == 5)
		return digits(s, 1, 4);
	return s.n == 6 && digits(s, 1, 2) && s.p[3] == ':' && digits(s, 4, 2);
}

/* hh:mm[:ss[.f]] or hhmm[ss], with a zone. */
static bool is_iso_time(struct str s)
{
	bool colons = s.n > 2 && s.p[2] == ':';
	size_t at = colons ? 3 : 2;

	if (!digits(s, 0, 2) || number(s, 0, 2) > 24 || !digits(s, at, 2) || number(s, at, 2) > 59)
		return false;
	at += 2;
	if (at < s.n && (colons ? s.p[at] == ':' : isdigit((unsigned char)s.p[at]))) {
		at += colons;
		if (!digits(s, at, 2) || number(s, at, 2) > 60)
			return false;
		at += 2;
		if (at < s.n && (s.p[at] == '.' || s.p[at] == ',')) {
			if (!digits(s, ++at, 1))
				return false;
			while (at < s.n && isdigit((unsigned char)s.p[at]))
				at++;
		}
	}
	return is_zone(str_from(s, at));
}

/* ISO 8601: a date, optionally with a time (Ruby's DateTime.iso8601). */
static bool is_iso_datetime(struct str s)
{
	static const unsigned char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool dashes;
	size_t month_at, day_at, end;
	unsigned month;

	s = str_trim(s);
	dashes = s.n > 4 && s.p[4] == '-';
	month_at = dashes ? 5 : 4;
	day_at = dashes ? 8 : 6;
	end = day_at + 2;
	if (!digits(s, 0, 4) || !digits(s, month_at, 2) || !digits(s, day_at, 2) ||
		(dashes && s.p[7] != '-'))
		return false;
	month = number(s, month_at, 2);
	if (!month || month > 12 || !number(s, day_at, 2) || number(s, day_at, 2) > days[month - 1])
		return false;
	if (end == s.n)
		return true;
	return (s.p[end] == 'T' || s.p[end] == 't' || s.p[end] == ' ') &&
	       is_iso_time(str_from(s, end + 1));
}

/* GitLab does not look at all of them, but the program that makes the release takes texts. */
static struct text free_text(const struct frame *f, const struct node *map, const char *key)
{
	const struct node *n = get_node(map, key);

	if (!n || node_is_scalar(n))
		return text_of(n);
	diag_warn(f->c->diags, "no-effect", n->at, "%s is %s, which has no effect", subject(f, key),
		found(f, n));
	return text_of(NULL);
}

static struct text required_text(const struct frame *f, const struct node *map, const char *key)
{
	const struct node *n = node_get(map, key);
	const char *name = humanize(frame_arena(f), str_c(key));

	if (node_is_null(n) || (n->kind == NODE_STRING && node_is_blank(n))) {
		fault(f,
			!n                     ? "?missing-keyword"
			: n->kind == NODE_NULL ? "missing-keyword"
					       : "blank",
			n && n->at.begin.line ? n->at : map->at,
			node_is_null(n)
				? fmt_in(f, "%s should be a string" AND_ALSO "%s can't be blank",
					  name, name)
				: fmt_in(f, "%s can't be blank", name),
			"%s is missing", subject(f, key));
		return text_of(NULL);
	}
	want_string(f, n, key);
	return get_text(map, key);
}

static void check_links(const struct frame *f, const struct node *assets)
{
	struct frame entry = FRAME_IN(f, "assets");
	const struct node *links;

	if (!want_map(&entry, assets, NULL))
		return;
	check_scope(&entry, assets, SCOPE_release_assets);
	links = get_node(assets, "links");
	if (node_is_blank(links)) {
		fault(&entry, links ? "blank" : "?blank", links ? links->at : assets->at,
			node_is(links, NODE_SEQ) ? "links can't be blank"
						 : "links should be an array of hashes" AND_ALSO
						   "links can't be blank",
			"%s is empty", subject(&entry, "links"));
		return;
	}
	if (links->kind == NODE_SEQ) {
		const struct node *bad = NULL;

		node_each (item, links) {
			if (item->kind != NODE_MAP && !bad)
				bad = item;
		}
		if (!bad)
			return;
	}
	fault(&entry, "wrong-type", links->at, "links should be an array of hashes",
		"%s must be a list of mappings", subject(&entry, "links"));
}

void read_release(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "release");
	struct release_def *out = arena_new(frame_arena(f), struct release_def);
	const struct node *n;

	if (!want_map(&entry, value, NULL))
		return;
	out->at = value->at;
	job->rare->release = out;
	check_scope(&entry, value, SCOPE_release);
	out->tag_name = required_text(&entry, value, "tag_name");
	out->description = required_text(&entry, value, "description");
	n = node_get(value, "tag_message");
	if (node_is_blank(n) || want_string(&entry, n, "tag_message"))
		out->tag_message = free_text(&entry, value, "tag_message");
	out->name = free_text(&entry, value, "name");
	out->ref = get_text(value, "ref");
	if (out->ref.s.p && !ref_name_valid(out->ref.s))
		fault(&entry, "bad-ref", out->ref.at, "ref must be a valid ref",
			"%s is no valid name of a ref: '" STR_FMT "'", subject(&entry, "ref"),
			STR_ARG(out->ref.s));
	n = get_node(value, "released_at");
	if (n && (n->kind != NODE_STRING || !is_iso_datetime(n->text)))
		fault(&entry, "bad-datetime", n->at, "released at must be a valid datetime",
			"%s must be a date and time of ISO 8601, not %s",
			subject(&entry, "released_at"), found(f, n));
	else if (n)
		out->released_at = text_of(n);
	n = node_get(value, "milestones");
	if (!node_is_blank(n) && want_strings_or_string(&entry, n, "milestones"))
		get_texts(&entry, value, "milestones", &out->milestones);
	n = get_node(value, "assets");
	if (n)
		check_links(&entry, n);
	out->assets = n;
}

static bool holds_variable(struct str s)
{
	size_t at = str_chr(s, '$');

	return at != STR_NPOS || str_chr(s, '%') != STR_NPOS;
}

static void read_pages_map(const struct frame *f, const struct node *map, struct pages_def *out)
{
	const struct node *n;
	int64_t seconds;

	check_scope(f, map, SCOPE_pages);
	out->publish = get_text(map, "publish");
	out->path_prefix = get_text(map, "path_prefix");
	n = get_node(map, "expire_in");
	if (!n)
		return;
	if (node_is(n, NODE_STRING) &&
		(holds_variable(n->text) || str_ieq(n->text, STR("never")))) {
		out->expire_in = text_of(n);
		return;
	}
	if (want_duration(f, n, "expire_in", 0, &seconds))
		out->expire_in = text_of(n);
}

void read_pages(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "pages");

	job->rare->pages.enabled = true;
	if (value->kind == NODE_BOOL)
		job->rare->pages.enabled = value->u.boolean;
	else if (value->kind == NODE_MAP)
		read_pages_map(&entry, value, &job->rare->pages);
	else
		fault(&entry, "wrong-type", value->at, "config should be a hash or a boolean value",
			"%s must be true, false or a mapping, not %s", subject(&entry, NULL),
			found(f, value));
}

void read_publish(const struct frame *f, const struct node *value, struct job_def *job)
{
	/* Whether it may be there at all comes first: see finish_pages() in jobs.c. */
	UNUSED(f);
	if (value->kind == NODE_STRING && !node_is_blank(value))
		job->rare->publish = text_of(value);
}
