#include "base/base.h"
#include "emulator/store/archive.h"
#include "emulator/store/store.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"

#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../temp_dir.h"

static int to_buf(void *arg, const void *p, size_t n, struct error *err)
{
	UNUSED(err);
	buf_add(arg, p, n);
	return 0;
}

static void make(struct buf *out, const struct archive_item *items, size_t n)
{
	struct archive_writer *w = archive_writer_new(ARCHIVE_TAR, to_buf, out);
	struct error err = ERROR_INIT;
	size_t i;

	for (i = 0; i < n; i++)
		assert_int_equal(archive_writer_add(w, &items[i], &err), 0);
	assert_int_equal(archive_writer_close(w, &err), 0);
	archive_writer_free(w);
}

static int unpack(const struct buf *tar, size_t piece, const char *target, struct error *err)
{
	struct tar_reader *r;
	size_t i;
	int ret = 0;

	assert_int_equal(store_make_dirs(target, err), 0);
	r = tar_reader_new(target);
	for (i = 0; i < tar->n && !ret; i += piece)
		ret = tar_reader_push(r, tar->p + i, MIN(piece, tar->n - i), err);
	if (!ret)
		ret = tar_reader_end(r, err);
	tar_reader_free(r);
	return ret;
}

static void test_round_trip(void **state)
{
	struct arena a = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct str long_name = arena_printf(&a, "d/%0200d/\xff name", 7);
	struct archive_item items[] = {
		{.kind = ARCHIVE_DIR, .path = STR("d"), .mode = 0777, .mtime_s = 1700000000},
		{.kind = ARCHIVE_FILE,
			.path = STR("d/run.sh"),
			.mode = 0777,
			.data = STR("echo\n"),
			.mtime_s = 1700000000,
			.mtime_ns = 5000},
		{.kind = ARCHIVE_FILE, .path = STR("empty"), .mode = 0666, .data = STR("")},
		{.kind = ARCHIVE_LINK,
			.path = STR("d/link"),
			.mode = 0777,
			.data = STR("../empty")},
		{.kind = ARCHIVE_FILE, .path = long_name, .mode = 0666, .data = STR("long")},
	};
	size_t pieces[] = {1, 511, 512, 4096, 1000000}, i;
	struct buf tar = BUF_INIT;

	UNUSED(state);
	make(&tar, items, ARRAY_SIZE(items));
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		const char *to = arena_printf(&a, "%s/rt%zu", dir, i).p;
		struct stat st;
		struct str text;
		char link[32] = "";

		assert_int_equal(unpack(&tar, pieces[i], to, &err), 0);
		assert_int_equal(stat(arena_printf(&a, "%s/d/run.sh", to).p, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0777);
		assert_int_equal(st.st_mtim.tv_sec, 1700000000);
		assert_true(readlink(arena_printf(&a, "%s/d/link", to).p, link, 31) > 0);
		assert_string_equal(link, "../empty");
		assert_int_equal(
			store_read_file(arena_printf(&a, "%s/" STR_FMT, to, STR_ARG(long_name)).p,
				&a, 10, &text, &err),
			0);
		assert_string_equal(text.p, "long");
	}
	buf_truncate(&tar, tar.n / 2);
	assert_int_equal(unpack(&tar, 700, arena_printf(&a, "%s/cut", dir).p, &err), -1);
	assert_non_null(strstr(err.text, "archive is damaged"));
	buf_release(&tar);
	arena_release(&a);
}

static void refused(const struct archive_item *items, size_t n, const char *words)
{
	struct arena a = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct buf tar = BUF_INIT;
	static int counter;
	struct stat st;

	make(&tar, items, n);
	assert_int_equal(
		unpack(&tar, 512, arena_printf(&a, "%s/evil/%d", dir, counter++).p, &err), -1);
	assert_non_null(strstr(err.text, words));
	assert_int_not_equal(stat(arena_printf(&a, "%s/evil/out", dir).p, &st), 0);
	buf_release(&tar);
	arena_release(&a);
}

