#include "base/base.h"

#include "source/loader.h"

enum tok { TOK_CHAR, TOK_STAR, TOK_ANY, TOK_DIRS };

struct tokens {
	enum tok *kind;
	char *c;
	size_t n;
};

static void tokenize(struct str pattern, struct tokens *t)
{
	for (size_t i = 0; i < pattern.n; t->n++) {
		if (pattern.p[i] != '*') {
			t->kind[t->n] = TOK_CHAR;
			t->c[t->n] = pattern.p[i++];
		} else if (i + 1 < pattern.n && pattern.p[i + 1] == '*') {
			bool dirs = i + 2 < pattern.n && pattern.p[i + 2] == '/';

			t->kind[t->n] = dirs ? TOK_DIRS : TOK_ANY;
			i += dirs ? 3 : 2;
		} else {
			t->kind[t->n] = TOK_STAR;
			i++;
		}
	}
}

/* Adds state i and what it reaches without a character. TOK_DIRS is entered at n + 1 + i. */
static void add_state(const struct tokens *t, bool *set, size_t i)
{
	while (!set[i]) {
		set[i] = true;
		if (i == t->n || t->kind[i] == TOK_CHAR)
			return;
		i++;
	}
}

/*
 * Runs the pattern as an automaton over sets of positions. A TOK_DIRS that has begun to take
 * directories is a state of its own (index n + 1 + i), left at each slash.
 */
bool loader_glob_match(struct str pattern, struct str path)
{
	struct tokens t = {xcalloc(pattern.n + 1, sizeof(*t.kind)), xcalloc(pattern.n + 1, 1), 0};
	bool *cur, *next, hit;

	tokenize(pattern, &t);
	cur = xcalloc(2 * (t.n + 1), sizeof(*cur));
	next = xcalloc(2 * (t.n + 1), sizeof(*next));
	add_state(&t, cur, 0);
	for (size_t at = 0; at < path.n; at++) {
		char c = path.p[at];
		bool *swap = cur;

		memset(next, 0, 2 * (t.n + 1) * sizeof(*next));
		for (size_t i = 0; i < t.n; i++) {
			bool inside = cur[t.n + 1 + i];

			if (inside || (cur[i] && t.kind[i] == TOK_DIRS)) {
				next[t.n + 1 + i] = true;
				if (c == '/')
					add_state(&t, next, i + 1);
			}
			if (!cur[i])
				continue;
			if (t.kind[i] == TOK_CHAR && t.c[i] == c)
				add_state(&t, next, i + 1);
			if (t.kind[i] == TOK_ANY || (t.kind[i] == TOK_STAR && c != '/'))
				add_state(&t, next, i);
		}
		cur = next;
		next = swap;
	}
	hit = cur[t.n];
	free(cur);
	free(next);
	free(t.kind);
	free(t.c);
	return hit;
}
