/* The status block, seen on a small terminal: what is on the screen and what scrolled away. */
#include "base/base.h"
#include "emulator/log/console.h"
#include "emulator/log/live.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

/* A terminal: lines that scrolled away and lines that are visible, all in one list. */
#define TERM_LINES 400
struct term {
	char text[TERM_LINES][200];
	unsigned width[TERM_LINES]; /* columns that are used */
	size_t top;                 /* the first visible line */
	size_t row, col;
	size_t columns, lines;
};

static struct term term;
static int fd;
static off_t seen;
static uint64_t clock_ms;
static unsigned woken;
static const char *running[8];
static size_t n_running;
static struct sink *sinks[8];
static const char *prompt;

static void newline(void)
{
	term.row++;
	assert_true(term.row < TERM_LINES);
	if (term.row - term.top >= term.lines)
		term.top++;
}

static void erase_below(void)
{
	assert_int_equal(term.col, 0);
	for (size_t i = term.row; i < TERM_LINES; i++) {
		memset(term.text[i], 0, sizeof(term.text[i]));
		term.width[i] = 0;
	}
}

static size_t sequence(const char *p, size_t n)
{
	size_t i = 2;
	unsigned arg = 0;

	assert_true(n > 2 && p[1] == '[');
	for (; i < n && (isdigit((unsigned char)p[i]) || p[i] == '?' || p[i] == ';'); i++)
		if (isdigit((unsigned char)p[i]))
			arg = arg * 10 + (unsigned)(p[i] - '0');
	assert_true(i < n);
	if (p[i] == 'A') {
		arg = arg ? arg : 1;
		/* Never into what has scrolled away: a terminal would stop there. */
		assert_true(term.row >= term.top + arg);
		term.row -= arg;
	} else if (p[i] == 'K') {
		memset(term.text[term.row], 0, sizeof(term.text[term.row]));
		term.width[term.row] = 0;
	} else if (p[i] == 'J') {
		/* Some terminals would scroll all of it away. */
		assert_true(term.row > term.top);
		erase_below();
	} else {
		assert_true(p[i] == 'm' || p[i] == 'h' || p[i] == 'l');
	}
	return i + 1;
}

static void character(const char *p, size_t len)
{
	size_t w = str_width(str_n(p, len));
	char *line;

	if (term.col + w > term.columns) {
		newline();
		term.col = 0;
	}
	line = term.text[term.row];
	/* Nothing here overwrites what stands. */
	assert_true(term.col == term.width[term.row]);
	memcpy(line + strlen(line), p, len);
	term.col += w;
	term.width[term.row] += (unsigned)w;
}

static void show(const char *p, size_t n)
{
	while (n) {
		size_t len = 1;

		if (*p == 0x1b) {
			len = sequence(p, n);
		} else if (*p == '\r') {
			term.col = 0;
		} else if (*p == '\n') {
			newline();
			term.col = 0;
		} else {
			len = utf8_len(p, n);
			assert_true(len > 0);
			character(p, len);
		}
		p += len;
		n -= len;
	}
}

/* What was written since the last look, to the terminal; how many bytes. */
static size_t look(void)
{
	static char bytes[1 << 20];
	ssize_t n = pread(fd, bytes, sizeof(bytes), seen);

	assert_true(n >= 0);
	seen += n;
	show(bytes, (size_t)n);
	return (size_t)n;
}

static void fill(void *arg, struct live *l)
{
	UNUSED(arg);
	l->head = STR("counts");
	for (size_t i = 0; i < n_running; i++) {
		struct live_row row = {.name = str_c(running[i])};

		if (sinks[i])
			console_sink_row(sinks[i], &row);
		row.seconds = (double)clock_ms / 1000;
		vec_push(&l->rows, row);
	}
	if (prompt)
		vec_push(&l->prompt, str_c(prompt));
}

static void size(void *arg, unsigned *columns, unsigned *lines)
{
	UNUSED(arg);
	*columns = (unsigned)term.columns;
	*lines = (unsigned)term.lines;
}

static void wake(void *arg, unsigned ms)
{
	UNUSED(arg);
	woken = ms;
}

static uint64_t now(void *arg)
{
	UNUSED(arg);
	return clock_ms;
}

static const struct console_live_options live = {
	.fill = fill, .size = size, .wake = wake, .now = now, .reflows = true};

