/*
 * A small HTTP/1.1 server on the loop: a few documents that jobs ask this program for while they
 * run. GET and HEAD, one answer a connection; requests are cut off at 8 KiB and after ten seconds.
 */
#ifndef CORE_HTTPD_H
#define CORE_HTTPD_H

#include <stdbool.h>
#include "base/str.h"

struct error;
struct httpd;
struct loop;

struct httpd_request {
	struct str path; /* without the query */
	struct str host; /* as the client wrote it: "127.0.0.1:4711"; may be empty */
};
/* Zeroed before: status 0 is answered as 404. The strings are copied when the function returns. */
struct httpd_answer {
	unsigned status;
	const char *type; /* Content-Type */
	struct str body;
};
typedef void httpd_fn(void *arg, const struct httpd_request *q, struct httpd_answer *out);

/* Listens nowhere yet. */
struct httpd *httpd_new(struct loop *l, httpd_fn *fn, void *arg);
/*
 * Listens at an IPv4 address of this machine as well; port 0: the system picks one. Returns the
 * port, 0 with err. Does not keep the loop running.
 */
unsigned httpd_listen(struct httpd *h, const char *address, unsigned port, struct error *err);
/* Closes all; the memory goes when the loop has closed its handles. NULL is fine. */
void httpd_free(struct httpd *h);

#endif
