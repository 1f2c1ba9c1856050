/* What the options of the pipeline say about the event, the ref and the changed files. */
#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/core/error.h"
#include "emulator/gitlab/registry.h"
#include "expr/glob.h"

#include <time.h>

static struct str option(struct load *l, enum opt_id id)
{
	return str_c(opt_text(&l->c->opt, id));
}

static struct str iso_now(struct arena *a)
{
	struct tm tm;
	time_t now = time(NULL);
	char text[32];
	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return str_c(arena_strdup(a, text));
}

/* The tag of a tag pipeline: --tag, or with --event tag the one at HEAD. */
static int choose_tag(struct load *l, struct event_ask *ask)
{
	bool tagged = str_is(ask->event, "tag");
	if (tagged && !ask->tag.n)
		ask->tag = l->repo.tag;
	if (tagged && !ask->tag.n)
		return cli_usage(l->c, "'--event tag' wants '--tag NAME', since no tag is at HEAD");
	if (ask->tag.n && ask->branch.n)
		return cli_usage(l->c, "'--tag' and '--branch' exclude each other");
	return EXIT_OK;
}

int event_from_options(struct load *l, struct event_ask *ask)
{
	*ask = (struct event_ask){option(l, OPT_EVENT), option(l, OPT_BRANCH), option(l, OPT_TAG),
		option(l, OPT_TARGET_BRANCH)};
	/* They name what the events have that are compared: none of them contradicts another. */
	if (opt_flag(&l->c->opt, OPT_ALL) && l->c->cmd->id == CMD_explain) {
		*ask = (struct event_ask){.branch = ask->branch};
		return EXIT_OK;
	}
	int code = choose_tag(l, ask);
	if (code)
		return code;
	bool mr = str_is(ask->event, "merge_request_event");
	if (ask->target.n && !mr)
		return cli_usage(
			l->c, "'--target-branch' belongs to '--event merge_request_event'");
	if (mr && ask->tag.n)
		return cli_usage(l->c, "a merge request has no tag");
	if (option(l, OPT_TRIGGER_PAYLOAD).n && !str_is(ask->event, "trigger"))
		return cli_usage(l->c, "'--trigger-payload' belongs to '--event trigger'");
	return EXIT_OK;
}

void facts_from_event(struct load *l, const struct event_ask *ask)
{
	struct facts *f = &l->facts;
	struct str event = ask->event;
	f->source = !event.n || str_is(event, "tag") ? STR("push") : event;
	f->tag = ask->tag;
	f->default_branch = option(l, OPT_DEFAULT_BRANCH);
	if (str_is(event, "merge_request_event")) {
		f->mr.source_branch = ask->branch;
		f->mr.target_branch = ask->target;
		f->mr.id = f->mr.iid = 1;
		f->mr.event_type = STR("detached");
	} else {
		f->branch = ask->branch;
	}
	f->created_at = iso_now(&l->c->arena);
	if (str_is(event, "schedule"))
		f->schedule_description = STR("a schedule");
	if (str_is(event, "parent_pipeline") || str_is(event, "pipeline")) {
		f->parent_pipeline_id = STR("1");
		f->upstream_project_id = STR("1");
		f->upstream_job_id = STR("1");
	}
}

/* ---- --changed ---- */

/* Stands between the facts and the repository, whose questions it passes on. */
struct changed {
	struct load *l;
	struct facts git; /* its questions and their ctx */
	struct str_list files;
	bool done;
};

static void push(struct load *l, struct str path, struct str_list *to, size_t *cap)
{
	if (to->n == *cap) {
		struct str *v = arena_array(&l->c->arena, struct str, *cap * 2 + 8);
		if (to->n)
			memcpy(v, to->v, to->n * sizeof(*v));
		to->v = v;
		*cap = *cap * 2 + 8;
	}
	to->v[to->n++] = path;
}

/*
 * The files below a folder, those that a pattern fits; else a path that may be gone by now. In
 * GitLab's patterns ** means folders only where a / follows; here all that is below.
 */
static void add_changed(struct load *l, struct str path, struct str_list *to, size_t *cap)
{
	struct arena *a = &l->c->arena;
	struct str_list all = {NULL, 0};
	size_t before = to->n;
	bool literal = glob_is_literal(path), folder = str_ends(path, STR("/")) || !path.n;
	while (str_ends(path, STR("/")))
		path.n--;
	if (str_ends(path, STR("/**")))
		path = arena_printf(a, STR_FMT "/*", STR_ARG(path));
	const struct glob *g = literal ? NULL : glob_new(a, path, GLOB_FNMATCH, NULL);
	if (l->facts.files)
		l->facts.files(l->facts.ctx, STR_NULL, STR_NULL, &all);
	for (size_t i = 0; i < all.n; i++) {
		struct str file = all.v[i];
		bool below = !path.n ||
			     (str_starts(file, path) && file.n > path.n && file.p[path.n] == '/');
		if (g ? glob_match(g, file) : below)
			push(l, file, to, cap);
	}
	if (to->n > before)
		return;
	if (literal && !folder)
		push(l, path, to, cap);
	else
		cli_warn(l->c, "--changed '" STR_FMT "' fits no file of the work tree",
			STR_ARG(path));
}

