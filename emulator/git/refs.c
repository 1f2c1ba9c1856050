#include "base/base.h"
#include "emulator/git/repo.h"
#include "emulator/git/git_internal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SMALL_MAX ((size_t)64 * 1024 * 1024)

bool git_read_small(struct arena *a, const char *path, struct str *out)
{
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	size_t at = 0;
	char *p;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || (size_t)st.st_size > SMALL_MAX)
		return false;
	p = arena_alloc(a, (size_t)st.st_size + 1);
	while (at < (size_t)st.st_size) {
		ssize_t n = read(fd, p + at, (size_t)st.st_size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	p[at] = '\0';
	*out = str_n(p, at);
	return true;
}

bool git_is_reftable(const struct repo *r)
{
	CLEANUP(free) char *path = xasprintf("%s/reftable", r->common_dir.p);
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static bool is_id(struct str s)
{
	size_t i;

	if (s.n != 40 && s.n != 64)
		return false;
	for (i = 0; i < s.n; i++)
		if (!isxdigit((unsigned char)s.p[i]))
			return false;
	return true;
}

/* "ID NAME" lines; "^ID" lines are peeled tags, '#' starts a comment. */
static struct str packed(const struct repo *r, struct arena *a, struct str name)
{
	CLEANUP(free) char *path = xasprintf("%s/packed-refs", r->common_dir.p);
	struct str file, line;
	struct str_split it;

	if (!git_read_small(a, path, &file))
		return STR_NULL;
	it = str_split(file, '\n');
	while (str_split_next(&it, &line)) {
		size_t sp = str_chr(line, ' ');

		if (sp != STR_NPOS && str_eq(str_from(line, sp + 1), name))
			return arena_str(a, str_sub(line, 0, sp));
	}
	return STR_NULL;
}

static struct str ask_git(const struct repo *r, struct arena *a, const char *const *args)
{
	struct buf out = BUF_INIT;
	struct str id = STR_NULL;

	if (!repo_git(r, &out, NULL, args))
		id = arena_str(a, str_trim(buf_str(&out)));
	buf_release(&out);
	return id;
}

struct str git_symref(const struct repo *r, struct arena *a, const char *name)
{
	CLEANUP(free) char *path = xasprintf("%s/%s", r->common_dir.p, name);
	struct str text;

	if (git_is_reftable(r)) {
		const char *args[] = {"symbolic-ref", "-q", name, NULL};

		return ask_git(r, a, args);
	}
	if (!git_read_small(a, path, &text) || !str_starts(text, STR("ref:")))
		return STR_NULL;
	return arena_str(a, str_trim(str_from(text, 4)));
}

struct str git_ref(const struct repo *r, struct arena *a, const char *name)
{
	struct str at = str_c(name);
	int depth;

	if (git_is_reftable(r)) {
		const char *args[] = {"rev-parse", "-q", "--verify", name, NULL};

		return ask_git(r, a, args);
	}
	for (depth = 0; depth < 6; depth++) {
		CLEANUP(free) char *path = xasprintf("%s/" STR_FMT, r->common_dir.p, STR_ARG(at));
		struct str text;

		if (!git_read_small(a, path, &text))
			return packed(r, a, at);
		if (!str_starts(text, STR("ref:"))) {
			text = str_trim(text);
			return is_id(text) ? text : STR_NULL;
		}
		at = str_trim(str_from(text, 4));
	}
	return STR_NULL;
}
