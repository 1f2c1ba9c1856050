#include "base/base.h"
#include "emulator/git/repo.h"
#include "emulator/git/git_internal.h"
#include "emulator/core/error.h"

#define ZERO_SHA "0000000000000000000000000000000000000000"

static void put(struct str *field, struct str value)
{
	if (!field->n)
		*field = value;
}

/* A folder's name as a project path may hold it: [a-zA-Z0-9_.-], never empty. */
static struct str local_name(struct repo *r)
{
	struct str base = str_from(r->root, str_rchr(r->root, '/') + 1);
	char *p = arena_alloc(&r->arena, base.n + 1);
	size_t i;

	for (i = 0; i < base.n; i++)
		p[i] = isalnum((unsigned char)base.p[i]) || strchr("_.-", base.p[i]) ? base.p[i]
										     : '-';
	p[i] = '\0';
	return i ? str_n(p, i) : STR("project");
}

static void fill_server(struct repo *r, struct facts *f)
{
	const struct git_url *u = &r->url;
	bool web = str_is(u->protocol, "https") || str_is(u->protocol, "http");
	struct str host = u->host.n ? u->host : STR("gitlab.localhost");
	bool default_port;

	put(&f->server_host, host);
	put(&f->server_protocol, str_is(u->protocol, "http") ? STR("http") : STR("https"));
	if (web)
		put(&f->server_port, u->port);
	put(&f->server_port, str_is(f->server_protocol, "http") ? STR("80") : STR("443"));
	put(&f->ssh_host, host);
	if (str_is(u->protocol, "ssh"))
		put(&f->ssh_port, u->port);
	put(&f->ssh_port, STR("22"));
	if (u->host.n)
		put(&f->project_path, u->path);
	if (!f->project_path.n)
		f->project_path = arena_printf(&r->arena, "local/" STR_FMT, STR_ARG(local_name(r)));
	default_port = str_is(f->server_port, "443") || str_is(f->server_port, "80");
	if (!f->repository_url.n)
		f->repository_url = arena_printf(&r->arena,
			STR_FMT "://" STR_FMT "%s" STR_FMT "/" STR_FMT ".git",
			STR_ARG(f->server_protocol), STR_ARG(f->server_host),
			default_port ? "" : ":", STR_ARG(default_port ? STR("") : f->server_port),
			STR_ARG(f->project_path));
}

static void fill_project(struct repo *r, struct facts *f)
{
	struct str path = f->project_path;
	size_t last = str_rchr(path, '/'), first = str_chr(path, '/');

	put(&f->project_name, last == STR_NPOS ? path : str_from(path, last + 1));
	put(&f->project_namespace, last == STR_NPOS ? STR("local") : str_sub(path, 0, last));
	put(&f->project_root_namespace,
		first == STR_NPOS ? f->project_namespace : str_sub(path, 0, first));
	f->project_name = arena_str(&r->arena, f->project_name);
	f->project_namespace = arena_str(&r->arena, f->project_namespace);
	f->project_root_namespace = arena_str(&r->arena, f->project_root_namespace);
	put(&f->project_title, f->project_name);
	put(&f->project_visibility, STR("private"));
	put(&f->default_branch, r->default_branch);
	/* The same project gets the same number each time, small enough to read. */
	if (!f->project_id)
		f->project_id = 1000 + str_hash(path) % 1000000;
	if (!f->namespace_id)
		f->namespace_id = 1000 + str_hash(f->project_namespace) % 1000000;
}

/* A detached HEAD has no branch: one that points there will do, local ones first. */
static struct str branch_at_head(struct repo *r)
{
	const char *args[] = {"for-each-ref", "--points-at=HEAD", "--format=%(refname)",
		"refs/heads", "refs/remotes", NULL};
	struct buf out = BUF_INIT;
	struct str found = STR_NULL, line;
	struct str_split it;

	repo_git(r, &out, NULL, args);
	it = str_split(buf_str(&out), '\n');
	while (str_split_next(&it, &line) && !found.n) {
		struct str far = str_from(line, 13); /* behind refs/remotes/ */
		size_t slash = str_chr(far, '/');

		if (str_starts(line, STR("refs/heads/")))
			found = str_from(line, 11);
		else if (slash != STR_NPOS && !str_ends(far, STR("/HEAD")))
			found = str_from(far, slash + 1);
	}
	found = arena_str(&r->arena, found);
	buf_release(&out);
	return found.n ? found : STR("detached");
}

static bool is_push(const struct facts *f)
{
	return !f->source.n || str_is(f->source, "push");
}

/*
 * The commit that the branch had on the server before this push: what the upstream has, or the
 * parent where the upstream has this commit already. Zeros for a new branch, as on GitLab.
 */
static struct str before(const struct repo *r, const struct facts *f)
{
	struct str zero = STR(ZERO_SHA);

	if (!is_push(f) || f->tag.n)
		return zero;
	if (r->upstream_sha.n && !str_eq(r->upstream_sha, r->sha))
		return r->upstream_sha;
	/* Without any remote the history itself is all there is to compare with. */
	if ((r->upstream_sha.n || !r->remote.n) && r->parent_sha.n)
		return r->parent_sha;
	return zero;
}

static void fill_commit(struct repo *r, struct facts *f)
{
	bool mr = str_is(f->source, "merge_request_event");

	if (!f->tag.n && !f->branch.n && !mr) {
		if (r->branch.n)
			f->branch = r->branch;
		else
			f->branch = r->has_commit ? branch_at_head(r) : r->default_branch;
	}
	put(&f->ref_name, f->tag.n ? f->tag : f->branch);
	if (mr) {
		put(&f->mr.source_branch, r->branch.n ? r->branch : branch_at_head(r));
		put(&f->mr.target_branch, f->default_branch);
		put(&f->mr.source_sha, r->sha);
		put(&f->ref_name, f->mr.source_branch);
	}
	put(&f->sha, r->has_commit ? r->sha : STR(ZERO_SHA));
	put(&f->before_sha, before(r, f));
	put(&f->message, r->message);
	put(&f->title, r->title);
	put(&f->description, r->description);
	put(&f->author, r->author);
	put(&f->timestamp, r->timestamp);
	if (!f->ref_protected)
		f->ref_protected = f->branch.n && str_eq(f->branch, f->default_branch);
}

static void fill_user(struct repo *r, struct facts *f)
{
	size_t at = str_chr(r->user_email, '@');

	put(&f->user_name, r->user_name.n ? r->user_name : STR("Local User"));
	put(&f->user_email, r->user_email.n ? r->user_email : STR("user@localhost"));
	put(&f->user_login, at != STR_NPOS && at
				    ? arena_str(&r->arena, str_sub(r->user_email, 0, at))
				    : STR("local"));
	if (!f->user_id)
		f->user_id = 1;
}

void repo_fill_facts(struct repo *r, struct facts *f)
{
	r->facts = f;
	fill_server(r, f);
	fill_project(r, f);
	fill_commit(r, f);
	fill_user(r, f);
	git_set_questions(r, f);
}
