/*
 * include:project and include:component by git. What is wanted of one project at one ref is fetched
 * once, into a bare repository of the cache, then read by one `git cat-file --batch`.
 */
#include "base/base.h"
#include "emulator/gitlab/fetch_internal.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/core/proc.h"
#include "emulator/store/store.h"
#include "source/loader.h"

#define TIMEOUT_MS 120000
#define MAX_OUTPUT (64 * 1024 * 1024)
/* Another cilocal may be fetching into the same repository. */
#define LOCK_TRIES 100
#define LOCK_MS    200

enum phase {
	GIT_INIT,  /* the bare repository is made */
	GIT_TAGS,  /* which release a version like ~latest means */
	GIT_FETCH, /* the one commit */
	GIT_ALL,   /* everything: the ref may be the start of a commit's id */
	GIT_SET,   /* what that id means */
	GIT_READ,  /* the files */
	GIT_LIST   /* all paths, for patterns */
};

struct git_want {
	struct config_want *want;
	struct git_want *next;
};

struct git_source {
	struct fetch *f;
	struct str host, project; /* host empty: this server */
	struct str asked;         /* the ref as written */
	struct str ref;           /* what git is asked for: the same, or the commit of a lock */
	struct str locked;        /* the version that the lock has; empty: none */
	struct str newest;        /* release of a component, where the lock wants to know */
	struct str url;
	const char *dir;   /* the bare repository */
	const char *stamp; /* a file that says when this ref was fetched, and holds the version */
	struct str name;   /* refs/cilocal/<hash of ref>, or a commit's id */
	bool fetched;
	struct str version; /* the tag that a partial version means; else the ref */
	enum phase phase;
	struct proc *proc;
	unsigned lock_tries;
	struct loop_timer timer;
	bool busy, waiting; /* at work in its repository; for somebody else there */
	struct git_want *wants;
	struct git_source *next;
};

static void on_done(void *arg, struct error *err, const struct proc_result *r);

static bool is_glob(const struct git_want *g)
{
	return g->want->kind == WANT_LOCAL_GLOB;
}

static bool is_component(const struct git_want *g)
{
	return g->want->kind == WANT_COMPONENT;
}

/* The two places of a component, or the one of a file; leading slashes mean nothing. */
static struct str candidate(struct git_source *s, const struct git_want *g, unsigned n)
{
	struct str path = g->want->path;
	struct component_address c;

	if (is_glob(g))
		return STR_NULL;
	if (!is_component(g)) {
		while (path.n && path.p[0] == '/')
			path = str_from(path, 1);
		return n ? STR_NULL : path;
	}
	if (!component_parse(path, &c) || n > 1)
		return STR_NULL;
	return arena_printf(&s->f->arena,
		n ? "templates/" STR_FMT "/template.yml" : "templates/" STR_FMT ".yml",
		STR_ARG(c.name));
}

/*
 * Commands that reach out also get the work tree's own configuration, since its ways to the server
 * (url.insteadOf, credential.helper, http.sslCAInfo, core.sshCommand) are the user's.
 */
static void run_git(
	struct git_source *s, enum phase phase, const char *const *args, struct str input)
{
	const char *argv[24] = {"git"};
	bool outside = phase == GIT_FETCH || phase == GIT_ALL || phase == GIT_TAGS;
	struct proc_options o = {.argv = argv,
		.input = input,
		.foreground = true,
		.timeout_ms = TIMEOUT_MS,
		.max_output = MAX_OUTPUT,
		.done = on_done,
		.arg = s};
	size_t n = 1;

	if (outside && s->f->o->git_config) {
		argv[n++] = "-c";
		argv[n++] = arena_printf(&s->f->arena, "include.path=%s", s->f->o->git_config).p;
	}
	while (*args && n + 1 < ARRAY_SIZE(argv))
		argv[n++] = *args++;
	s->phase = phase;
	s->proc = proc_start(s->f->loop, &o);
}

#define GIT(s, phase, input, ...) \
	run_git((s), (phase), (const char *const[]){__VA_ARGS__, NULL}, (input))

static void start_next(struct git_source *s);

/* All wants are answered. Who waits for the same repository goes on. */
static void over(struct git_source *s)
{
	s->busy = false;
	start_next(s);
	fetch_over(s->f);
}

