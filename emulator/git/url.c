#include "base/base.h"
#include "emulator/git/repo.h"

/* "/group/name.git/" -> "group/name" */
static struct str clean_path(struct str p)
{
	while (p.n && p.p[0] == '/')
		p = str_from(p, 1);
	while (p.n && p.p[p.n - 1] == '/')
		p.n--;
	if (p.n > 4 && str_ends(p, STR(".git")))
		p.n -= 4;
	return p;
}

/* "[user[:password]@]host[:port]" */
static void authority(struct git_url *u, struct str a)
{
	size_t at = str_rchr(a, '@'), colon;

	if (at != STR_NPOS) {
		struct str user = str_sub(a, 0, at);

		colon = str_chr(user, ':');
		u->user = colon == STR_NPOS ? user : str_sub(user, 0, colon);
		a = str_from(a, at + 1);
	}
	if (a.n && a.p[0] == '[') { /* an IPv6 address */
		size_t end = str_chr(a, ']');

		if (end != STR_NPOS) {
			u->host = str_sub(a, 1, end);
			a = str_from(a, end + 1);
			if (a.n > 1 && a.p[0] == ':')
				u->port = str_from(a, 1);
			return;
		}
	}
	colon = str_rchr(a, ':');
	u->host = colon == STR_NPOS ? a : str_sub(a, 0, colon);
	if (colon != STR_NPOS)
		u->port = str_from(a, colon + 1);
}

static void copy(struct arena *a, struct git_url *u)
{
	u->protocol = arena_str(a, u->protocol);
	u->user = arena_str(a, u->user);
	u->host = arena_str(a, u->host);
	u->port = arena_str(a, u->port);
	u->path = arena_str(a, u->path);
}

static bool with_scheme(struct arena *a, struct str text, size_t sep, struct git_url *u)
{
	struct str scheme = str_sub(text, 0, sep), rest = str_from(text, sep + 3);
	size_t slash = str_chr(rest, '/');

	/* git+ssh:// and ssh+git:// are old spellings of ssh:// */
	if (str_find(scheme, STR("ssh")) != STR_NPOS)
		scheme = STR("ssh");
	u->protocol = scheme;
	if (str_is(scheme, "file")) {
		u->path = clean_path(rest);
	} else {
		authority(u, slash == STR_NPOS ? rest : str_sub(rest, 0, slash));
		u->path = slash == STR_NPOS ? STR_NULL : clean_path(str_from(rest, slash));
	}
	copy(a, u);
	return u->path.n != 0 && (u->host.n != 0 || str_is(scheme, "file"));
}

bool git_url_parse(struct arena *a, struct str text, struct git_url *out)
{
	size_t sep = str_find(text, STR("://")), colon = str_chr(text, ':');
	size_t slash = str_chr(text, '/');

	*out = (struct git_url){0};
	text = str_trim(text);
	if (!text.n)
		return false;
	if (sep != STR_NPOS)
		return with_scheme(a, text, sep, out);
	if (colon == STR_NPOS || (slash != STR_NPOS && slash < colon)) {
		out->protocol = STR("file");
		out->path = clean_path(text);
		copy(a, out);
		return out->path.n != 0;
	}
	/* scp's form: [user@]host:path, and with a port as people write it: host:2222/path */
	out->protocol = STR("ssh");
	if (text.p[0] == '[') {
		size_t end = str_chr(text, ']');

		if (end == STR_NPOS || end + 1 >= text.n || text.p[end + 1] != ':')
			return false;
		authority(out, str_sub(text, 1, end));
		out->path = clean_path(str_from(text, end + 2));
	} else {
		authority(out, str_sub(text, 0, colon));
		out->path = clean_path(str_from(text, colon + 1));
	}
	copy(a, out);
	return out->host.n && out->path.n;
}
