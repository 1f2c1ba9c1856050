#include "base/base.h"
#include "emulator/gitlab/image_pattern.h"
#include "base/arena.h"

bool image_pattern_open(struct str word)
{
	return str_chr(word, '$') != STR_NPOS || str_chr(word, '`') != STR_NPOS;
}

/* Behind the bracket that closes the one at i; without one the end. */
static size_t behind_bracket(struct str s, size_t i)
{
	char open = s.p[i], close = open == '{' ? '}' : ')';
	unsigned depth = 0;

	for (; i < s.n; i++) {
		depth += s.p[i] == open;
		depth -= s.p[i] == close;
		if (!depth)
			return i + 1;
	}
	return s.n;
}

/* Behind what the shell puts something in for: $NAME, ${...}, $(...), `...`, $1; i is at its start.
 */
static size_t behind_part(struct str s, size_t i)
{
	if (s.p[i] == '`') {
		size_t n = str_chr(str_from(s, i + 1), '`');

		return n == STR_NPOS ? s.n : i + n + 2;
	}
	if (++i >= s.n)
		return s.n;
	if (s.p[i] == '{' || s.p[i] == '(')
		return behind_bracket(s, i);
	if (!isalpha((unsigned char)s.p[i]) && s.p[i] != '_')
		return i + 1;
	while (i < s.n && (isalnum((unsigned char)s.p[i]) || s.p[i] == '_'))
		i++;
	return i;
}

struct str image_pattern(struct arena *a, struct str word)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct str made, last;

	for (size_t i = 0; i < word.n && !strchr(";|&<>()", word.p[i]);) {
		if (word.p[i] != '$' && word.p[i] != '`') {
			buf_addc(&out, word.p[i++]);
			continue;
		}
		i = behind_part(word, i);
		if (!out.n || out.p[out.n - 1] != '*')
			buf_addc(&out, '*');
	}
	made = buf_str(&out);
	last = str_from(made, str_rchr(made, '/') == STR_NPOS ? 0 : str_rchr(made, '/') + 1);
	if (!str_ends(made, STR("*")) && str_chr(last, ':') == STR_NPOS)
		buf_addstr(&out, STR(":latest"));
	return arena_str(a, buf_str(&out));
}

bool image_pattern_fits(struct str pattern, struct str name)
{
	size_t p = 0, n = 0, star = STR_NPOS, mark = 0;

	while (n < name.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = n;
		} else if (p < pattern.n && pattern.p[p] == name.p[n]) {
			p++;
			n++;
		} else if (star != STR_NPOS) {
			p = star + 1;
			n = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}
