#include "base/base.h"
#include "emulator/core/error.h"

#include <uv.h>

static const char *const domain_names[ERR_N_DOMAINS] = {
	[ERR_NONE] = "none",
	[ERR_USAGE] = "usage",
	[ERR_CONFIG] = "config",
	[ERR_SYS] = "sys",
	[ERR_UV] = "uv",
	[ERR_CURL] = "curl",
	[ERR_DOCKER] = "docker",
	[ERR_SCRIPT] = "script",
	[ERR_TIMEOUT] = "timeout",
	[ERR_CANCELLED] = "cancelled",
};

const char *error_domain_name(enum err_domain domain)
{
	if ((unsigned)domain >= ERR_N_DOMAINS)
		BUG("error domain %d", (int)domain);
	return domain_names[domain];
}

/* Cuts a text that did not fit before the character that the end would split, and marks the cut. */
static void mark_cut(struct error *err)
{
	size_t n = sizeof(err->text) - 4;

	while (n && ((unsigned char)err->text[n] & 0xc0) == 0x80)
		n--;
	memcpy(err->text + n, "...", 4);
}

int error_vset(struct error *err, enum err_domain domain, int code, const char *fmt, va_list ap)
{
	int n;

	if (!err || err->domain != ERR_NONE)
		return -1;
	err->domain = domain;
	err->code = code;
	n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	if (n >= (int)sizeof(err->text))
		mark_cut(err);
	return -1;
}

int error_set(struct error *err, enum err_domain domain, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_vset(err, domain, code, fmt, ap);
	va_end(ap);
	return -1;
}

int error_pass(struct error *to, const struct error *from)
{
	if (to && to->domain == ERR_NONE)
		*to = *from;
	return -1;
}

int error_wrap(struct error *err, const char *fmt, ...)
{
	char old[sizeof(err->text)];
	va_list ap;
	int n;

	if (!err || err->domain == ERR_NONE)
		return -1;
	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	if (n >= 0 && n < (int)sizeof(err->text))
		n += snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %s", old);
	if (n >= (int)sizeof(err->text))
		mark_cut(err);
	return -1;
}

/* "WHAT: REASON"; what comes from the caller's format. */
static int set_with_reason(struct error *err, enum err_domain domain, int code, const char *reason,
	const char *fmt, va_list ap)
{
	char what[sizeof(err->text)];

	vsnprintf(what, sizeof(what), fmt, ap);
	return error_set(err, domain, code, "%s: %s", what, reason);
}

int error_sys(struct error *err, int num, const char *fmt, ...)
{
	char reason[128];
	va_list ap;

	va_start(ap, fmt);
	set_with_reason(err, ERR_SYS, num, strerror_r(num, reason, sizeof(reason)), fmt, ap);
	va_end(ap);
	return -1;
}

int error_uv(struct error *err, int code, const char *fmt, ...)
{
	char reason[128];
	va_list ap;

	va_start(ap, fmt);
	set_with_reason(err, ERR_UV, code, uv_strerror_r(code, reason, sizeof(reason)), fmt, ap);
	va_end(ap);
	return -1;
}

void error_at(struct error *err, struct span at)
{
	if (err && !err->at.begin.line)
		err->at = at;
}
