#include "base/base.h"
#include "emulator/git/snapshot.h"
#include "emulator/git/snapshot_internal.h"

#include <sys/stat.h>

/* When the folder of the path, or what is left of the way to it, was last changed. */
static void changed_at(struct gone_file *g, struct str root)
{
	size_t end = g->path.n;
	struct stat st;

	do {
		while (end && g->path.p[end - 1] != '/')
			end--;
		end -= end > 0;
		CLEANUP(free)
		char *dir = xasprintf(
			STR_FMT "/" STR_FMT, STR_ARG(root), STR_ARG(str_sub(g->path, 0, end)));
		if (!stat(dir, &st)) {
			g->mtime_s = st.st_mtim.tv_sec;
			g->mtime_ns = (uint32_t)st.st_mtim.tv_nsec;
			return;
		}
	} while (end);
}

void snapshot_add_gone(struct snapshot *s, struct str root, struct str list)
{
	struct str_split paths = str_split(list, '\0');
	struct str path;

	while (str_split_next(&paths, &path)) {
		struct gone_file g = {0};

		if (!path.n)
			continue;
		g.path = arena_str(&s->arena, path);
		changed_at(&g, root);
		vec_push_in(&s->arena, &s->gone, g);
	}
}