static int answer_changes(void *ctx, struct str compare_to, struct str_list *out)
{
	struct changed *ch = ctx;
	if (!ch->done) {
		size_t i = 0, cap = 0;
		const struct opt_value *v;
		while ((v = opt_next(&ch->l->c->opt, OPT_CHANGED, &i))) {
			struct str path = str_c(v->value);
			if (str_is(path, "."))
				path = STR("");
			while (str_starts(path, STR("./")))
				path = str_from(path, 2);
			add_changed(ch->l, path, &ch->files, &cap);
		}
		ch->done = true;
	}
	*out = ch->files;
	return 0;
}

/* Of a test that names no changed file: none, where GitLab would compare commits. */
static bool nothing_changed(const struct load *l)
{
	return l->c->hermetic &&
	       (l->facts.mr.iid || (str_is(l->facts.source, "push") && !l->facts.tag.n));
}

static int pass_files(void *ctx, struct str project, struct str ref, struct str_list *out)
{
	struct changed *ch = ctx;
	return ch->git.files(ch->git.ctx, project, ref, out);
}

static int pass_file_id(void *ctx, struct str path, bool commit, struct str *out)
{
	struct changed *ch = ctx;
	return ch->git.file_id(ch->git.ctx, path, commit, out);
}

static int use_registry(struct load *l)
{
	struct error err = ERROR_INIT;
	struct registry_options o = {.image = NULL};
	bool wanted = opt_flag(&l->c->opt, OPT_REGISTRY);
	settings_registry(&l->c->opt, &o);
	if (registry_facts(&l->facts, &l->c->arena, &o, wanted, &l->registry, &err))
		return cli_fail(l->c, &err);
	/* Here, once: each job has it. */
	if (l->registry)
		l->registry_ca = registry_ca(&l->c->arena, &o);
	if (!l->facts.registry_host.n)
		l->facts.registry_host = o.host ? str_c(o.host)
						: arena_printf(&l->c->arena, "registry." STR_FMT,
							  STR_ARG(l->facts.server_host));
	return EXIT_OK;
}

/* The commit that source and target have in common, as GitLab compares a merge request. */
static struct str merge_base(struct load *l, struct str ref)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	const char *const args[] = {"merge-base", arena_cstr(&l->c->arena, ref), "HEAD", NULL};
	if (!l->repo.has_commit || repo_git(&l->repo, &out, NULL, args))
		return STR_NULL;
	return arena_str(&l->c->arena, str_trim(buf_str(&out)));
}

static void complete_merge_request(struct load *l)
{
	struct facts_mr *mr = &l->facts.mr;
	struct arena *a = &l->c->arena;
	if (!mr->title.n)
		mr->title = l->facts.title;
	if (!mr->description.n)
		mr->description = l->facts.description;
	if (l->repo.remote.n)
		mr->diff_base_sha =
			merge_base(l, arena_printf(a, "refs/remotes/" STR_FMT "/" STR_FMT,
					      STR_ARG(l->repo.remote), STR_ARG(mr->target_branch)));
	if (!mr->diff_base_sha.n)
		mr->diff_base_sha = merge_base(
			l, arena_printf(a, "refs/heads/" STR_FMT, STR_ARG(mr->target_branch)));
}

/* An annotated tag's own message; a light one has none. */
static struct str tag_message(struct load *l, struct str tag)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct arena *a = &l->c->arena;
	const char *ref = arena_printf(a, "refs/tags/" STR_FMT, STR_ARG(tag)).p;
	const char *const args[] = {
		"for-each-ref", "--format=%(objecttype) %(contents)", ref, NULL};
	if (repo_git(&l->repo, &out, NULL, args) || !str_starts(buf_str(&out), STR("tag ")))
		return STR_NULL;
	return arena_str(a, str_trim(str_from(buf_str(&out), 4)));
}

int facts_complete(struct load *l)
{
	struct facts *f = &l->facts;
	if (opt_last(&l->c->opt, OPT_CHANGED) || nothing_changed(l)) {
		struct changed *ch = arena_new(&l->c->arena, struct changed);
		ch->l = l;
		ch->git = *f;
		f->changes = answer_changes;
		f->files = pass_files;
		f->file_id = pass_file_id;
		f->ctx = ch;
	}
	if (f->mr.iid)
		complete_merge_request(l);
	if (f->tag.n && !f->tag_message.n)
		f->tag_message = tag_message(l, f->tag);
	/* The parent of a child pipeline is one of the same project. */
	if (str_is(f->source, "parent_pipeline"))
		f->upstream_project_id = arena_printf(&l->c->arena, "%" PRIu64, f->project_id);
	return use_registry(l);
}
