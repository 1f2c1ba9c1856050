#include "base/base.h"
#include "emulator/store/tar_filter.h"
#include "base/buf.h"
#include "emulator/core/error.h"

#define BLOCK 512
/* Long names and pax records; nobody has paths longer than that. */
#define META_MAX  (1024 * 1024)
#define OCTAL_MAX 077777777777 /* what eleven octal digits hold */

/* Offsets in a header block (POSIX.1-2017, pax, "ustar Interchange Format"). */
enum {
	AT_NAME = 0,
	AT_MODE = 100,
	AT_UID = 108,
	AT_GID = 116,
	AT_SIZE = 124,
	AT_MTIME = 136,
	AT_SUM = 148,
	AT_TYPE = 156,
	AT_LINK = 157,
	AT_MAGIC = 257,
	AT_PREFIX = 345
};

enum filter_state { IN_HEADER, IN_META, IN_DATA, IN_PADDING, AT_END };

struct tar_filter {
	tar_keep_fn *keep;
	void *keep_arg;
	archive_out_fn *out;
	void *out_arg;

	enum filter_state state;
	unsigned char head[BLOCK];
	size_t have;        /* bytes of head, or of the padding still to skip */
	uint64_t left;      /* bytes of the body */
	size_t padding;     /* behind it */
	bool keeping, zero; /* zero: the last block was all zeros */
	char meta_type;
	struct buf meta;

	/* From pax and GNU headers, for the entry that follows them. */
	struct buf path, link;
	bool has_path, has_link, has_size, has_mtime;
	uint64_t size;
	int64_t mtime;
};

struct tar_filter *tar_filter_new(
	tar_keep_fn *keep, void *keep_arg, archive_out_fn *out, void *out_arg)
{
	struct tar_filter *f = xcalloc(1, sizeof(*f));

	f->keep = keep;
	f->keep_arg = keep_arg;
	f->out = out;
	f->out_arg = out_arg;
	buf_init_max(&f->meta, META_MAX);
	buf_init(&f->path);
	buf_init(&f->link);
	return f;
}

void tar_filter_free(struct tar_filter *f)
{
	if (!f)
		return;
	buf_release(&f->meta);
	buf_release(&f->path);
	buf_release(&f->link);
	free(f);
}

static int damaged(struct error *err, const char *what)
{
	return error_set(err, ERR_SYS, EINVAL, "archive is damaged: %s", what);
}

/* Octal digits, or GNU's base 256 where the top bit is set. */
static bool number(const unsigned char *p, size_t n, int64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;

	if (p[0] & 0x80) {
		bool negative = p[0] == 0xff;

		v = negative ? ~(uint64_t)0 : 0;
		for (i = negative ? 1 : 0; i < n; i++)
			v = v << 8 | (i ? p[i] : p[i] & 0x7f);
		*out = (int64_t)v;
		return true;
	}
	while (i < n && (p[i] == ' ' || !p[i]))
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		v = v * 8 + (uint64_t)(p[i] - '0');
	*out = (int64_t)v;
	return i == n || p[i] == ' ' || !p[i];
}

static bool sum_is_right(const unsigned char *h)
{
	int64_t want, sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= AT_SUM && i < AT_SUM + 8 ? ' ' : h[i];
	return number(h + AT_SUM, 8, &want) && want == sum;
}

/* "LENGTH KEY=VALUE\n" */
static bool pax_record(struct str *rest, struct str *key, struct str *value)
{
	size_t space = str_chr(*rest, ' '), eq;
	struct str body;
	uint64_t n;

	if (space == STR_NPOS || !parse_u64(str_sub(*rest, 0, space), &n) || n > rest->n ||
		n < space + 3 || rest->p[n - 1] != '\n')
		return false;
	body = str_sub(*rest, space + 1, (size_t)n - 1);
	eq = str_chr(body, '=');
	if (eq == STR_NPOS)
		return false;
	*key = str_sub(body, 0, eq);
	*value = str_from(body, eq + 1);
	*rest = str_from(*rest, (size_t)n);
	return true;
}

