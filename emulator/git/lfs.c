#include "base/base.h"
#include "emulator/git/lfs.h"
#include "base/arena.h"
#include "emulator/git/git_internal.h"
#include "emulator/git/repo.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pointer is shorter (Git LFS, docs/spec.md: "less than 1024 bytes"). */
#define POINTER_MAX 1024
#define OID_SIZE    64

/* The text behind a key at the begin of a line. */
static struct str value_of(struct str text, const char *key)
{
	struct str_split it = str_split(text, '\n');
	struct str line, k = str_c(key);

	while (str_split_next(&it, &line))
		if (str_starts(line, k))
			return str_from(line, k.n);
	return STR_NULL;
}

static bool is_oid(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return s.n == OID_SIZE;
}

bool lfs_used(const struct repo *r, struct str files)
{
	CLEANUP(free) char *objects = xasprintf(STR_FMT "/lfs/objects", STR_ARG(r->common_dir));
	CLEANUP(free) char *attributes = xasprintf(STR_FMT "/.gitattributes", STR_ARG(files));
	struct arena a = ARENA_INIT;
	struct str text;
	bool used;

	if (!access(objects, F_OK))
		return true;
	used = git_read_small(&a, attributes, &text) &&
	       str_find(text, STR("filter=lfs")) != STR_NPOS;
	arena_release(&a);
	return used;
}

enum lfs_kind lfs_object(const struct repo *r, struct arena *a, const char *path, struct stat *st,
	const char **object)
{
	char text[POINTER_MAX];
	CLEANUP(close) int fd = -1;
	struct stat content;
	struct str oid, size;
	uint64_t bytes;
	const char *at;
	ssize_t n;

	if (!S_ISREG(st->st_mode) || st->st_size >= POINTER_MAX || st->st_size < OID_SIZE)
		return LFS_NONE;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (n < 0 || !str_starts(str_n(text, (size_t)n), STR("version https://git-lfs.")))
		return LFS_NONE;
	oid = value_of(str_n(text, (size_t)n), "oid sha256:");
	size = value_of(str_n(text, (size_t)n), "size ");
	if (!is_oid(oid) || !parse_u64(size, &bytes))
		return LFS_NONE;
	at = arena_printf(a, STR_FMT "/lfs/objects/%.2s/%.2s/" STR_FMT, STR_ARG(r->common_dir),
		oid.p, oid.p + 2, STR_ARG(oid))
		     .p;
	if (stat(at, &content) || !S_ISREG(content.st_mode) || (uint64_t)content.st_size != bytes)
		return LFS_MISSING;
	content.st_mode = st->st_mode;
	*st = content;
	*object = at;
	return LFS_HERE;
}
