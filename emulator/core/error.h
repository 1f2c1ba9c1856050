/*
 * Run-time errors: what failed while something ran, as opposed to what is wrong with a definition
 * (that is base/diag.h). A function that can fail takes `struct error *err` last, returns 0 or -1
 * and leaves *err untouched on success. No allocation; the first error set wins.
 */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include "base/diag.h"
#include "base/util.h"

/* Who failed. The command line maps domains to exit codes in one table. */
enum err_domain {
	ERR_NONE,      /* no error */
	ERR_USAGE,     /* the command line or a configuration file; code unused */
	ERR_CONFIG,    /* what the pipeline asks for can't be (no such image, no such path) */
	ERR_SYS,       /* the operating system; code is an errno */
	ERR_UV,        /* libuv; code is a negative UV_ number */
	ERR_CURL,      /* a transfer; code is a CURLcode */
	ERR_DOCKER,    /* the engine refused; code is the HTTP status, 0 for an unusable answer */
	ERR_SCRIPT,    /* the user's script; code is its exit code */
	ERR_TIMEOUT,   /* a time limit of ours */
	ERR_CANCELLED, /* somebody asked for the end */
	ERR_N_DOMAINS
};

struct error {
	enum err_domain domain;
	int code;
	struct span at; /* the place in a definition that asked for what failed, or SPAN_NONE */
	char text[512]; /* lower case, no full stop; cut at a character where longer */
};

#define ERROR_INIT ((struct error){.domain = ERR_NONE})

/* Sets *err unless it holds an error already or is NULL. Always returns -1. */
int error_set(struct error *err, enum err_domain domain, int code, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
int error_vset(struct error *err, enum err_domain domain, int code, const char *fmt, va_list ap)
	PRINTF_LIKE(4, 0);

/*
 * Hands an error on as it is, with its place: *to becomes *from unless it holds an error already or
 * is NULL. *from stays the caller's; without an error nothing happens. Always returns -1.
 */
int error_pass(struct error *to, const struct error *from);

/* "PREFIX: OLD TEXT"; domain and code stay. Nothing happens without an error. Returns -1. */
int error_wrap(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "WHAT: strerror(num)" with domain SYS, and "WHAT: uv_strerror(code)" with domain UV. */
int error_sys(struct error *err, int num, const char *fmt, ...) PRINTF_LIKE(3, 4);
int error_uv(struct error *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts the place of the definition that asked; keeps a place that is set. */
void error_at(struct error *err, struct span at);

static inline bool error_is(const struct error *err)
{
	return err->domain != ERR_NONE;
}

/* Stable lower-case name ("docker", "timeout") for traces and records. */
const char *error_domain_name(enum err_domain domain);

#endif
