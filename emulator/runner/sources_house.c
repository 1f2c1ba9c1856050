#include "base/base.h"
#include "emulator/runner/sources_house.h"
#include "emulator/store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

const char *house_inside(const char *top, const char *dir)
{
	size_t n = strlen(top);

	return !strncmp(dir, top, n) && dir[n] == '/' && dir[n + 1] ? dir + n + 1 : NULL;
}

int house_make(const char *dir, mode_t *mode, struct error *err)
{
	CLEANUP(free) char *tmp = xasprintf("%s.tmp", dir);
	CLEANUP(free) char *above = xstrdup(dir);
	char *slash = strrchr(above, '/');
	struct stat st;

	if (slash && slash > above)
		*slash = '\0';
	if (store_make_dirs(above, err) || store_make_dirs(tmp, err))
		return -1;
	if (mode)
		*mode = stat(tmp, &st) ? 0 : st.st_mode;
	return 0;
}

/* NULL also where it has another mode. */
static DIR *open_folder(const char *path, mode_t mode)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	DIR *d = NULL;

	if (fd >= 0 && !fstat(fd, &st) && st.st_mode == mode)
		d = fdopendir(fd);
	if (!d && fd >= 0)
		close(fd);
	return d;
}

static bool next_name(DIR *d, const char **name)
{
	struct dirent *e;

	do
		e = readdir(d);
	while (e && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")));
	*name = e ? e->d_name : NULL;
	return e != NULL;
}

static bool is_name(const char *name, struct str want, const char *tail)
{
	return !strncmp(name, want.p, want.n) && !strcmp(name + want.n, tail);
}

/* tmp: <name>.tmp may stand there too. */
static bool holds_only(const char *path, struct str name, bool tmp, mode_t mode)
{
	DIR *d = open_folder(path, mode);
	const char *found;
	bool ok = d != NULL;

	while (ok && next_name(d, &found))
		ok = is_name(found, name, "") || (tmp && is_name(found, name, ".tmp"));
	if (d)
		closedir(d);
	return ok;
}

static bool empty(const char *path, mode_t mode)
{
	DIR *d = open_folder(path, mode);
	const char *found;
	bool ok = d != NULL;

	while (ok && next_name(d, &found)) {
		CLEANUP(free) char *all = xasprintf("%s/%s", path, found);

		ok = !store_remove_tree(all, NULL);
	}
	if (d)
		closedir(d);
	return ok;
}

bool house_tidy(const char *top, const char *dir, mode_t mode)
{
	CLEANUP(free) char *tmp = xasprintf("%s.tmp", dir);
	CLEANUP(free) char *path = xstrdup(dir);
	const char *inside = house_inside(top, dir);
	char *end = path + strlen(path);
	bool last = true;

	if (!inside || !empty(tmp, mode))
		return false;
	while ((size_t)(end - path) > strlen(top)) {
		char *slash = strrchr(path, '/');
		struct str name = str_n(dir + (slash + 1 - path), (size_t)(end - slash - 1));

		*slash = '\0';
		if (!holds_only(path, name, last, mode))
			return false;
		last = false;
		end = slash;
	}
	return true;
}
