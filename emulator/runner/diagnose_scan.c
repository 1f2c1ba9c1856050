/*
 * Aho-Corasick over the anchors of all entries, with letters folded: one table look-up a byte,
 * whatever the number of anchors. Bytes that occur in no anchor share one class, so that the table
 * stays small enough for the cache.
 *
 * Most lines hold no anchor at all, so a window (Wu and Manber) looks first: the two bytes at its
 * end say how far it may jump without missing one. Only from where it stops on is the automaton
 * asked.
 */
#include "base/base.h"

#include "emulator/runner/diagnose.h"
#include "emulator/runner/diagnose_internal.h"

#define CLASSES 64u /* a power of two; class 0 is every byte that no anchor holds */
#define HIT     0x8000u

struct diagnose_scan {
	uint8_t class_of[256];
	uint16_t *next; /* state * CLASSES + class; HIT marks states with an output */
	struct diagnose_set *out;
	size_t n_states;
	uint8_t *shift; /* by the window's last two bytes */
	size_t min;     /* length of the shortest anchor: the window's */
};

struct building {
	struct arena *arena;
	struct diagnose_scan *s;
	size_t cap;
	unsigned n_classes;
};

static unsigned fold(unsigned char c)
{
	return (unsigned)tolower(c);
}

static unsigned add_state(struct building *b)
{
	struct diagnose_scan *s = b->s;
	if (s->n_states == b->cap)
		BUG("more anchors than the table was made for");
	return (unsigned)s->n_states++;
}

static void add_anchor(struct building *b, struct str anchor, size_t entry)
{
	struct diagnose_scan *s = b->s;
	unsigned state = 0;
	for (size_t i = 0; i < anchor.n; i++) {
		uint16_t *cell =
			&s->next[state * CLASSES + s->class_of[(unsigned char)anchor.p[i]]];
		if (!*cell)
			*cell = (uint16_t)add_state(b);
		state = *cell;
	}
	s->out[state].bits[entry / 64] |= UINT64_C(1) << (entry % 64);
}

static void add_classes(struct building *b, struct str anchors)
{
	for (size_t i = 0; i < anchors.n; i++) {
		unsigned c = fold((unsigned char)anchors.p[i]);
		if (c == '|' || b->s->class_of[c])
			continue;
		if (b->n_classes == CLASSES)
			BUG("the anchors hold more than %u different characters", CLASSES - 1);
		b->s->class_of[c] = (uint8_t)b->n_classes++;
	}
}

/* Breadth first: a missing edge of a state goes where its longest proper suffix goes. */
static void add_fallbacks(struct building *b)
{
	struct diagnose_scan *s = b->s;
	uint16_t *fail = arena_array(b->arena, uint16_t, s->n_states);
	uint16_t *queue = arena_array(b->arena, uint16_t, s->n_states);
	size_t head = 0, tail = 0;
	for (unsigned c = 0; c < CLASSES; c++)
		if (s->next[c])
			queue[tail++] = s->next[c];
	while (head < tail) {
		unsigned state = queue[head++];
		for (unsigned c = 0; c < CLASSES; c++) {
			uint16_t *cell = &s->next[state * CLASSES + c];
			unsigned back = s->next[fail[state] * CLASSES + c];
			if (!*cell) {
				*cell = (uint16_t)back;
				continue;
			}
			fail[*cell] = (uint16_t)back;
			for (size_t i = 0; i < ARRAY_SIZE(s->out->bits); i++)
				s->out[*cell].bits[i] |= s->out[back].bits[i];
			queue[tail++] = *cell;
		}
	}
}

static void mark_hits(struct diagnose_scan *s)
{
	static const struct diagnose_set none;
	for (size_t i = 0; i < s->n_states * CLASSES; i++)
		if (memcmp(&s->out[s->next[i]], &none, sizeof(none)) != 0)
			s->next[i] |= HIT;
}

static unsigned pair(unsigned a, unsigned b)
{
	return a << 8 | b;
}