static int take_pax(struct tar_filter *f, struct error *err)
{
	struct str rest = buf_str(&f->meta), key, value;
	size_t dot;

	while (rest.n) {
		if (!pax_record(&rest, &key, &value))
			return damaged(err, "a record of an extended header");
		dot = str_chr(value, '.');
		if (str_is(key, "path")) {
			buf_clear(&f->path);
			buf_addstr(&f->path, value);
			f->has_path = true;
		} else if (str_is(key, "linkpath")) {
			buf_clear(&f->link);
			buf_addstr(&f->link, value);
			f->has_link = true;
		} else if (str_is(key, "size")) {
			f->has_size = parse_u64(value, &f->size);
		} else if (str_is(key, "mtime")) {
			f->has_mtime = parse_i64(
				dot == STR_NPOS ? value : str_sub(value, 0, dot), &f->mtime);
		}
	}
	return 0;
}

static int take_meta(struct tar_filter *f, struct error *err)
{
	struct str text = buf_str(&f->meta);

	if (f->meta.overflow)
		return damaged(err, "an extended header is too long");
	if (f->meta_type == 'x')
		return take_pax(f, err);
	if (f->meta_type == 'g')
		return 0;
	text = str_n(text.p, strnlen(text.p, text.n));
	if (f->meta_type == 'L') {
		buf_clear(&f->path);
		buf_addstr(&f->path, text);
		f->has_path = true;
	} else {
		buf_clear(&f->link);
		buf_addstr(&f->link, text);
		f->has_link = true;
	}
	return 0;
}

/* Writing */

static void put_number(unsigned char *p, size_t n, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*llo", (int)n - 1, (unsigned long long)v);
	memcpy(p, text, n);
}

