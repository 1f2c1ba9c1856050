#include "base/base.h"
#include "emulator/docker/json.h"

#define MAX_OBJECT ((size_t)4 << 20)

void json_stream_init(struct json_stream *s)
{
	memset(s, 0, sizeof(*s));
	buf_init_max(&s->text, MAX_OBJECT);
}

void json_stream_release(struct json_stream *s)
{
	buf_release(&s->text);
}

/* True when ch ends the outermost object. */
static bool ends_object(struct json_stream *s, char ch)
{
	if (s->in_string) {
		if (s->escaped)
			s->escaped = false;
		else if (ch == '\\')
			s->escaped = true;
		else if (ch == '"')
			s->in_string = false;
		return false;
	}
	if (ch == '"')
		s->in_string = true;
	else if (ch == '{' || ch == '[')
		s->depth++;
	else if ((ch == '}' || ch == ']') && s->depth)
		return --s->depth == 0;
	return false;
}

void json_stream_feed(struct json_stream *s, struct str in, json_stream_fn *fn, void *arg)
{
	size_t from = 0;

	for (size_t i = 0; i < in.n && !s->broken; i++) {
		/* Between objects: white space, or garbage that no object starts in. */
		if (!s->depth && in.p[i] != '{' && in.p[i] != '[') {
			from = i + 1;
			continue;
		}
		if (!ends_object(s, in.p[i]))
			continue;
		buf_addstr(&s->text, str_sub(in, from, i + 1));
		from = i + 1;
		if (!s->text.overflow)
			fn(arg, buf_str(&s->text));
		s->broken = s->text.overflow;
		buf_clear(&s->text);
	}
	if (s->depth && !s->broken)
		buf_addstr(&s->text, str_from(in, from));
}