static void lower_shift(struct diagnose_scan *s, unsigned a, unsigned b, size_t far)
{
	const unsigned as[] = {a, (unsigned)toupper((int)a)}, bs[] = {b, (unsigned)toupper((int)b)};

	for (size_t i = 0; i < 4; i++) {
		uint8_t *cell = &s->shift[pair(as[i & 1], bs[i >> 1])];
		if (far < *cell)
			*cell = (uint8_t)far;
	}
}

static void add_shifts(struct diagnose_scan *s, struct str anchor)
{
	for (size_t i = 0; i + 1 < s->min; i++)
		lower_shift(s, fold((unsigned char)anchor.p[i]),
			fold((unsigned char)anchor.p[i + 1]), s->min - 2 - i);
}

static void make_window(
	struct diagnose_scan *s, struct arena *a, const struct diagnose_entry *table, size_t n)
{
	struct str anchor;

	s->min = SIZE_MAX;
	for (size_t i = 0; i < n; i++) {
		struct str_split it = str_split(str_c(table[i].anchors), '|');
		while (str_split_next(&it, &anchor))
			s->min = MIN(s->min, anchor.n);
	}
	if (s->min < 2)
		BUG("an anchor of less than two bytes");
	s->shift = arena_alloc(a, 65536);
	memset(s->shift, (int)MIN(s->min - 1, (size_t)255), 65536);
	for (size_t i = 0; i < n; i++) {
		struct str_split it = str_split(str_c(table[i].anchors), '|');
		while (str_split_next(&it, &anchor))
			add_shifts(s, anchor);
	}
}

/* Where the first anchor may start; text.n where there can be none. */
static size_t first_candidate(const struct diagnose_scan *s, struct str text)
{
	const unsigned char *p = (const unsigned char *)text.p;
	size_t at = 0;

	while (at + s->min <= text.n) {
		unsigned jump = s->shift[pair(p[at + s->min - 2], p[at + s->min - 1])];
		if (!jump)
			return at;
		at += jump;
	}
	return text.n;
}

struct diagnose_scan *diagnose_scan_new(
	struct arena *a, const struct diagnose_entry *table, size_t n)
{
	struct building b = {a, arena_new(a, struct diagnose_scan), 1, 1};
	struct diagnose_scan *s = b.s;
	for (size_t i = 0; i < n; i++) {
		add_classes(&b, str_c(table[i].anchors));
		b.cap += strlen(table[i].anchors);
	}
	for (unsigned c = 'A'; c <= 'Z'; c++)
		s->class_of[c] = s->class_of[fold((unsigned char)c)];
	if (b.cap >= HIT || n > DIAGNOSE_MAX)
		BUG("too many anchors for the table");
	s->next = arena_calloc(a, b.cap * CLASSES * sizeof(*s->next));
	s->out = arena_calloc(a, b.cap * sizeof(*s->out));
	s->n_states = 1;
	for (size_t i = 0; i < n; i++) {
		struct str_split it = str_split(str_c(table[i].anchors), '|');
		struct str anchor;
		while (str_split_next(&it, &anchor))
			add_anchor(&b, anchor, i);
	}
	add_fallbacks(&b);
	mark_hits(s);
	make_window(s, a, table, n);
	return s;
}

bool diagnose_scan(
	const struct diagnose_scan *s, struct str text, struct diagnose_set *out, size_t *first)
{
	const unsigned char *p = (const unsigned char *)text.p;
	const uint16_t *next = s->next;
	unsigned state = 0;
	bool any = false;
	for (size_t i = first_candidate(s, text); i < text.n; i++) {
		state = next[(state & ~HIT) * CLASSES + s->class_of[p[i]]];
		if (__builtin_expect(!(state & HIT), 1))
			continue;
		if (!any) {
			*first = i + 1;
			memset(out, 0, sizeof(*out));
		}
		any = true;
		for (size_t k = 0; k < ARRAY_SIZE(out->bits); k++)
			out->bits[k] |= s->out[state & ~HIT].bits[k];
	}
	return any;
}