static struct console *start(size_t columns, size_t lines, size_t n)
{
	static const char *const names[] = {"a", "bb", "\xe6\x97\xa5\xe6\x9c\xac", "d", "e", "f"};
	struct console_options o = {.tty = true, .live = &live};
	struct console *c;

	memset(&term, 0, sizeof(term));
	term.columns = columns;
	term.lines = lines;
	seen = 0;
	clock_ms = 1000;
	prompt = NULL;
	fd = memfd_create("live", 0);
	o.fd = fd;
	c = console_new(&o);
	n_running = n;
	memset(sinks, 0, sizeof(sinks));
	for (size_t i = 0; i < n; i++) {
		running[i] = names[i];
		sinks[i] = console_sink(c, str_c(names[i]));
	}
	return c;
}

static void end(struct console *c)
{
	for (size_t i = 0; i < n_running; i++) {
		sink_end(sinks[i]);
		sink_free(sinks[i]);
		sinks[i] = NULL;
	}
	console_live_end(c);
	console_free(c);
	look();
	close(fd);
}

static void later(struct console *c, unsigned ms)
{
	clock_ms += ms;
	console_tick(c);
	look();
}

/* The lines from the first on, blanks at their ends left out. */
static void lines_are(const char *const *want, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_string_equal(str_n(term.text[i], strlen(term.text[i])).p, want[i]);
	for (size_t i = n; i < TERM_LINES; i++)
		assert_string_equal(term.text[i], "");
}
#define LINES_ARE(...)                           \
	lines_are((const char *[]){__VA_ARGS__}, \
		sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

static void test_log_and_block(void **state)
{
	struct console *c = start(40, 12, 2);

	UNUSED(state);
	sink_write(sinks[0], LOG_OUT, STR("one\ntwo\n"));
	look();
	LINES_ARE("a  | one", "a  | two");
	later(c, 1000);
	LINES_ARE("a  | one", "a  | two", "counts", "a      2s two", "bb     2s ");
	clock_ms += 60;
	sink_write(sinks[1], LOG_OUT, STR("three\n10%\r20%"));
	look();
	later(c, 500);
	LINES_ARE("a  | one", "a  | two", "bb | three", "counts", "a      2s two", "bb     2s 20%");
	end(c);
	LINES_ARE("a  | one", "a  | two", "bb | three", "bb | 20%");
}

/* What other parts of the program print in between stands where the block was. */
static void test_hide(void **state)
{
	struct console *c = start(40, 12, 1);

	UNUSED(state);
	later(c, 1000);
	LINES_ARE("counts", "a     2s ");
	sink_write(sinks[0], LOG_OUT, STR("x\n"));
	console_hide(c);
	look();
	LINES_ARE("a | x");
	show("note\n", 5);
	clock_ms += 100;
	console_show(c);
	look();
	LINES_ARE("a | x", "note", "counts", "a     2s x");
	end(c);
	LINES_ARE("a | x", "note");
}

static void test_low_and_narrow(void **state)
{
	struct console *c = start(20, 8, 6);

	UNUSED(state);
	sink_write(
		sinks[2], LOG_OUT, STR("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\te\xcc\x81\x1b[2Jx"));
	later(c, 1000);
	LINES_ARE("counts", "a        2s ", "bb       2s ", "and 4 more");
	term.lines = 20;
	later(c, 1000);
	LINES_ARE("counts", "a        3s ", "bb       3s ",
		"\xe6\x97\xa5\xe6\x9c\xac     3s \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e ",
		"d        3s ", "e        3s ", "f        3s ");
	term.lines = 2;
	later(c, 1000);
	term.lines = 20;
	end(c);
	LINES_ARE("\xe6\x97\xa5\xe6\x9c\xac | \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\te\xcc\x81x");
}

/* The terminal gets narrower: its own wrapping of the block is counted. */
static void test_reflow(void **state)
{
	static const char *const wrapped[] = {"a | 0123456789 01234", "56789 0123456789", "counts",
		"a     2s 0123456789 ", "0123456789 012345678", "9"};
	struct console *c = start(60, 12, 1);

	UNUSED(state);
	sink_write(sinks[0], LOG_OUT, STR("0123456789 0123456789 0123456789\n"));
	later(c, 1000);
	assert_string_equal(term.text[2], "a     2s 0123456789 0123456789 0123456789");
	/* What a terminal of 20 columns makes of it; the cursor stays at the row's begin. */
	memset(term.text, 0, sizeof(term.text));
	for (size_t i = 0; i < ARRAY_SIZE(wrapped); i++)
		memcpy(term.text[i], wrapped[i], strlen(wrapped[i]));
	term.row = 3;
	term.col = 0;
	term.columns = 20;
	later(c, 1000);
	LINES_ARE("a | 0123456789 01234", "56789 0123456789", "counts", "a     3s 0123456789");
	end(c);
	LINES_ARE("a | 0123456789 01234", "56789 0123456789");
}

/* A flood is gathered: few writes, the block in each, every line there in the end. */
static void test_flood(void **state)
{
	struct console *c = start(40, 10, 2);
	size_t bytes = 0;
	char line[32];

	UNUSED(state);
	later(c, 1000);
	for (int i = 0; i < 300; i++) {
		snprintf(line, sizeof(line), "%d\n", i);
		sink_write(sinks[0], LOG_OUT, str_c(line));
		if (i % 100 == 99)
			clock_ms += 50;
		bytes += look();
		assert_true(woken > 0);
	}
	assert_true(bytes < 300 * 12 + 10 * 200);
	end(c);
	for (int i = 0; i < 300; i++) {
		snprintf(line, sizeof(line), "a  | %d", i);
		assert_string_equal(term.text[i], line);
	}
	assert_string_equal(term.text[300], "");
}

static void test_prompt(void **state)
{
	struct console *c = start(40, 12, 1);

	UNUSED(state);
	prompt = "play it? ";
	later(c, 1000);
	LINES_ARE("counts", "a     2s ", "play it? ");
	assert_int_equal(term.col, 9);
	prompt = NULL;
	later(c, 1000);
	LINES_ARE("counts", "a     3s ");
	end(c);
	LINES_ARE("");
}

static unsigned dice(unsigned n)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x % n;
}

