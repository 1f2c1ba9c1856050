#include "base/base.h"
#include "emulator/store/store.h"
#include "emulator/core/error.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

/* A job's copy of the sources, where it was kept, is not what it left for others. */
static bool left_out(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, "builds");
}

static int link_entry(const char *from, const char *to, struct error *err)
{
	struct stat st;

	if (lstat(from, &st))
		return error_sys(err, errno, "cannot read '%s'", from);
	if (S_ISDIR(st.st_mode))
		return store_link_tree(from, to, err);
	return link(from, to) ? error_sys(err, errno, "cannot take over '%s'", from) : 0;
}

int store_link_tree(const char *from, const char *to, struct error *err)
{
	struct dirent *e;
	DIR *d = opendir(from);
	int rc = 0;

	if (!d)
		return error_sys(err, errno, "cannot read '%s'", from);
	if (store_make_dirs(to, err))
		rc = -1;
	while (!rc && (e = readdir(d))) {
		CLEANUP(free) char *a = xasprintf("%s/%s", from, e->d_name);
		CLEANUP(free) char *b = xasprintf("%s/%s", to, e->d_name);

		if (!left_out(e->d_name))
			rc = link_entry(a, b, err);
	}
	closedir(d);
	return rc;
}
