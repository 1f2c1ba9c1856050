#include "base/base.h"
#include "emulator/runner/talk.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define MARK_START "\036cilocal:"
/* No question is longer; what pretends to be one is output. */
#define WORDS_MAX 256

void talk_init(struct talk *t, void (*asked)(void *arg, struct str words), void *arg)
{
	unsigned char random[TALK_TOKEN / 2];
	size_t n = strlen(MARK_START);

	*t = (struct talk){.asked = asked, .arg = arg};
	buf_init(&t->held);
	/* Without randomness no job may be stepped through: a mark could be made up. */
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		BUG("the system gives no random bytes");
	memcpy(t->mark, MARK_START, n);
	for (size_t i = 0; i < sizeof(random); i++)
		n += (size_t)snprintf(t->mark + n, sizeof(t->mark) - n, "%02x", random[i]);
	snprintf(t->mark + n, sizeof(t->mark) - n, ":");
}

void talk_release(struct talk *t)
{
	buf_release(&t->held);
}

/* How much of the end of bytes may be the start of a mark. */
static size_t partial(const struct talk *t, struct str bytes)
{
	size_t n = MIN(bytes.n, strlen(t->mark) - 1);

	while (n && memcmp(bytes.p + bytes.n - n, t->mark, n) != 0)
		n--;
	return n;
}

/* Bytes outside of a mark; returns what comes after the start of the next one. */
static struct str outside(
	struct talk *t, struct str bytes, void (*out)(void *arg, struct str bytes), void *arg)
{
	size_t at = str_find(bytes, str_c(t->mark)), keep;

	if (at != STR_NPOS) {
		if (at)
			out(arg, str_sub(bytes, 0, at));
		t->in_mark = true;
		return str_from(bytes, at + strlen(t->mark));
	}
	keep = partial(t, bytes);
	if (bytes.n > keep)
		out(arg, str_sub(bytes, 0, bytes.n - keep));
	buf_addstr(&t->held, str_from(bytes, bytes.n - keep));
	return STR_NULL;
}

static struct str inside(struct talk *t, struct str bytes)
{
	size_t nl = str_chr(bytes, '\n');

	buf_addstr(&t->held, nl == STR_NPOS ? bytes : str_sub(bytes, 0, nl));
	if (t->held.n > WORDS_MAX)
		buf_truncate(&t->held, WORDS_MAX);
	if (nl == STR_NPOS)
		return STR_NULL;
	t->in_mark = false;
	t->asked(t->arg, buf_str(&t->held));
	buf_clear(&t->held);
	return str_from(bytes, nl + 1);
}

void talk_feed(
	struct talk *t, struct str bytes, void (*out)(void *arg, struct str bytes), void *arg)
{
	struct buf joined = BUF_INIT;

	if (t->held.n && !t->in_mark) {
		buf_addstr(&joined, buf_str(&t->held));
		buf_addstr(&joined, bytes);
		buf_clear(&t->held);
		bytes = buf_str(&joined);
	}
	while (bytes.n)
		bytes = t->in_mark ? inside(t, bytes) : outside(t, bytes, out, arg);
	buf_release(&joined);
}

void talk_flush(struct talk *t, void (*out)(void *arg, struct str bytes), void *arg)
{
	if (t->held.n && !t->in_mark)
		out(arg, buf_str(&t->held));
	buf_clear(&t->held);
	t->in_mark = false;
}
