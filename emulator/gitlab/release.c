/*
 * release: checked, recorded, shown. GitLab hands the texts to its command line tool in the job's
 * shell (GitLab, lib/gitlab/ci/build/releaser.rb); the tool and the server check what is checked
 * here. What only a shell could replace ($(...)) is kept as written.
 */
#include "base/base.h"
#include "emulator/gitlab/publish.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/log/job_log.h"
#include "config/ref_name.h"
#include "pipeline/pipeline.h"
#include "vars/facts.h"
#include "yaml/node.h"

#include <sys/stat.h>

#define DESCRIPTION_MAX (1024u * 1024)
#define FILEPATH_MAX    128

static bool for_shell(struct str s)
{
	return str_find(s, STR("$(")) != STR_NPOS || str_chr(s, '`') != STR_NPOS;
}

static struct str fill(struct job_run *j, const struct varset *vars, struct str text)
{
	return for_shell(text) ? text : expand(&j->arena, text, vars, EXPAND_RUNNER);
}

static struct str field(const struct node *map, const char *key)
{
	const struct node *n = node_get(map, key);

	return node_is_scalar(n) ? n->text : STR_NULL;
}

static const struct node *links_of(const struct release_def *d)
{
	const struct node *links = node_get(d->assets, "links");

	return node_is(links, NODE_SEQ) ? links : NULL;
}

/* ---- the description ---- */

/* A text without a blank may be the name of a file (release-cli and glab look for one). */
static bool may_be_file(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (isspace((unsigned char)s.p[i]))
			return false;
	return s.n > 0 && s.n < 256;
}

/* The file's content where there was one, else the text. */
static struct str description(struct job_run *j, struct str text)
{
	struct arena *a = &j->arena;
	const char *path = arena_printf(a, "%s/" STR_FMT "/" RELEASE_FILES "/" STR_FMT,
		j->run->folder.dir, STR_ARG(j->slug), STR_ARG(text))
				   .p;
	struct stat st;
	struct str content;

	if (!may_be_file(text) || stat(path, &st) || !S_ISREG(st.st_mode) ||
		store_read_file(path, a, DESCRIPTION_MAX, &content, NULL))
		return text;
	return str_trim(content);
}

/* ---- checks ---- */

static int bad(struct error *err, struct span at, const char *fmt, ...) PRINTF_LIKE(3, 4);

static int bad(struct error *err, struct span at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_vset(err, ERR_CONFIG, 0, fmt, ap);
	va_end(ap);
	error_at(err, at);
	return error_wrap(err, "GitLab would refuse the release");
}

