/*
 * What an engine sends and what users name: output frames, streams of JSON, image names, addresses.
 * The first byte says how the rest is cut, which must not matter.
 */
#include "fuzz.h"

#include "emulator/core/error.h"
#include "emulator/docker/auth.h"
#include "emulator/docker/engine.h"
#include "emulator/docker/image.h"
#include "emulator/docker/json.h"
#include "emulator/docker/stream.h"

static void add_output(void *arg, int stream, struct str data)
{
	buf_addstr((struct buf *)arg + (stream == 2), data);
}

/* Output of both streams, and whether it was refused. */
static int demultiplex(struct str in, size_t piece, struct buf out[2])
{
	struct error err = ERROR_INIT;
	struct stream s;
	int rc = 0;

	stream_init(&s, false);
	for (size_t at = 0; at < in.n && !rc; at += piece)
		rc = stream_feed(&s, str_sub(in, at, MIN(at + piece, in.n)), add_output, out, &err);
	if (!rc)
		rc = stream_end(&s, &err);
	PROPERTY(!rc == !error_is(&err), "a refusal has a text");
	return rc;
}

static void frames(struct str in, size_t piece)
{
	struct buf whole[2] = {BUF_INIT, BUF_INIT}, cut[2] = {BUF_INIT, BUF_INIT};
	int a = demultiplex(in, in.n + 1, whole), b = demultiplex(in, piece, cut);

	PROPERTY(a == b, "cutting changes the verdict");
	for (int i = 0; i < 2; i++) {
		PROPERTY(str_eq(buf_str(&whole[i]), buf_str(&cut[i])), "cutting changes output");
		buf_release(&whole[i]);
		buf_release(&cut[i]);
	}
}

static void add_object(void *arg, struct str object)
{
	PROPERTY(object.n >= 2 && (object.p[0] == '{' || object.p[0] == '['), "no object");
	buf_addstr(arg, object);
	buf_addc(arg, '\n');
}

static void objects(struct str in, size_t piece)
{
	struct buf whole = BUF_INIT, cut = BUF_INIT;
	struct json_stream s;

	json_stream_init(&s);
	json_stream_feed(&s, in, add_object, &whole);
	json_stream_release(&s);
	json_stream_init(&s);
	for (size_t at = 0; at < in.n; at += piece)
		json_stream_feed(&s, str_sub(in, at, MIN(at + piece, in.n)), add_object, &cut);
	json_stream_release(&s);
	PROPERTY(str_eq(buf_str(&whole), buf_str(&cut)), "cutting changes objects");
	buf_release(&whole);
	buf_release(&cut);
}

static void names(struct str in)
{
	struct error err = ERROR_INIT;
	struct buf path = BUF_INIT, again = BUF_INIT;
	char *url = xstrndup(in.n ? in.p : "", in.n);
	struct endpoint at;
	struct image_ref r;

	if (image_ref_parse(in, &r))
		PROPERTY(r.repo.n && r.repo.n + r.tag.n + r.digest.n <= in.n, "parts of a name");
	auth_image_path(&path, in);
	auth_key_path(&again, buf_str(&path));
	buf_release(&again);
	buf_release(&path);
	if (endpoint_parse(url, &at, &err))
		PROPERTY(error_is(&err) && !at.url && !at.host, "a refusal has a text");
	else
		endpoint_release(&at);
	free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_n((const char *)data, size);
	size_t piece;

	if (!size)
		return 0;
	piece = (size_t)data[0] % 16 + 1;
	in = str_from(in, 1);
	frames(in, piece);
	objects(in, piece);
	names(in);
	return 0;
}
