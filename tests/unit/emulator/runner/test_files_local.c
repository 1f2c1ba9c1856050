#include "base/base.h"
#include "base/arena.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/runner/files_local.h"
#include "emulator/runner/select.h"
#include "emulator/store/archive.h"
#include "emulator/store/store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* Files of a folder that belongs to a container: $dir/volume/p, with $dir/secret beside it. */
static char dir[] = "/tmp/cilocal-files-XXXXXX";

struct done {
	bool came;
	struct error error;
};

static void on_done(void *arg, const struct error *err)
{
	struct done *d = arg;

	d->came = true;
	if (err)
		d->error = *err;
}

static int setup(void **state)
{
	UNUSED(state);
	if (!mkdtemp(dir) || chdir(dir) || mkdir("volume", 0755) || mkdir("volume/p", 0755) ||
		mkdir("secret", 0755))
		return -1;
	return store_write_file("secret/f", STR("secret"), NULL);
}

static int teardown(void **state)
{
	UNUSED(state);
	return store_remove_tree(dir, NULL);
}

/* So many descriptors and no more; 0: as many as there are. */
static unsigned spare;
/* Not below a folder, but as the shell executor does. */
static bool plainly;

static struct rlimit few_descriptors(void)
{
	struct rlimit old, few;
	int taken[8];

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	for (unsigned i = 0; i < spare; i++) {
		taken[i] = dup(STDERR_FILENO);
		few.rlim_cur = (rlim_t)taken[i] + 1;
	}
	for (unsigned i = 0; i < spare; i++)
		close(taken[i]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	return old;
}

/* Packs what the patterns take into $dir/out.tar; their number is in *taken. */
static struct error get(const char *const *patterns, size_t *taken)
{
	struct error err = ERROR_INIT;
	struct arena a = ARENA_INIT;
	struct loop *l = loop_new(&err);
	struct files_below at = {open("volume", O_RDONLY | O_DIRECTORY), STR("p")};
	struct done d = {.error = ERROR_INIT};
	struct selection s;
	struct rlimit before;
	int out = open("out.tar", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	selection_init(&s, &a, STR("/builds/p"));
	for (; *patterns; patterns++)
		selection_add(&s, str_c(*patterns));
	before = few_descriptors();
	if (plainly)
		files_local_get(l, STR("volume/p"), &s, out, on_done, &d);
	else
		files_local_get_below(l, &at, &s, out, on_done, &d);
	loop_run(l);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(d.came);
	*taken = s.entries;
	close(out);
	close(at.fd);
	arena_release(&a);
	assert_int_equal(loop_free(l, &err), 0);
	return d.error;
}

static void test_links_are_not_followed(void **state)
{
	static const char *const plain[] = {"*", "sub/own", NULL};
	static const char *const named[] = {"sub/own", "away/f", NULL};
	static const char *const all_of[] = {"away/*", NULL};
	size_t taken;
	struct error err;

	UNUSED(state);
	assert_int_equal(mkdir("volume/p/sub", 0755), 0);
	assert_int_equal(store_write_file("volume/p/sub/own", STR("own"), NULL), 0);
	assert_int_equal(symlink("../../secret", "volume/p/away"), 0);
	err = get(plain, &taken);
	assert_false(error_is(&err));
	assert_int_equal(taken, 3); /* the link itself, the folder, what is in it */
	err = get(named, &taken);
	assert_int_equal(err.code, FILES_LINK);
	assert_int_equal(taken, 0);
	err = get(all_of, &taken);
	assert_int_equal(err.code, FILES_LINK);
	assert_int_equal(taken, 0);
	assert_int_equal(rename("volume/p", "volume/real"), 0);
	assert_int_equal(symlink("../secret", "volume/p"), 0);
	err = get(plain, &taken);
	assert_int_equal(err.code, FILES_LINK);
	assert_int_equal(taken, 0);
	assert_int_equal(unlink("volume/p"), 0);
	assert_int_equal(rename("volume/real", "volume/p"), 0);
}

static void entry(void *arg, const struct archive_item *i)
{
	buf_printf(arg, STR_FMT " ", STR_ARG(i->path));
}

/* Folders above what is taken are there for whoever unpacks; a gone folder is nothing. */
static void test_folders_above(void **state)
{
	static const char *const deep[] = {"a/b/*.txt", NULL};
	struct error err = ERROR_INIT;
	struct buf names = BUF_INIT;
	size_t taken;

	UNUSED(state);
	assert_int_equal(store_make_dirs("volume/p/a/b", &err), 0);
	assert_int_equal(store_write_file("volume/p/a/b/x.txt", STR("x"), &err), 0);
	err = get(deep, &taken);
	assert_false(error_is(&err));
	assert_int_equal(taken, 1);
	assert_int_equal(archive_tar_list("out.tar", entry, &names, &err), 0);
	assert_string_equal(names.p, "a/ a/b/ a/b/x.txt ");
	buf_release(&names);
	assert_int_equal(rename("volume/p", "volume/q"), 0);
	err = get(deep, &taken);
	assert_false(error_is(&err));
	assert_int_equal(taken, 0);
	assert_int_equal(rename("volume/q", "volume/p"), 0);
}

/* A deep tree takes no descriptor a folder; where there is none to be had, that is an error. */
static void test_few_descriptors(void **state)
{
	static const char *const all[] = {"deep", NULL};
	struct buf path = BUF_INIT;
	struct error err = ERROR_INIT;
	size_t taken;

	UNUSED(state);
	buf_adds(&path, "volume/p/deep");
	for (int i = 0; i < 50; i++)
		buf_adds(&path, "/d");
	assert_int_equal(store_make_dirs(path.p, &err), 0);
	buf_adds(&path, "/f");
	assert_int_equal(store_write_file(path.p, STR("f"), &err), 0);
	buf_release(&path);
	spare = 4;
	err = get(all, &taken);
	assert_false(error_is(&err));
	assert_int_equal(taken, 52);
	for (spare = 1; spare <= 2; spare++) {
		err = get(all, &taken);
		assert_int_equal(err.domain, ERR_SYS);
		assert_int_equal(err.code, spare == 1 ? FILES_LINK : EMFILE);
	}
	plainly = true;
	for (spare = 1; spare <= 2; spare++) {
		err = get(all, &taken);
		assert_int_equal(err.code, EMFILE);
	}
	plainly = false;
	spare = 0;
	assert_int_equal(store_remove_tree("volume/p/deep", &err), 0);
}

static struct error put(const char *archive)
{
	struct error err = ERROR_INIT;
	struct loop *l = loop_new(&err);
	struct files_below at = {open("volume", O_RDONLY | O_DIRECTORY), STR("p")};
	struct done d = {.error = ERROR_INIT};

