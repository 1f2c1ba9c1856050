#include "base/base.h"
#include "emulator/gitlab/publish.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/log/console.h"
#include "emulator/store/archive.h"
#include "pipeline/job_vars.h"
#include "pipeline/pipeline.h"
#include "vars/facts.h"
#include "vars/slug.h"

#define SHORT_SHA 8

/* ---- pages ---- */

struct str pages_prefix(struct job_run *j)
{
	const struct pages_def *d = &j->job->def->rare->pages;
	struct varset sorted;
	struct str cycle;

	if (!d->enabled || !d->path_prefix.s.n)
		return STR_NULL;
	varset_sort_and_expand(&j->arena, &j->job->vars, false, &sorted, &cycle);
	return slugify(&j->arena, expand(&j->arena, d->path_prefix.s, &sorted, EXPAND_SERVER));
}

/* GitLab docs, "CI/CD YAML syntax reference", pages:publish. */
static struct str published_folder(struct job_run *j)
{
	const struct job_rare *rare = j->job->def->rare;
	struct str folder = rare->pages.publish.s.n ? rare->pages.publish.s : rare->publish.s;
	struct varset vars;

	if (!folder.n)
		return STR("public");
	runner_expand_vars(&j->arena, j->vars, &vars);
	folder = expand(&j->arena, folder, &vars, EXPAND_RUNNER);
	if (str_starts(folder, STR("./")))
		folder = str_from(folder, 2);
	while (folder.n && folder.p[folder.n - 1] == '/')
		folder.n--;
	return folder;
}

struct site {
	struct str folder;
	uint64_t files, bytes;
	bool index;
};

static void count(void *arg, const struct archive_item *i)
{
	struct site *s = arg;
	struct str path = i->path;

	if (i->kind != ARCHIVE_FILE || !str_starts(path, s->folder) || path.n <= s->folder.n ||
		path.p[s->folder.n] != '/')
		return;
	s->files++;
	s->bytes += i->size;
	s->index = s->index || str_is(str_from(path, s->folder.n + 1), "index.html");
}

int pages_finish(struct job_run *j, struct error *err)
{
	const struct pages_def *d = &j->job->def->rare->pages;
	struct arena *a = &j->arena;
	struct site s = {0};

	if (!d->enabled || !j->vars)
		return 0;
	s.folder = published_folder(j);
	if (j->archive.n && archive_tar_list(j->archive.p, count, &s, err))
		return -1;
	if (!s.files)
		return error_set(err, ERR_CONFIG, 0,
			"the artifacts hold no file below '" STR_FMT
			"': GitLab's job pages:deploy would fail",
			STR_ARG(s.folder));
	job_note_add(j, "pages", "url", varset_value(j->vars, "CI_PAGES_URL"));
	job_note_add(j, "pages", "folder", s.folder);
	job_note_add(j, "pages", "path_prefix", pages_prefix(j));
	job_note_add(j, "pages", "expire_in", d->expire_in.s);
	job_note_add(j, "pages", "files", arena_printf(a, "%" PRIu64, s.files));
	job_note_add(j, "pages", "bytes", arena_printf(a, "%" PRIu64, s.bytes));
	job_note_add(j, "pages", "index", s.index ? STR("yes") : STR("no"));
	return 0;
}

/* ---- the end of the run ---- */

static struct str note(const struct job_run *j, const char *of, const char *key)
{
	for (size_t i = 0; i < j->record.notes.n; i++)
		if (str_is(j->record.notes.v[i].of, of) && str_is(j->record.notes.v[i].key, key))
			return j->record.notes.v[i].value;
	return STR_NULL;
}

static void show_release(struct run *r, const struct job_run *j)
{
	struct str tag = note(j, "release", "tag_name"), ref = note(j, "release", "ref");
	struct str links = note(j, "release", "links"), one;
	struct str_split it = str_split(links, '\n');
	bool there = str_eq(r->p->facts->tag, tag);

	if (str_eq(ref, r->p->facts->sha))
		ref = str_sub(ref, 0, SHORT_SHA);
	run_line(r,
		"  release " STR_FMT ": GitLab would create it for tag " STR_FMT "%s" STR_FMT "%s",
		STR_ARG(note(j, "release", "name")), STR_ARG(tag), there ? "" : ", and the tag at ",
		STR_ARG(there ? STR_NULL : ref), there ? "" : " if it is not there");
	while (links.n && str_split_next(&it, &one))
		run_line(r, "    link " STR_FMT, STR_ARG(one));
}

static void show_pages(struct run *r, const struct job_run *j)
{
	struct str expires = note(j, "pages", "expire_in");

	run_line(r,
		"  pages: " STR_FMT "/ (" STR_FMT " files, " STR_FMT " bytes) would be at " STR_FMT
		"%s" STR_FMT "%s",
		STR_ARG(note(j, "pages", "folder")), STR_ARG(note(j, "pages", "files")),
		STR_ARG(note(j, "pages", "bytes")), STR_ARG(note(j, "pages", "url")),
		expires.n ? ", expires in " : "", STR_ARG(expires),
		str_is(note(j, "pages", "index"), "no") ? ", without an index.html" : "");
}

void publish_summary(struct run *r, bool *any)
{
	for (size_t i = 0; r->console && !r->o->quiet && i < r->p->n_jobs; i++) {
		const struct job_run *j = &r->jobs[i];
		bool release = note(j, "release", "tag_name").n > 0;
		bool pages = note(j, "pages", "folder").n > 0;

		if (!r->plan.chosen[i] || !(release || pages))
			continue;
		if (!*any)
			run_line(r, "%s", "");
		*any = true;
		if (release)
			show_release(r, j);
		if (pages)
			show_pages(r, j);
	}
}
