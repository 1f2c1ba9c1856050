/* The HTTP around a hijacked connection: one request out, one head in. */
#include "base/base.h"
#include "emulator/docker/raw_internal.h"

#define MAX_HEAD    ((size_t)64 << 10)
#define MAX_REFUSAL ((size_t)1 << 20)

void raw_write_request(const struct raw *r, struct buf *out)
{
	const struct endpoint *at = &r->engine->at;

	buf_printf(out, "POST /v%s%s HTTP/1.1\r\n", r->engine->version, r->path.p);
	if (at->host)
		buf_printf(out, strchr(at->host, ':') ? "Host: [%s]:%u\r\n" : "Host: %s:%u\r\n",
			at->host, at->port);
	else
		buf_adds(out, "Host: localhost\r\n");
	buf_adds(out, "User-Agent: cilocal\r\n"
		      "Connection: Upgrade\r\n"
		      "Upgrade: tcp\r\n");
	if (r->body.n)
		buf_adds(out, "Content-Type: application/json\r\n");
	buf_printf(out, "Content-Length: %zu\r\n\r\n", r->body.n);
	buf_addstr(out, buf_str(&r->body));
}

static long parse_status(struct str head)
{
	int64_t status;

	if (!str_starts(head, STR("HTTP/1.")) || head.n < 12 || head.p[8] != ' ')
		return -1;
	return parse_i64(str_sub(head, 9, 12), &status) && status >= 100 ? (long)status : -1;
}

enum raw_answer raw_read_answer(struct raw *r, struct str in, struct str *rest)
{
	size_t had = r->head.n, end;
	/* The end mark may lie across two reads. */
	size_t from = had > 3 ? had - 3 : 0;

	if (!had)
		r->head.max = MAX_HEAD + in.n;
	buf_addstr(&r->head, in);
	end = str_find(str_from(buf_str(&r->head), from), STR("\r\n\r\n"));
	if (end == STR_NPOS) {
		if (r->head.overflow || r->head.n > MAX_HEAD)
			return RAW_GARBAGE;
		/* Whatever does not even begin like HTTP will not get better. */
		if (r->head.n >= 7 && !str_starts(buf_str(&r->head), STR("HTTP/1.")))
			return RAW_GARBAGE;
		return RAW_NEED_MORE;
	}
	end += from + 4;
	*rest = str_from(in, end - had);
	buf_truncate(&r->head, end);
	r->status = parse_status(buf_str(&r->head));
	if (r->status < 0)
		return RAW_GARBAGE;
	if (r->status == 101 || r->status == 200)
		return RAW_SWITCHED;
	if (r->status < 200) {
		/* 100 Continue and its like: the real answer follows. */
		struct str again = *rest;

		buf_clear(&r->head);
		return again.n ? raw_read_answer(r, again, rest) : RAW_NEED_MORE;
	}
	r->refusal.max = MAX_REFUSAL;
	return RAW_ERROR_STATUS;
}

static void object_seen(void *arg, struct str object)
{
	UNUSED(object);
	*(bool *)arg = true;
}

/*
 * The connection stays open after an error, so the body's own end is what counts: its length, or
 * the end of the JSON object where it comes in chunks.
 */
bool raw_read_refusal(struct raw *r, struct str in)
{
	struct http_response head = {.headers = buf_str(&r->head)};
	struct str length = http_header(&head, "Content-Length");
	struct json_stream s;
	bool complete = false;
	uint64_t n;

	buf_addstr(&r->refusal, in);
	if (r->refusal.overflow)
		return true;
	if (length.p && parse_u64(length, &n))
		return r->refusal.n >= n;
	json_stream_init(&s);
	json_stream_feed(&s, buf_str(&r->refusal), object_seen, &complete);
	json_stream_release(&s);
	return complete;
}