	files_local_put_below(l, &at, str_c(archive), on_done, &d);
	loop_run(l);
	assert_true(d.came);
	close(at.fd);
	assert_int_equal(loop_free(l, &err), 0);
	return d.error;
}

static int to_buf(void *arg, const void *p, size_t n, struct error *err)
{
	UNUSED(err);
	buf_add(arg, p, n);
	return 0;
}

static void make(const char *path, const struct archive_item *items, size_t n)
{
	struct buf tar = BUF_INIT;
	struct archive_writer *w = archive_writer_new(ARCHIVE_TAR, to_buf, &tar);
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(archive_writer_add(w, &items[i], &err), 0);
	assert_int_equal(archive_writer_close(w, &err), 0);
	archive_writer_free(w);
	assert_int_equal(store_write_file(path, buf_str(&tar), &err), 0);
	buf_release(&tar);
}

/* Exactly what the archive says, and where a link stands in the way, nothing behind it. */
static void test_put(void **state)
{
	static const struct archive_item items[] = {
		{.kind = ARCHIVE_DIR, .path = STR_INIT("n"), .mode = 0777, .mtime_s = 1600000000},
		{.kind = ARCHIVE_FILE,
			.path = STR_INIT("n/f"),
			.mode = 04711,
			.data = STR_INIT("text"),
			.mtime_s = 1500000000},
	};
	static const struct archive_item through = {.kind = ARCHIVE_FILE,
		.path = STR_INIT("away/new"),
		.mode = 0666,
		.data = STR_INIT("x")};
	struct error err;
	struct stat st;

	UNUSED(state);
	if (geteuid() != 0)
		skip(); /* owners are root's to set */
	umask(077);
	make("put.tar", items, ARRAY_SIZE(items));
	err = put("put.tar");
	assert_string_equal(err.text, "");
	assert_int_equal(stat("volume/p/n", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0777);
	assert_int_equal(st.st_mtim.tv_sec, 1600000000);
	assert_int_equal(stat("volume/p/n/f", &st), 0);
	assert_int_equal(st.st_mode & 07777, 04711);
	assert_int_equal(st.st_mtim.tv_sec, 1500000000);
	make("put.tar", &through, 1);
	err = put("put.tar");
	assert_non_null(strstr(err.text, "goes through 'away'"));
	assert_int_not_equal(stat("secret/new", &st), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links_are_not_followed),
		cmocka_unit_test(test_folders_above),
		cmocka_unit_test(test_few_descriptors),
		cmocka_unit_test(test_put),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