/* GitLab, app/models/releases/link.rb. */
static bool good_filepath(struct str s)
{
	if (s.n > FILEPATH_MAX || s.p[0] != '/' || !isalnum((unsigned char)s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (!isalnum(c) && !strchr("/-._", c))
			return false;
		if (c == '/' && i + 1 < s.n && s.p[i + 1] == '/')
			return false;
	}
	return true;
}

static bool good_url(struct str s)
{
	return str_starts(s, STR("https://")) || str_starts(s, STR("http://")) ||
	       str_starts(s, STR("ftp://"));
}

static bool good_type(struct str s)
{
	return !s.n || str_is(s, "other") || str_is(s, "runbook") || str_is(s, "image") ||
	       str_is(s, "package");
}

static int check_link(
	struct job_run *j, const struct varset *vars, const struct node *link, struct error *err)
{
	struct str name = fill(j, vars, field(link, "name"));
	struct str url = fill(j, vars, field(link, "url"));
	struct str path = fill(j, vars, field(link, "filepath")), type = field(link, "link_type");

	if (!name.n)
		return bad(err, link->at, "a link of its assets has no name");
	if (!url.n)
		return bad(err, link->at, "link '" STR_FMT "' has no url", STR_ARG(name));
	if (!for_shell(url) && !good_url(url))
		return bad(err, link->at,
			"the url of link '" STR_FMT
			"' must begin with https://, http:// or ftp://: '" STR_FMT "'",
			STR_ARG(name), STR_ARG(url));
	if (path.n && !for_shell(path) && !good_filepath(path))
		return bad(err, link->at,
			"the filepath of link '" STR_FMT
			"' must begin with '/' and hold letters, digits, '/', '-', '_', '.': "
			"'" STR_FMT "'",
			STR_ARG(name), STR_ARG(path));
	if (!good_type(type))
		return bad(err, link->at,
			"the link_type of link '" STR_FMT
			"' must be other, runbook, image or package, not '" STR_FMT "'",
			STR_ARG(name), STR_ARG(type));
	return 0;
}

static int check_twice(struct job_run *j, const struct varset *vars, const struct node *links,
	size_t at, const char *key, struct error *err)
{
	struct str mine = fill(j, vars, field(links->u.seq.items[at], key));

	for (size_t i = 0; mine.n && i < at; i++)
		if (str_eq(fill(j, vars, field(links->u.seq.items[i], key)), mine))
			return bad(err, links->u.seq.items[at]->at,
				"two links have the %s '" STR_FMT "'", key, STR_ARG(mine));
	return 0;
}

static int check(struct job_run *j, const struct varset *vars, struct error *err)
{
	const struct release_def *d = j->job->def->rare->release;
	const struct node *links = links_of(d);
	struct str tag = fill(j, vars, d->tag_name.s);

	if (!tag.n)
		return bad(err, d->tag_name.at, "its tag_name '" STR_FMT "' is empty here",
			STR_ARG(d->tag_name.s));
	if (!for_shell(tag) && !ref_name_valid(tag))
		return bad(err, d->tag_name.at, "its tag_name is no name of a tag: '" STR_FMT "'",
			STR_ARG(tag));
	for (size_t i = 0; links && i < links->u.seq.n; i++)
		if (check_link(j, vars, links->u.seq.items[i], err) ||
			check_twice(j, vars, links, i, "name", err) ||
			check_twice(j, vars, links, i, "url", err) ||
			check_twice(j, vars, links, i, "filepath", err))
			return -1;
	return 0;
}

/* ---- the record ---- */

static struct str link_text(struct job_run *j, const struct varset *vars, const struct node *link)
{
	struct str path = fill(j, vars, field(link, "filepath")), type = field(link, "link_type");

	return arena_printf(&j->arena, STR_FMT ": " STR_FMT " (" STR_FMT "%s" STR_FMT ")",
		STR_ARG(fill(j, vars, field(link, "name"))),
		STR_ARG(fill(j, vars, field(link, "url"))), STR_ARG(type.n ? type : STR("other")),
		path.n ? ", " : "", STR_ARG(path));
}

static struct str all_links(
	struct job_run *j, const struct varset *vars, const struct release_def *d)
{
	const struct node *links = links_of(d);
	struct buf out = BUF_INIT;
	struct str text;

	for (size_t i = 0; links && i < links->u.seq.n; i++) {
		struct str one = link_text(j, vars, links->u.seq.items[i]);

		buf_printf(&out, "%s" STR_FMT, i ? "\n" : "", STR_ARG(one));
	}
	text = arena_str(&j->arena, buf_str(&out));
	buf_release(&out);
	return text;
}

static struct str milestones(
	struct job_run *j, const struct varset *vars, const struct release_def *d)
{
	struct str all = STR_NULL;

	for (size_t i = 0; i < d->milestones.n; i++)
		all = arena_printf(&j->arena, STR_FMT "%s" STR_FMT, STR_ARG(all), i ? ", " : "",
			STR_ARG(fill(j, vars, d->milestones.v[i].s)));
	return all;
}

static void record(struct job_run *j, const struct varset *vars)
{
	const struct release_def *d = j->job->def->rare->release;
	struct str tag = fill(j, vars, d->tag_name.s), name = fill(j, vars, d->name.s);
	struct str ref = fill(j, vars, d->ref.s);
	const char *of = "release";

	if (!name.n)
		name = tag;
	job_note_add(j, of, "tag_name", tag);
	job_note_add(j, of, "name", name);
	job_note_add(j, of, "description", description(j, fill(j, vars, d->description.s)));
	job_note_add(j, of, "ref", ref.n ? ref : j->run->p->facts->sha);
	job_note_add(j, of, "tag_message", fill(j, vars, d->tag_message.s));
	job_note_add(j, of, "released_at", fill(j, vars, d->released_at.s));
	job_note_add(j, of, "milestones", milestones(j, vars, d));
	job_note_add(j, of, "links", all_links(j, vars, d));
	job_log_println(j->log,
		"Release \"" STR_FMT "\" of tag " STR_FMT
		": GitLab would create it here; it is recorded",
		STR_ARG(name), STR_ARG(tag));
}

static int on_release(void *arg, const struct varset *vars, struct error *err)
{
	struct job_run *j = arg;

	if (check(j, vars, err)) {
		job_log_errorln(j->log, "%s", err->text);
		return -1;
	}
	record(j, vars);
	return 0;
}

void release_make(struct job_run *j)
{
	const struct release_def *d = j->job->def->rare->release;

	if (!d)
		return;
	j->spec.on_release = on_release;
	j->spec.release_arg = j;
	if (may_be_file(d->description.s))
		j->spec.release_file = d->description.s;
}