static void finish_header(unsigned char *h)
{
	unsigned sum = 0;
	char text[8];

	memcpy(h + AT_MAGIC, "ustar\00000", 8);
	memset(h + AT_SUM, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += h[i];
	snprintf(text, sizeof(text), "%06o", sum);
	memcpy(h + AT_SUM, text, 7);
}

static void add_record(struct buf *b, const char *key, struct str value)
{
	size_t base = strlen(key) + value.n + 3, n = base + 1, digits;

	do {
		digits = (size_t)snprintf(NULL, 0, "%zu", n);
		if (base + digits == n)
			break;
		n = base + digits;
	} while (true);
	buf_printf(b, "%zu %s=", n, key);
	buf_addstr(b, value);
	buf_addc(b, '\n');
}

static int emit_padded(struct tar_filter *f, struct str body, struct error *err)
{
	static const char zeros[BLOCK];
	size_t odd = body.n % BLOCK;

	if (f->out(f->out_arg, body.p, body.n, err))
		return -1;
	return odd ? f->out(f->out_arg, zeros, BLOCK - odd, err) : 0;
}

static int emit_pax(struct tar_filter *f, struct str records, struct error *err)
{
	unsigned char h[BLOCK] = {0};

	memcpy(h + AT_NAME, "pax_header", 10);
	put_number(h + AT_MODE, 8, 0644);
	put_number(h + AT_UID, 8, 0);
	put_number(h + AT_GID, 8, 0);
	put_number(h + AT_SIZE, 12, records.n);
	put_number(h + AT_MTIME, 12, 0);
	h[AT_TYPE] = 'x';
	finish_header(h);
	if (f->out(f->out_arg, h, BLOCK, err))
		return -1;
	return emit_padded(f, records, err);
}

static int emit_header(struct tar_filter *f, const struct tar_item *it, struct error *err)
{
	static const char types[] = {'5', '0', '2', '1', '0'};
	unsigned char h[BLOCK] = {0};
	struct buf name = BUF_INIT, records = BUF_INIT;
	char text[32];
	int r = 0;

	buf_addstr(&name, it->path);
	if (it->kind == TAR_DIR)
		buf_addc(&name, '/');
	if (name.n > 100)
		add_record(&records, "path", buf_str(&name));
	if (it->target.n > 100)
		add_record(&records, "linkpath", it->target);
	if (it->size > OCTAL_MAX) {
		snprintf(text, sizeof(text), "%" PRIu64, it->size);
		add_record(&records, "size", str_c(text));
	}
	if (it->mtime_s < 0 || it->mtime_s > OCTAL_MAX) {
		snprintf(text, sizeof(text), "%" PRId64, it->mtime_s);
		add_record(&records, "mtime", str_c(text));
	}
	memcpy(h + AT_NAME, name.p, MIN(name.n, (size_t)100));
	if (it->target.n)
		memcpy(h + AT_LINK, it->target.p, MIN(it->target.n, (size_t)100));
	put_number(h + AT_MODE, 8, it->mode & 07777);
	put_number(h + AT_UID, 8, 0);
	put_number(h + AT_GID, 8, 0);
	put_number(h + AT_SIZE, 12, it->size > OCTAL_MAX ? 0 : it->size);
	put_number(h + AT_MTIME, 12,
		it->mtime_s < 0 || it->mtime_s > OCTAL_MAX ? 0 : (uint64_t)it->mtime_s);
	h[AT_TYPE] = (unsigned char)types[it->kind];
	finish_header(h);
	if (records.n)
		r = emit_pax(f, buf_str(&records), err);
	if (!r)
		r = f->out(f->out_arg, h, BLOCK, err);
	buf_release(&name);
	buf_release(&records);
	return r;
}

/* Reading */

static void default_names(struct tar_filter *f)
{
	const char *h = (const char *)f->head;

	if (!f->has_path) {
		buf_clear(&f->path);
		if (!memcmp(h + AT_MAGIC, "ustar\0", 6) && h[AT_PREFIX]) {
			buf_add(&f->path, h + AT_PREFIX, strnlen(h + AT_PREFIX, 155));
			buf_addc(&f->path, '/');
		}
		buf_add(&f->path, h + AT_NAME, strnlen(h + AT_NAME, 100));
	}
	if (!f->has_link) {
		buf_clear(&f->link);
		buf_add(&f->link, h + AT_LINK, strnlen(h + AT_LINK, 100));
	}
}

static enum tar_kind kind_of(char type, bool slash)
{
	switch (type) {
	case '\0':
	case '0':
	case '7':
		return slash ? TAR_DIR : TAR_FILE;
	case '1':
		return TAR_HARDLINK;
	case '2':
		return TAR_SYMLINK;
	case '5':
		return TAR_DIR;
	default:
		return TAR_OTHER;
	}
}

static int take_entry(struct tar_filter *f, int64_t size, struct error *err)
{
	struct tar_item it = {0};
	int64_t mode, mtime;

	default_names(f);
	it.path = buf_str(&f->path);
	it.kind = kind_of((char)f->head[AT_TYPE], it.path.n && it.path.p[it.path.n - 1] == '/');
	while (it.path.n > 1 && it.path.p[it.path.n - 1] == '/')
		it.path.n--;
	if (!number(f->head + AT_MODE, 8, &mode) || !number(f->head + AT_MTIME, 12, &mtime))
		return damaged(err, "a header's numbers");
	f->left = f->has_size ? f->size : (uint64_t)size;
	if (it.kind == TAR_HARDLINK || it.kind == TAR_SYMLINK || it.kind == TAR_DIR)
		f->left = 0;
	else if (f->left > INT64_MAX - BLOCK)
		return damaged(err, "an entry's size");
	if (it.kind == TAR_HARDLINK || it.kind == TAR_SYMLINK)
		it.target = buf_str(&f->link);
	it.size = f->left;
	it.mtime_s = f->has_mtime ? f->mtime : mtime;
	it.mode = (uint32_t)mode & 07777;
	f->keeping = f->keep(f->keep_arg, &it) && it.kind != TAR_OTHER;
	f->has_path = f->has_link = f->has_size = f->has_mtime = false;
	return f->keeping ? emit_header(f, &it, err) : 0;
}

static int take_header(struct tar_filter *f, struct error *err)
{
	static const unsigned char zeros[BLOCK];
	char type = (char)f->head[AT_TYPE];
	int64_t size;

	if (!memcmp(f->head, zeros, BLOCK)) {
		f->state = f->zero ? AT_END : IN_HEADER;
		f->zero = true;
		return 0;
	}
	f->zero = false;
	if (!sum_is_right(f->head))
		return damaged(err, "a header's sum is wrong");
	if (!number(f->head + AT_SIZE, 12, &size) || size < 0)
		return damaged(err, "an entry's size");
	if (type == 'x' || type == 'g' || type == 'L' || type == 'K') {
		f->meta_type = type;
		buf_release(&f->meta);
		buf_init_max(&f->meta, META_MAX);
		f->left = (uint64_t)size;
		f->state = IN_META;
	} else {
		if (take_entry(f, size, err))
			return -1;
		f->state = IN_DATA;
	}
	f->padding = (size_t)((BLOCK - f->left % BLOCK) % BLOCK);
	return 0;
}

/* A step that needs no more input; *p and *n move on. */
static int step(struct tar_filter *f, const char **p, size_t *n, struct error *err)
{
	size_t take = 0;
	int r = 0;

	switch (f->state) {
	case IN_HEADER:
		take = MIN(*n, BLOCK - f->have);
		memcpy(f->head + f->have, *p, take);
		f->have += take;
		if (f->have == BLOCK) {
			f->have = 0;
			r = take_header(f, err);
		}
		break;
	case IN_META:
	case IN_DATA:
		take = (size_t)MIN((uint64_t)*n, f->left);
		if (f->state == IN_META)
			buf_add(&f->meta, *p, take);
		else if (f->keeping && take)
			r = f->out(f->out_arg, *p, take, err);
		f->left -= take;
		if (!f->left) {
			if (!r && f->state == IN_META)
				r = take_meta(f, err);
			else if (!r && f->keeping && f->padding)
				r = f->out(f->out_arg, (const char[BLOCK]){0}, f->padding, err);
			f->state = IN_PADDING;
		}
		break;
	case IN_PADDING:
		take = MIN(*n, f->padding);
		f->padding -= take;
		if (!f->padding)
			f->state = IN_HEADER;
		break;
	case AT_END:
		take = *n;
		break;
	}
	*p += take;
	*n -= take;
	return r;
}

static bool moves_without_input(const struct tar_filter *f)
{
	return ((f->state == IN_DATA || f->state == IN_META) && !f->left) ||
	       (f->state == IN_PADDING && !f->padding);
}

int tar_filter_push(struct tar_filter *f, const void *bytes, size_t n, struct error *err)
{
	const char *p = bytes;

	while (n || moves_without_input(f))
		if (step(f, &p, &n, err))
			return -1;
	return 0;
}

int tar_filter_end(struct tar_filter *f, struct error *err)
{
	/* Some engines leave out the blocks of zeros at the end. */
	if (f->state == AT_END || (f->state == IN_HEADER && !f->have))
		return 0;
	return damaged(err, "it ends early");
}

int tar_filter_folder(
	archive_out_fn *out, void *out_arg, struct str path, int64_t mtime_s, struct error *err)
{
	struct tar_filter f = {.out = out, .out_arg = out_arg};
	struct tar_item item = {.kind = TAR_DIR, .path = path, .mode = 0777, .mtime_s = mtime_s};

	return emit_header(&f, &item, err);
}

int tar_filter_trailer(archive_out_fn *out, void *out_arg, struct error *err)
{
	static const char zeros[2 * BLOCK];

	return out(out_arg, zeros, sizeof(zeros), err);
}
