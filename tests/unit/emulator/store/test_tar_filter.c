#include "base/base.h"
#include "emulator/store/tar_filter.h"
#include "base/arena.h"
#include "base/buf.h"
#include "emulator/core/error.h"

#include <setjmp.h>
#include <cmocka.h>

static struct arena a;

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

	for (size_t i = 0; i < n; i++)
		assert_int_equal(archive_writer_add(w, &items[i], &err), 0);
	assert_int_equal(archive_writer_close(w, &err), 0);
	archive_writer_free(w);
}

/* Keeps what does not begin with "no", below "new/"; writes down what it saw. */
struct seen {
	struct buf text, name;
};

static bool keep(void *arg, struct tar_item *item)
{
	struct seen *s = arg;

	buf_printf(&s->text, "%d:" STR_FMT ":" STR_FMT ":%" PRIu64 ":%o ", (int)item->kind,
		STR_ARG(item->path), STR_ARG(item->target), item->size, item->mode);
	buf_clear(&s->name);
	buf_printf(&s->name, "new/" STR_FMT, STR_ARG(item->path));
	if (str_starts(item->path, STR("no")))
		return false;
	item->path = buf_str(&s->name);
	return true;
}

static int filter(
	const struct buf *in, size_t piece, struct buf *out, struct seen *s, struct error *err)
{
	struct tar_filter *f = tar_filter_new(keep, s, to_buf, out);
	int r = 0;

	for (size_t i = 0; i < in->n && !r; i += piece)
		r = tar_filter_push(f, in->p + i, MIN(piece, in->n - i), err);
	if (!r)
		r = tar_filter_end(f, err);
	if (!r)
		r = tar_filter_trailer(to_buf, out, err);
	tar_filter_free(f);
	return r;
}

static void release(struct buf *in, struct buf *out, struct seen *s)
{
	buf_release(in);
	buf_release(out);
	buf_release(&s->text);
	buf_release(&s->name);
}

static const char *const long_name =
	"dir/"
	"a-name-that-is-longer-than-the-hundred-bytes-that-a-header-of-the-old-kind-holds-and-a-"
	"good-deal-more-so-that-it-needs-a-record";

/* What comes out is read again, by this reader and by the size of pieces. */
static void test_pieces(void **state)
{
	static const size_t pieces[] = {1, 7, 511, 512, 513, 100000};
	char big[3000];
	struct archive_item items[] = {
		{.kind = ARCHIVE_DIR, .path = STR("dir"), .mode = 0755},
		{.kind = ARCHIVE_FILE,
			.path = str_c(long_name),
			.mode = 0640,
			.data = STR("long"),
			.size = 4},
		{.kind = ARCHIVE_FILE,
			.path = STR("no-thanks"),
			.mode = 0600,
			.data = str_n(big, sizeof(big)),
			.size = sizeof(big)},
		{.kind = ARCHIVE_FILE, .path = STR("empty"), .mode = 0600, .data = STR("")},
		{.kind = ARCHIVE_FILE,
			.path = STR("x"),
			.mode = 0755,
			.data = str_n(big, sizeof(big)),
			.size = sizeof(big)},
		{.kind = ARCHIVE_LINK, .path = STR("link"), .mode = 0777, .data = STR("dir/../x")},
	};

	UNUSED(state);
	memset(big, 'b', sizeof(big));
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct buf in = BUF_INIT, out = BUF_INIT, again = BUF_INIT;
		struct seen s = {BUF_INIT, BUF_INIT}, t = {BUF_INIT, BUF_INIT};
		struct error err = ERROR_INIT;

		make(&in, items, ARRAY_SIZE(items));
		assert_int_equal(filter(&in, pieces[i], &out, &s, &err), 0);
		assert_int_equal(out.n % 512, 0);
		assert_non_null(strstr(s.text.p, long_name));
		assert_int_equal(filter(&out, pieces[i], &again, &t, &err), 0);
		assert_string_equal(
			t.text.p, arena_printf(&a,
					  "0:new/dir::0:755 1:new/%s::4:640 1:new/empty::0:600 "
					  "1:new/x::3000:755 2:new/link:dir/../x:0:777 ",
					  long_name)
					  .p);
		release(&in, &out, &s);
		release(&again, &out, &t);
	}
}

static void test_damage(void **state)
{
	struct archive_item item = {.kind = ARCHIVE_FILE,
		.path = STR("x"),
		.mode = 0644,
		.data = STR("abc"),
		.size = 3};
	struct buf in = BUF_INIT, out = BUF_INIT;
	struct seen s = {BUF_INIT, BUF_INIT};
	struct error err = ERROR_INIT;

	UNUSED(state);
	make(&in, &item, 1);
	in.n = 514;
	assert_int_equal(filter(&in, 100, &out, &s, &err), -1);
	assert_string_equal(err.text, "archive is damaged: it ends early");
	in.n = 1024;
	in.p[3] ^= 1;
	err = ERROR_INIT;
	assert_int_equal(filter(&in, 100, &out, &s, &err), -1);
	assert_string_equal(err.text, "archive is damaged: a header's sum is wrong");
	release(&in, &out, &s);
}

/* Nothing but errors or an end may come of any bytes. */
static void test_noise(void **state)
{
	struct archive_item item = {.kind = ARCHIVE_FILE,
		.path = str_c(long_name),
		.mode = 0644,
		.data = STR("abc"),
		.size = 3};
	struct buf in = BUF_INIT;

	UNUSED(state);
	make(&in, &item, 1);
	for (size_t i = 0; i < 2048; i++) {
		struct buf out = BUF_INIT, copy = BUF_INIT;
		struct seen s = {BUF_INIT, BUF_INIT};
		struct error err = ERROR_INIT;

		buf_add(&copy, in.p, in.n);
		copy.p[i % copy.n] = (char)(i * 37);
		filter(&copy, 600, &out, &s, &err);
		release(&copy, &out, &s);
	}
	buf_release(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_noise),
	};
	int r;

	arena_init(&a);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	arena_release(&a);
	return r;
}