static void refuse_all(struct git_source *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void refuse_all(struct git_source *s, const char *fmt, ...)
{
	struct str why;
	va_list ap;

	va_start(ap, fmt);
	why = arena_vprintf(&s->f->arena, fmt, ap);
	va_end(ap);
	for (struct git_want *g = s->wants; g; g = g->next)
		if (!g->want->answered)
			fetch_refuse(s->f, g->want, STR_FMT, STR_ARG(why));
	over(s);
}

/* Asks for all candidates of all wants, in order; answers come in the same order. */
static void read_files(struct git_source *s)
{
	struct buf ask = BUF_INIT;

	buf_printf(&ask, STR_FMT "^{commit}\n", STR_ARG(s->name));
	for (struct git_want *g = s->wants; g; g = g->next)
		for (unsigned i = 0; i < 2; i++) {
			struct str path = candidate(s, g, i);

			if (path.n)
				buf_printf(&ask, STR_FMT ":" STR_FMT "\n", STR_ARG(s->name),
					STR_ARG(path));
		}
	GIT(s, GIT_READ, buf_str(&ask), "-C", s->dir, "cat-file", "--batch");
	buf_release(&ask);
}

static void fetch_commit(struct git_source *s)
{
	struct str ref = s->version.n ? s->version : STR("HEAD");
	struct str spec = arena_printf(&s->f->arena, "+" STR_FMT ":refs/cilocal/" STR_FMT,
		STR_ARG(ref), STR_ARG(fetch_hash(&s->f->arena, s->ref)));

	s->fetched = true;
	GIT(s, GIT_FETCH, STR_NULL, "-C", s->dir, "fetch", "-q", "--depth=1", "--no-tags",
		"--end-of-options", s->url.p, spec.p);
}

static void look_up_version(struct git_source *s)
{
	GIT(s, GIT_TAGS, STR_NULL, "ls-remote", "--tags", "--refs", "--end-of-options", s->url.p);
}

static bool have_copy(const struct git_source *s)
{
	return fetch_age(s->stamp) >= 0;
}

/* What the copy was fetched as: the version that ~latest meant then. */
static void use_copy(struct git_source *s)
{
	struct str text;

	if (!store_read_file(s->stamp, &s->f->arena, 4096, &text, NULL))
		s->version = str_trim(text);
	read_files(s);
}

static bool is_commit_id(struct str ref, size_t least)
{
	if (ref.n < least || ref.n > 64)
		return false;
	for (size_t i = 0; i < ref.n; i++)
		if (!isxdigit((unsigned char)ref.p[i]))
			return false;
	return true;
}

/* A clone on this machine is there without a network. */
static bool offline(const struct git_source *s)
{
	return s->f->o->offline && !str_starts(s->url, STR("/")) &&
	       !str_starts(s->url, STR("file://"));
}

static bool wants_newest(const struct git_source *s)
{
	return s->f->o->lock && s->f->o->lock->newest;
}

static void after_init(struct git_source *s)
{
	/* A commit never changes: it is here already, or the read says that it is not. */
	if (is_commit_id(s->ref, 40))
		read_files(s);
	else if (offline(s) && have_copy(s))
		use_copy(s);
	else if (offline(s))
		refuse_all(s,
			"project '" STR_FMT "' at '" STR_FMT
			"' was never fetched, and this run is offline",
			STR_ARG(s->project), STR_ARG(s->ref.n ? s->ref : STR("HEAD")));
	else if (s->wants && is_component(s->wants) &&
		 (version_is_partial(s->ref) || wants_newest(s)))
		look_up_version(s);
	else
		fetch_commit(s);
}

/* "<id>\trefs/tags/1.2.3" a line. */
static void after_tags(struct git_source *s, struct str out)
{
	VEC(struct str) tags = {NULL, 0, 0};
	struct str_split lines = str_split(out, '\n');
	struct str line, best;
	bool exact = false;

	while (str_split_next(&lines, &line)) {
		size_t at = str_find(line, STR("refs/tags/"));
		struct str tag = at == STR_NPOS ? STR_NULL : str_from(line, at + 10);

		if (!tag.n)
			continue;
		exact = exact || str_eq(tag, s->ref);
		vec_push(&tags, tag);
	}
	s->newest = arena_str(&s->f->arena, version_pick(STR("~latest"), tags.v, tags.n));
	best = exact ? s->ref : version_pick(s->ref, tags.v, tags.n);
	s->version = arena_str(&s->f->arena, best.n ? best : s->ref);
	vec_release(&tags);
	if (!best.n && str_is(s->ref, "~latest"))
		refuse_all(s,
			"'" STR_FMT "' has no released version that '~latest' could mean: its "
			"tags are no versions like 1.2.3",
			STR_ARG(s->project));
	else
		fetch_commit(s);
}

static bool says(struct str text, const char *what)
{
	return str_find(text, str_c(what)) != STR_NPOS;
}

static bool no_such_ref(struct str text)
{
	return says(text, "couldn't find remote ref") || says(text, "not our ref") ||
	       says(text, "no such remote ref") || says(text, "did not send all necessary");
}

static bool no_such_project(struct str text)
{
	return says(text, "not found") || says(text, "could not be found") ||
	       says(text, "does not appear to be a git repository") ||
	       says(text, "does not exist") || says(text, "denied") ||
	       says(text, "Authentication failed") || says(text, "could not read Username");
}

/* What git died of: its "fatal:" line, else the last one. */
static struct str last_words(struct str text)
{
	struct str_split it = str_split(str_trim(text), '\n');
	struct str line = STR_NULL;

	while (str_split_next(&it, &line))
		if (str_starts(line, STR("fatal: ")))
			return str_from(line, 7);
	return line;
}

static void fetch_failed(struct git_source *s, struct str text)
{
	struct str words = arena_str(&s->f->arena, last_words(text));
	struct str ref = s->ref.n ? s->ref : STR("HEAD");

	if (no_such_ref(text))
		refuse_all(s, "project '" STR_FMT "' has no reference '" STR_FMT "'",
			STR_ARG(s->project), STR_ARG(ref));
	else if (no_such_project(text))
		refuse_all(s, "project '" STR_FMT "' not found or access denied (git: " STR_FMT ")",
			STR_ARG(s->project), STR_ARG(words));
	else if (have_copy(s)) {
		fetch_warn(s->f,
			"project '" STR_FMT "' can't be fetched (" STR_FMT
			"): using the copy that is " STR_FMT,
			STR_ARG(s->project), STR_ARG(words),
			STR_ARG(fetch_age_text(&s->f->arena, fetch_age(s->stamp))));
		use_copy(s);
	} else {
		refuse_all(s, "project '" STR_FMT "' can't be fetched (git: " STR_FMT ")",
			STR_ARG(s->project), STR_ARG(words));
	}
}

static void fetch_everything(struct git_source *s)
{
	GIT(s, GIT_ALL, STR_NULL, "-C", s->dir, "fetch", "-q", "--no-tags", "--depth=2147483647",
		"--end-of-options", s->url.p, "+refs/heads/*:refs/all/heads/*",
		"+refs/tags/*:refs/all/tags/*");
}

static void fetch_again(void *arg)
{
	fetch_commit(arg);
}

static void after_fetch(struct git_source *s, int code, struct str text)
{
	if (code && says(text, ".lock") && s->lock_tries++ < LOCK_TRIES) {
		loop_timer_start(s->f->loop, &s->timer, LOCK_MS, fetch_again, s);
		return;
	}
	/* Servers do not resolve the start of an id; a clone does. */
	if (code && s->phase == GIT_FETCH && no_such_ref(text) && is_commit_id(s->ref, 7)) {
		fetch_everything(s);
		return;
	}
	if (code) {
		fetch_failed(s, text);
		return;
	}
	if (s->phase == GIT_ALL) {
		GIT(s, GIT_SET, STR_NULL, "-C", s->dir, "update-ref", s->name.p, s->ref.p);
		return;
	}
	store_write_file(s->stamp, s->version, NULL);
	read_files(s);
}

/*
 * One answer of cat-file --batch: "<id> <type> <size>\n<bytes>\n", or "... missing\n". False where
 * there is no such file or it is a directory.
 */
static bool next_object(struct str *out, struct str *id, struct str *data)
{
	size_t line = str_chr(*out, '\n'), gap;
	struct str head = str_sub(*out, 0, line);
	uint64_t size;

	*out = line == STR_NPOS ? STR_NULL : str_from(*out, line + 1);
	gap = str_rchr(head, ' ');
	if (gap == STR_NPOS || !parse_u64(str_from(head, gap + 1), &size) || size >= out->n)
		return false;
	*id = str_sub(head, 0, str_chr(head, ' '));
	*data = str_sub(*out, 0, size);
	*out = str_from(*out, size + 1);
	return str_find(head, STR(" tree ")) == STR_NPOS;
}

static struct str version_of(const struct git_source *s)
{
	if (s->locked.n)
		return s->locked;
	return s->version.n ? s->version : s->ref;
}

static void answer(struct git_source *s, struct git_want *g, struct str sha, struct str *out)
{
	struct arena *a = &s->f->arena;
	struct str found = STR_NULL, at = STR_NULL, id, data;
	struct config_resolved as = {.sha = sha, .version = version_of(s), .reference = s->asked};
	bool any = false;

	for (unsigned i = 0; i < 2; i++) {
		struct str path = candidate(s, g, i);

		if (!path.n || !next_object(out, &id, &data) || any)
			continue;
		any = true;
		found = data;
		at = path;
	}
	if (!any) {
		fetch_refuse(s->f, g->want,
			is_component(g)
				? "component '" STR_FMT "' has no file templates/NAME.yml or "
				  "templates/NAME/template.yml at '" STR_FMT "'"
				: "there is no file '" STR_FMT "' in the project at '" STR_FMT "'",
			STR_ARG(g->want->path), STR_ARG(s->asked.n ? s->asked : STR("HEAD")));
		return;
	}
	as.name = arena_printf(a, STR_FMT ":" STR_FMT "%s" STR_FMT, STR_ARG(s->project),
		STR_ARG(at), s->asked.n ? "@" : "", STR_ARG(s->asked));
	fetch_provide(s->f, g->want, found, &as);
}

static void after_read(struct git_source *s, struct str out)
{
	const struct fetch_lock *lock = s->f->o->lock;
	struct str sha, data;
	bool globs = false;

	if (!next_object(&out, &sha, &data)) {
		if (!s->fetched && !offline(s)) {
			s->name = arena_printf(&s->f->arena, "refs/cilocal/" STR_FMT,
				STR_ARG(fetch_hash(&s->f->arena, s->ref)));
			fetch_commit(s);
			return;
		}
		refuse_all(s, "project '" STR_FMT "' has no commit '" STR_FMT "'",
			STR_ARG(s->project), STR_ARG(s->ref));
		return;
	}
	sha = arena_str(&s->f->arena, sha);
	if (lock && lock->source)
		lock->source(
			lock->arg, s->host, s->project, s->asked, version_of(s), sha, s->newest);
	for (struct git_want *g = s->wants; g; g = g->next) {
		globs = globs || is_glob(g);
		if (!is_glob(g))
			answer(s, g, sha, &out);
	}
	if (globs)
		GIT(s, GIT_LIST, STR_NULL, "-C", s->dir, "ls-tree", "-r", "-z", "--name-only",
			s->name.p);
	else
		over(s);
}

static void after_list(struct git_source *s, struct str out)
{
	for (struct git_want *g = s->wants; g; g = g->next) {
		VEC(struct str) paths = {NULL, 0, 0};
		struct str_split it = str_split(out, '\0');
		struct str path;

		if (!is_glob(g))
			continue;
		while (str_split_next(&it, &path))
			if (path.n && loader_glob_match(g->want->path, path))
				vec_push(&paths, path);
		config_provide_glob(s->f->config, g->want, paths.v, paths.n);
		vec_release(&paths);
	}
	over(s);
}

static void step(struct git_source *s, int code, struct str out, struct str text)
{
	switch (s->phase) {
	case GIT_INIT:
		if (code)
			refuse_all(s, "the cache for git can't be made (git: " STR_FMT ")",
				STR_ARG(last_words(text)));
		else
			after_init(s);
		return;
	case GIT_TAGS:
		if (code)
			fetch_failed(s, text);
		else
			after_tags(s, out);
		return;
	case GIT_FETCH:
	case GIT_ALL:
	case GIT_SET:
		after_fetch(s, code, text);
		return;
	case GIT_READ:
		after_read(s, out);
		return;
	case GIT_LIST:
		after_list(s, out);
		return;
	}
}

static void on_done(void *arg, struct error *err, const struct proc_result *r)
{
	struct git_source *s = arg;

	if (err)
		refuse_all(s, "project '" STR_FMT "' can't be fetched: %s", STR_ARG(s->project),
			err->text);
	else
		step(s, r->exit_code, proc_stdout(s->proc), proc_stderr(s->proc));
}

/* Characters that no reference has; some would change what the fetch means. */
static bool is_ref(struct str ref)
{
	for (size_t i = 0; i < ref.n; i++)
		if ((unsigned char)ref.p[i] <= ' ' || strchr(":^?*[\\~", ref.p[i]))
			return false;
	return !ref.n || ref.p[0] != '-';
}

void fetch_git_add(struct fetch *f, struct config_want *w)
{
	struct str host = STR_NULL, project = w->project;
	struct component_address c;
	struct git_want *g, **tail;
	struct git_source *s;

	if (w->kind == WANT_COMPONENT) {
		if (!component_parse(w->path, &c)) {
			fetch_refuse(f, w, "'" STR_FMT "' is no component: it is HOST/PROJECT/NAME",
				STR_ARG(w->path));
			return;
		}
		host = c.host;
		project = c.project;
	}
	if (!is_ref(w->ref) && !str_is(w->ref, "~latest")) {
		fetch_refuse(f, w, "project '" STR_FMT "' can have no reference '" STR_FMT "'",
			STR_ARG(project), STR_ARG(w->ref));
		return;
	}
	for (s = f->sources; s; s = s->next)
		if (str_eq(s->project, project) && str_eq(s->asked, w->ref) &&
			str_eq(s->host, host))
			break;
	if (!s) {
		s = arena_new(&f->arena, struct git_source);
		*s = (struct git_source){.f = f,
			.host = host,
			.project = project,
			.asked = w->ref,
			.ref = w->ref,
			.next = f->sources};
		f->sources = s;
	}
	g = arena_new(&f->arena, struct git_want);
	g->want = w;
	for (tail = &s->wants; *tail; tail = &(*tail)->next)
		;
	*tail = g;
}

/* Two fetches into one repository would meet at its locks: one after the other. */
static bool repository_busy(const struct git_source *s)
{
	for (const struct git_source *o = s->f->sources; o; o = o->next)
		if (o != s && o->busy && o->dir && !strcmp(o->dir, s->dir))
			return true;
	return false;
}

static void begin(struct git_source *s)
{
	s->busy = true;
	GIT(s, GIT_INIT, STR_NULL, "init", "-q", "--bare", s->dir);
}

static void start_next(struct git_source *s)
{
	for (struct git_source *o = s->f->sources; o && s->dir; o = o->next)
		if (o->waiting && !strcmp(o->dir, s->dir)) {
			o->waiting = false;
			begin(o);
			return;
		}
}

static void start(struct git_source *s)
{
	struct fetch *f = s->f;
	struct str why = STR_NULL, key;

	f->pending++;
	if (f->o->lock && f->o->lock->pin &&
		!f->o->lock->pin(f->o->lock->arg, s->host, s->project, s->asked, &s->ref,
			&s->locked, &why)) {
		refuse_all(s, STR_FMT, STR_ARG(why));
		return;
	}
	if (!fetch_project_url(&f->arena, f->o, s->host, s->project, &s->url, &why)) {
		refuse_all(s, STR_FMT, STR_ARG(why));
		return;
	}
	s->url = arena_str(&f->arena, s->url);
	s->ref = arena_str(&f->arena, s->ref);
	s->locked = arena_str(&f->arena, s->locked);
	s->dir = fetch_cache_path(f, "git", s->url, ".git");
	key = arena_printf(&f->arena, STR_FMT " " STR_FMT, STR_ARG(s->url), STR_ARG(s->ref));
	s->stamp = fetch_cache_path(f, "git", key, ".ref");
	if (!s->dir || !s->stamp) {
		refuse_all(s, "there is no place for a cache: neither XDG_CACHE_HOME nor HOME can "
			      "be used");
		return;
	}
	s->version = s->ref;
	s->name = is_commit_id(s->ref, 40) ? s->ref
					   : arena_printf(&f->arena, "refs/cilocal/" STR_FMT,
						     STR_ARG(fetch_hash(&f->arena, s->ref)));
	if (repository_busy(s))
		s->waiting = true;
	else
		begin(s);
}

void fetch_git_start(struct fetch *f)
{
	for (struct git_source *s = f->sources; s; s = s->next)
		start(s);
}
