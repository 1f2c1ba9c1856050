/*
 * The placeholders in the words of a hint: {name|otherwise}, filled from the line that was seen or
 * from the job. `otherwise` stands where nothing is known.
 *
 * {host}    the host that could not be found or trusted
 * {server}  the DNS server that was asked
 * {user}    {tool} {path} {image} {port} {container}: what the line complains about
 * {proxied} the image behind a prefix of the dependency proxy
 * {dind}    the image of the job's Docker-in-Docker service, or one that fits the job's image
 */
#include "base/base.h"

#include "emulator/runner/diagnose.h"
#include "emulator/runner/diagnose_internal.h"
#include "config/job_def.h"

/* After `before` and up to any character of `stop`; a host does not hold blanks or quotes. */
struct cut {
	const char *name, *before, *stop;
};

static const struct cut cuts[] = {
	{"host", "wanted to match ", " \"',"},
	{"host", "lookup ", " :\"',"},
	{"host", "https://", "/\"' ):"},
	{"host", "http://", "/\"' ):"},
	{"host", "resolve host: ", " \"',"},
	{"host", "ENOTFOUND ", " \"',"},
	{"host", "EAI_AGAIN ", " \"',"},
	{"host", "host name \"", "\""},
	{"host", "bad address '", ":'"},
	{"host", "host '", "'"},
	{"host", "UnknownHostException: ", " :"},
	{"host", "getaddrinfo for ", " "},
	{"host", "connecting to ", " :"},
	{"server", " on ", ": "},
	{"image", "manifest for ", " "},
	{"proxied", "/dependency_proxy/containers/", " \"',"},
	{"image", "no such image: ", " "},
	{"image", "failed to resolve reference \"", "\""},
	{"image", "locally with the tag: ", " "},
	{"image", "tag does not exist: ", " "},
	{"port", "bind for 0.0.0.0:", " "},
	{"port", "bind for 127.0.0.1:", " "},
	{"container", "container name \"/", "\""},
	{"user", "find user ", ": "},
	{"user", "user \"", "\""},
};

static size_t find_folded(struct str s, struct str needle)
{
	for (size_t i = 0; i + needle.n <= s.n; i++)
		if (str_ieq(str_sub(s, i, i + needle.n), needle))
			return i;
	return STR_NPOS;
}

/* The word in front of the last ": <text>", as in "bash: line 3: go: command not found". */
static struct str word_before(struct str line, const char *text)
{
	size_t at = find_folded(line, str_c(text));
	if (at == STR_NPOS)
		return STR_NULL;
	struct str head = str_sub(line, 0, at);
	size_t colon = str_rchr(head, ':');
	head = str_trim(colon == STR_NPOS ? head : str_from(head, colon + 1));
	return str_chr(head, ' ') == STR_NPOS ? head : STR_NULL;
}

static struct str from_line(struct str name, struct str line)
{
	if (str_is(name, "tool")) {
		struct str tool = word_before(line, ": command not found");
		if (!tool.n)
			tool = word_before(line, ": not found");
		return tool.n ? tool : word_before(line, ": cannot execute");
	}
	if (str_is(name, "path"))
		return word_before(line, ": permission denied");
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		if (!str_is(name, cuts[i].name))
			continue;
		size_t at = find_folded(line, str_c(cuts[i].before));
		if (at == STR_NPOS)
			continue;
		struct str rest = str_from(line, at + strlen(cuts[i].before));
		size_t n = 0;
		/* "https://host:5000/v2/": the port belongs to a registry's name. */
		const char *stop = cuts[i].stop;
		while (n < rest.n && (!strchr(stop, rest.p[n]) ||
					     (rest.p[n] == ':' && n + 1 < rest.n &&
						     isdigit((unsigned char)rest.p[n + 1]) &&
						     strchr(stop, '/'))))
			n++;
		if (n)
			return str_sub(rest, 0, n);
	}
	return STR_NULL;
}

/* image: docker:20.10.16 wants services: docker:20.10.16-dind. */
static struct str fitting_dind(struct arena *a, const struct diagnose_context *ctx)
{
	struct str image = ctx->job && ctx->job->image ? ctx->job->image->name.s : STR_NULL;
	size_t slash = str_rchr(image, '/');
	struct str last = slash == STR_NPOS ? image : str_from(image, slash + 1);
	if (!str_starts(last, STR("docker:")))
		return STR_NULL;
	struct str tag = str_from(last, strlen("docker:"));
	if (str_ends(tag, STR("-cli")))
		tag = str_sub(tag, 0, tag.n - 4);
	return arena_printf(a, "docker:" STR_FMT "-dind", STR_ARG(tag));
}

static struct str value_of(struct arena *a, struct str name, const struct diagnose_hit *hit,
	const struct diagnose_context *ctx)
{
	if (str_is(name, "image")) {
		/* Docker adds this where a name has no tag. */
		struct str written = from_line(name, hit->line);
		return str_ends(written, STR(":latest")) ? str_sub(written, 0, written.n - 7)
							 : written;
	}
	if (str_is(name, "proxied")) {
		struct str own = from_line(name, hit->line);
		return str_ends(own, STR(":")) ? str_sub(own, 0, own.n - 1) : own;
	}
	if (!str_is(name, "dind"))
		return from_line(name, hit->line);
	struct str image = diagnose_dind_image(a, ctx);
	return image.n ? image : fitting_dind(a, ctx);
}

struct str diagnose_fill(struct arena *a, struct str text, const struct diagnose_hit *hit,
	const struct diagnose_context *ctx)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	while (text.n) {
		size_t open = str_chr(text, '{');
		size_t close = open == STR_NPOS ? STR_NPOS : str_chr(str_from(text, open), '}');
		struct str inner =
			close == STR_NPOS ? STR_NULL : str_sub(text, open + 1, open + close);
		size_t bar = str_chr(inner, '|');
		if (open == STR_NPOS) {
			buf_addstr(&out, text);
			break;
		}
		buf_addstr(&out, str_sub(text, 0, open));
		/* Braces without a bar are text: YAML in flow style. */
		if (bar == STR_NPOS || (str_chr(inner, ' ') < bar)) {
			buf_addc(&out, '{');
			text = str_from(text, open + 1);
			continue;
		}
		struct str value = value_of(a, str_sub(inner, 0, bar), hit, ctx);
		buf_addstr(&out, value.n ? value : str_from(inner, bar + 1));
		text = str_from(text, open + close + 1);
	}
	return arena_str(a, buf_str(&out));
}
