#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

/* Runs the harness over every file below the paths given, as a test without libFuzzer. */

static size_t replayed;

static void replay_file(const char *path)
{
	struct buf b = BUF_INIT;
	FILE *f = fopen(path, "rb");
	char chunk[8192];
	uint8_t *exact;
	size_t n;

	if (!f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)))
		buf_add(&b, chunk, n);
	fclose(f);
	/* A copy without a NUL behind it, so that reading past the end is seen. */
	exact = xmalloc(b.n);
	if (b.n)
		memcpy(exact, b.p, b.n);
	LLVMFuzzerTestOneInput(exact, b.n);
	free(exact);
	buf_release(&b);
	replayed++;
}

static void replay(const char *path)
{
	struct stat st;
	const struct dirent *e;
	DIR *dir;

	if (stat(path, &st))
		return;
	if (!S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		CLEANUP(free) char *sub = xasprintf("%s/%s", path, e->d_name);

		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			replay(sub);
	}
	if (dir)
		closedir(dir);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%zu inputs\n", replayed);
	return replayed ? 0 : 1;
}
