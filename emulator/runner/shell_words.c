#include "base/base.h"
#include "emulator/runner/shell_words.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool shell_word_next(struct str *rest, struct str *word)
{
	size_t i = 0, begin;

	while (i < rest->n && is_blank(rest->p[i]))
		i++;
	begin = i;
	while (i < rest->n && !is_blank(rest->p[i]))
		i++;
	*word = str_sub(*rest, begin, i);
	*rest = str_from(*rest, i);
	while (word->n && strchr("\"'`(", word->p[0]))
		*word = str_from(*word, 1);
	while (word->n && strchr("\"'`);", word->p[word->n - 1]))
		word->n--;
	return i > begin;
}

/* executor: kaniko's */
static const char *const builders[] = {"docker", "buildah", "podman", "nerdctl", "executor"};

bool shell_word_is_builder(struct str word)
{
	size_t slash = str_rchr(word, '/');

	if (slash != STR_NPOS)
		word = str_from(word, slash + 1);
	for (size_t i = 0; i < ARRAY_SIZE(builders); i++)
		if (str_is(word, builders[i]))
			return true;
	return false;
}

bool shell_may_build(struct str text)
{
	for (size_t i = 0; i < ARRAY_SIZE(builders); i++)
		if (str_find(text, str_c(builders[i])) != STR_NPOS)
			return true;
	return false;
}
