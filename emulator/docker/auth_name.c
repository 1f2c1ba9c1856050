/* Names: what is looked up for an image, how configured keys are read, the header's value. */
#include "base/base.h"
#include "emulator/docker/auth.h"

#include "emulator/docker/base64.h"
#include "emulator/docker/json.h"

/* Host names know no case; paths do. */
static void add_path(struct buf *out, struct str path)
{
	size_t slash = str_chr(path, '/');
	struct str host = str_sub(path, 0, MIN(slash, path.n));

	for (size_t i = 0; i < host.n; i++)
		buf_addc(out, (char)tolower((unsigned char)host.p[i]));
	buf_addstr(out, str_from(path, host.n));
}

static bool names_a_host(struct str first)
{
	return str_chr(first, '.') != STR_NPOS || str_chr(first, ':') != STR_NPOS ||
	       str_is(first, "localhost");
}

void auth_image_path(struct buf *out, struct str image)
{
	size_t slash = str_chr(image, '/'), last, tag;
	struct str first = str_sub(image, 0, MIN(slash, image.n));

	if (str_chr(image, '@') != STR_NPOS)
		image = str_sub(image, 0, str_chr(image, '@'));
	last = str_rchr(image, '/');
	last = last == STR_NPOS ? 0 : last + 1;
	tag = str_chr(str_from(image, last), ':');
	if (tag != STR_NPOS)
		image = str_sub(image, 0, last + tag);
	if (slash == STR_NPOS || !names_a_host(first))
		buf_adds(out, "docker.io/");
	else if (str_is(first, "index.docker.io"))
		image = str_from(image, strlen("index."));
	add_path(out, image);
}

static struct str without_protocol(struct str key)
{
	static const struct str protocols[] = {STR_INIT("http://"), STR_INIT("https://")};

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (str_ieq(str_sub(key, 0, protocols[i].n), protocols[i]))
			return str_from(key, protocols[i].n);
	return key;
}

void auth_key_path(struct buf *out, struct str key)
{
	struct str rest = without_protocol(key);
	size_t slash, colon;

	if (rest.n < key.n) {
		/* The old style, "https://host/v1/": only the host counts. */
		rest = str_sub(rest, 0, MIN(str_chr(rest, '/'), rest.n));
		if (str_ieq(rest, STR("index.docker.io")))
			rest = STR("docker.io");
		add_path(out, rest);
		return;
	}
	if (str_ends(key, STR("/")))
		key = str_sub(key, 0, key.n - 1);
	slash = str_rchr(key, '/');
	colon = str_rchr(key, ':');
	if (slash != STR_NPOS && colon != STR_NPOS && colon > slash)
		key = str_sub(key, 0, colon);
	add_path(out, key);
}

void auth_header(struct buf *out, const struct auth_entry *e)
{
	struct buf text = BUF_INIT;
	json_t *o = json_object();

	json_put_str(o, "username", e->username);
	json_put_str(o, "password", e->password);
	json_put_str(o, "auth", e->auth);
	json_put_str(o, "serveraddress", e->server);
	json_put_str(o, "identitytoken", e->identity_token);
	json_put_str(o, "registrytoken", e->registry_token);
	json_write(&text, o);
	/* The official client's encoder ends with a line feed; the same bytes help comparing. */
	buf_addc(&text, '\n');
	base64url_encode(out, buf_str(&text));
	buf_release(&text);
}
