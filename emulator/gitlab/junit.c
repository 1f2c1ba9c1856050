#include "base/base.h"
#include "emulator/gitlab/junit.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "emulator/core/error.h"

#include <expat.h>

#define MAX_DEPTH   100
#define MAX_TEXT    65536
#define MAX_MESSAGE 300

struct reader {
	struct arena *arena;
	XML_Parser parser;
	struct junit sum;
	struct junit_failure test; /* under way */
	bool in_test, failed, skipped;
	bool in_reason; /* inside <failure> or <error> */
	struct buf text;
	unsigned depth;
	const char *trouble;
};

static struct str attribute(struct arena *a, const XML_Char **atts, const char *name)
{
	for (; *atts; atts += 2)
		if (!strcmp(*atts, name))
			return arena_str(a, str_c(atts[1]));
	return STR("");
}

/* The first line that is not blank, cut where it is very long. */
static struct str first_line(struct arena *a, struct str text)
{
	struct str_split it = str_split(text, '\n');
	struct str line;

	while (str_split_next(&it, &line)) {
		line = str_trim(line);
		if (!line.n)
			continue;
		if (line.n <= MAX_MESSAGE)
			return arena_str(a, line);
		line.n = MAX_MESSAGE;
		while (line.n && ((unsigned char)line.p[line.n] & 0xc0) == 0x80)
			line.n--;
		return arena_printf(a, STR_FMT "...", STR_ARG(line));
	}
	return STR("");
}

static void begin(void *arg, const XML_Char *name, const XML_Char **atts)
{
	struct reader *r = arg;
	bool error = !strcmp(name, "error");

	if (++r->depth > MAX_DEPTH) {
		r->trouble = "elements are nested too deeply";
		XML_StopParser(r->parser, XML_FALSE);
	} else if (!strcmp(name, "testcase")) {
		r->in_test = true;
		r->failed = r->skipped = false;
		r->test = (struct junit_failure){.suite = attribute(r->arena, atts, "classname"),
			.test = attribute(r->arena, atts, "name"),
			.file = attribute(r->arena, atts, "file")};
	} else if (r->in_test && (error || !strcmp(name, "failure"))) {
		/* Of several reasons the first is shown. */
		if (!r->failed) {
			r->test.error = error;
			r->test.message =
				first_line(r->arena, attribute(r->arena, atts, "message"));
			r->in_reason = true;
			buf_clear(&r->text);
		}
		r->failed = true;
	} else if (r->in_test && !strcmp(name, "skipped")) {
		r->skipped = true;
	}
}

static void characters(void *arg, const XML_Char *p, int n)
{
	struct reader *r = arg;

	if (r->in_reason && r->text.n < MAX_TEXT)
		buf_add(&r->text, p, (size_t)n);
}

static void end(void *arg, const XML_Char *name)
{
	struct reader *r = arg;

	r->depth--;
	if (r->in_reason && (!strcmp(name, "failure") || !strcmp(name, "error"))) {
		r->in_reason = false;
		if (!r->test.message.n)
			r->test.message = first_line(r->arena, buf_str(&r->text));
	}
	if (!r->in_test || strcmp(name, "testcase") != 0)
		return;
	r->in_test = false;
	r->sum.tests++;
	if (r->failed) {
		r->sum.failed += !r->test.error;
		r->sum.errors += r->test.error;
		vec_push_in(r->arena, &r->sum, r->test);
	} else if (r->skipped) {
		r->sum.skipped++;
	}
}

int junit_read(struct arena *a, struct str text, struct junit *out, struct error *err)
{
	struct reader r = {.arena = a, .parser = XML_ParserCreate(NULL), .text = BUF_INIT};
	int ret = 0;

	if (!r.parser)
		die_oom(0);
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, begin, end);
	XML_SetCharacterDataHandler(r.parser, characters);
	r.sum = *out;
	/* Copied: the caller's array must not change where this file turns out to be broken. */
	r.sum.cap = r.sum.n;
	if (text.n > INT_MAX)
		ret = error_set(err, ERR_CONFIG, 0, "it is too long");
	else if (XML_Parse(r.parser, text.p ? text.p : "", (int)text.n, 1) != XML_STATUS_OK)
		ret = error_set(err, ERR_CONFIG, 0, "line %lu: %s",
			(unsigned long)XML_GetCurrentLineNumber(r.parser),
			r.trouble ? r.trouble : XML_ErrorString(XML_GetErrorCode(r.parser)));
	else
		*out = r.sum;
	XML_ParserFree(r.parser);
	buf_release(&r.text);
	return ret;
}