static struct str random_text(struct arena *a)
{
	static const char *const parts[] = {"a", "word ", "\xe6\x97\xa5", "e\xcc\x81", "\033[31m",
		"\033[2J", "\033]8;;x", "\r", "\t", "\b", "\xff", "\xe6\x97", "\xc2\x9b",
		"\xf0\x9f\x98\x80", "\033"};
	struct buf b = BUF_INIT;
	struct str s;

	for (unsigned i = dice(40); i > 0; i--)
		buf_adds(&b, parts[dice(ARRAY_SIZE(parts))]);
	s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

/* Whatever jobs are called and write: one row a line, within the terminal, and erased whole. */
static void test_anything(void **state)
{
	struct live l;
	struct live_shape shape;
	struct buf out = BUF_INIT;

	UNUSED(state);
	live_init(&l);
	for (int round = 0; round < 3000; round++) {
		struct live_screen at = {.columns = 1 + dice(60),
			.lines = 1 + dice(30),
			.color = dice(2),
			.reflows = dice(2),
			.name_width = dice(30)};

		memset(&term, 0, sizeof(term));
		term.columns = at.columns;
		term.lines = at.lines;
		live_clear(&l);
		l.head = random_text(&l.arena);
		for (unsigned i = dice(8); i > 0; i--)
			vec_push(&l.rows,
				((struct live_row){random_text(&l.arena), random_text(&l.arena),
					"\033[1m", dice(2) ? -1.0 : (double)dice(100000)}));
		for (unsigned i = dice(3); i > 0; i--)
			vec_push(&l.prompt, random_text(&l.arena));
		buf_clear(&out);
		live_draw(&l, &at, &shape, &out);
		show(out.p, out.n);
		assert_int_equal(term.row, shape.n ? shape.n - 1 : 0);
		assert_int_equal(term.top, 0);
		for (size_t i = 0; i < shape.n; i++)
			assert_true(shape.columns[i] == term.width[i] &&
				    term.width[i] < MAX(at.columns, 2u));
		buf_clear(&out);
		live_erase(&shape, &at, &out);
		show(out.p, out.n);
		assert_int_equal(term.row, 0);
		LINES_ARE("");
	}
	live_release(&l);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_and_block),
		cmocka_unit_test(test_hide),
		cmocka_unit_test(test_low_and_narrow),
		cmocka_unit_test(test_reflow),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
