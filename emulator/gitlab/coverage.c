#include "base/base.h"
#include "emulator/gitlab/coverage.h"
#include "base/arena.h"
#include "expr/regex.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LOG    (16 * 1024 * 1024)
#define MAX_GROUPS 32

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* \d+(\.\d+)? */
static struct str first_number(struct str s)
{
	size_t i = 0, from;

	while (i < s.n && !is_digit(s.p[i]))
		i++;
	from = i;
	while (i < s.n && is_digit(s.p[i]))
		i++;
	if (i > from && i + 1 < s.n && s.p[i] == '.' && is_digit(s.p[i + 1]))
		for (i++; i < s.n && is_digit(s.p[i]);)
			i++;
	return str_sub(s, from, i);
}

/*
 * Of the last match in the line the last group (the whole match without groups). False: no match;
 * out->p NULL: the group took no part.
 */
static bool last_match(const struct regex *re, struct str line, bool once, struct str *out)
{
	struct str caps[MAX_GROUPS];
	size_t groups = MIN(regex_groups(re), (size_t)MAX_GROUPS - 1), at = 0;
	bool found = false;

	while (at <= line.n &&
		regex_search(re, str_from(line, at), caps, groups + 1) == REGEX_YES) {
		size_t end = (size_t)(caps[0].p - line.p) + caps[0].n;

		*out = caps[groups];
		found = true;
		if (once)
			break;
		at = caps[0].n ? end : end + 1;
	}
	return found;
}

struct str coverage_of_text(struct arena *a, struct str log, struct str expression)
{
	struct str pattern, group, number, line, why;
	const struct regex *re;
	unsigned flags;
	size_t slash;
	bool once;

	if (!regex_split(expression, &pattern, &flags))
		return STR("");
	re = regex_new(a, pattern, flags, &why, NULL);
	/* The rest of a line has no second beginning. */
	once = pattern.n && pattern.p[0] == '^';
	while (re && log.n) {
		if (log.p[log.n - 1] == '\n')
			log.n--;
		slash = str_rchr(log, '\n');
		line = slash == STR_NPOS ? log : str_from(log, slash + 1);
		log.n -= line.n;
		if (!last_match(re, line, once, &group))
			continue;
		if (!group.p)
			break;
		number = first_number(group);
		if (number.n)
			return arena_str(a, number);
	}
	return STR("");
}

struct str coverage_of_log(struct arena *a, const char *log_path, struct str expression)
{
	CLEANUP(close) int fd = open(log_path, O_RDONLY | O_CLOEXEC);
	CLEANUP(free) char *text = NULL;
	struct stat st;
	size_t n, done = 0;
	off_t from;

	if (fd < 0 || fstat(fd, &st) || st.st_size <= 0)
		return STR("");
	n = (size_t)MIN(st.st_size, (off_t)MAX_LOG);
	from = st.st_size - (off_t)n;
	text = xmalloc(n);
	while (done < n) {
		ssize_t r = pread(fd, text + done, n - done, from + (off_t)done);

		if (r <= 0 && !(r < 0 && errno == EINTR))
			break;
		done += r > 0 ? (size_t)r : 0;
	}
	return coverage_of_text(a, str_n(text, done), expression);
}
