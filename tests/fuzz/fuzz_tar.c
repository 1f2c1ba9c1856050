#include "fuzz.h"

#include "base/buf.h"
#include "emulator/core/error.h"
#include "emulator/store/tar_filter.h"

struct output {
	struct buf bytes;
	size_t kept;
};

static int to_buf(void *arg, const void *p, size_t n, struct error *err)
{
	struct output *o = arg;

	UNUSED(err);
	buf_add(&o->bytes, p, n);
	return 0;
}

static bool keep(void *arg, struct tar_item *item)
{
	struct output *o = arg;

	if (item->kind == TAR_OTHER || item->path.n % 3 == 2)
		return false;
	o->kept++;
	return true;
}

static bool keep_all(void *arg, struct tar_item *item)
{
	struct output *o = arg;

	PROPERTY(item->kind != TAR_OTHER, "a kind that was never written");
	o->kept++;
	return true;
}

static int filter(struct str in, size_t piece, tar_keep_fn *fn, struct output *out)
{
	struct tar_filter *f = tar_filter_new(fn, out, to_buf, out);
	struct error err = ERROR_INIT;
	int r = 0;

	for (size_t i = 0; i < in.n && !r; i += piece)
		r = tar_filter_push(f, in.p + i, MIN(piece, in.n - i), &err);
	if (!r)
		r = tar_filter_end(f, &err);
	PROPERTY(!r == !error_is(&err), "an error without words, or words without an error");
	tar_filter_free(f);
	return r;
}

/* The cut of the input changes nothing, and what is written can be read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_n((const char *)data, size);
	struct output a = {BUF_INIT, 0}, b = {BUF_INIT, 0}, c = {BUF_INIT, 0};
	int r = filter(in, 1 + size, keep, &a);

	PROPERTY(filter(in, 1 + size % 700, keep, &b) == r, "pieces change the end");
	PROPERTY(str_eq(buf_str(&a.bytes), buf_str(&b.bytes)), "pieces change the output");
	if (!r) {
		PROPERTY(!filter(buf_str(&a.bytes), 4096, keep_all, &c), "the output is damaged");
		PROPERTY(c.kept == a.kept, "%zu entries became %zu", a.kept, c.kept);
	}
	buf_release(&a.bytes);
	buf_release(&b.bytes);
	buf_release(&c.bytes);
	return 0;
}