static void test_nothing_lands_outside(void **state)
{
	struct archive_item up = {
		.kind = ARCHIVE_FILE, .path = STR("../out"), .mode = 0666, .data = STR("x")};
	struct archive_item deep = {
		.kind = ARCHIVE_FILE, .path = STR("a/../../out"), .mode = 0666, .data = STR("x")};
	struct archive_item through[] = {
		{.kind = ARCHIVE_LINK, .path = STR("l"), .mode = 0777, .data = STR("..")},
		{.kind = ARCHIVE_FILE, .path = STR("l/out"), .mode = 0666, .data = STR("x")},
	};
	struct archive_item absolute = {
		.kind = ARCHIVE_FILE, .path = STR("/tmp/out"), .mode = 0666, .data = STR("x")};

	UNUSED(state);
	refused(&up, 1, "would land outside");
	refused(&deep, 1, "would land outside");
	refused(&absolute, 1, "would land outside");
	refused(through, 2, "goes through 'l'");
}

/* A stream of many items, some large, pulled through a small window. */

struct pull {
	struct loop *loop;
	struct tar_stream *t;
	struct buf all;
	const char *big;
	int i, n;
	bool released, ended;
	size_t most;
};

static bool next(void *arg, struct archive_item *item)
{
	struct pull *p = arg;

	if (p->i++ >= p->n)
		return false;
	*item = (struct archive_item){.kind = ARCHIVE_FILE, .mode = 0666};
	if (p->i % 100 == 50) {
		item->path = STR("big");
		item->source = str_c(p->big);
		item->size = 5 * 1024 * 1024;
	} else {
		item->path = p->i % 2 ? STR("odd") : STR("even");
		item->data = p->i % 2 ? STR("1") : STR("2");
	}
	return true;
}

static void released(void *arg)
{
	((struct pull *)arg)->released = true;
}

static void wake(void *arg)
{
	struct pull *p = arg;
	char part[60000];
	long n;

	while ((n = tar_stream_read(p->t, part, sizeof(part))) > 0)
		buf_add(&p->all, part, (size_t)n);
	if (n == 0)
		return;
	assert_int_equal(n, -1);
	p->ended = true;
	tar_stream_free(p->t);
}

static void test_stream(void **state)
{
	struct arena a = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct pull p = {.n = 1000, .all = BUF_INIT};
	struct tar_stream_source source = {next, released, &p};
	struct stat st;

	UNUSED(state);
	p.big = arena_printf(&a, "%s/bigfile", dir).p;
	assert_int_equal(store_write_file(p.big, STR("start"), &err), 0);
	p.loop = loop_new(&err);
	p.t = tar_stream_new(p.loop, &source, wake, &p);
	wake(&p);
	loop_run(p.loop);
	assert_true(p.ended);
	assert_true(p.released);
	assert_int_equal(loop_free(p.loop, &err), 0);
	/* the file is shorter than was announced: padded, and the archive is whole */
	assert_int_equal(unpack(&p.all, 65536, arena_printf(&a, "%s/stream", dir).p, &err), 0);
	assert_int_equal(stat(arena_printf(&a, "%s/stream/big", dir).p, &st), 0);
	assert_int_equal(st.st_size, 5 * 1024 * 1024);
	buf_release(&p.all);
	arena_release(&a);
}

static void test_stream_dropped(void **state)
{
	struct error err = ERROR_INIT;
	struct pull p = {.n = 100000, .big = "/dev/zero"};
	struct tar_stream_source source = {next, released, &p};

	UNUSED(state);
	p.loop = loop_new(&err);
	p.t = tar_stream_new(p.loop, &source, wake, &p);
	tar_stream_free(p.t);
	loop_run(p.loop);
	assert_true(p.released);
	assert_int_equal(loop_free(p.loop, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_nothing_lands_outside),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_dropped),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
