/*
 * A scripted Docker Engine on a Unix socket (the script is described in README.md), and a log of
 * what it was asked.
 */
#ifndef TESTS_DAEMON_FAKE_H
#define TESTS_DAEMON_FAKE_H

#include "base/buf.h"

#include <uv.h>

struct fake;

/* Listens at path, NULL: on a free TCP port of 127.0.0.1. The script is copied. NULL with a message
 * on standard error when it is wrong. */
struct fake *fake_start(uv_loop_t *loop, const char *path, const char *script);
unsigned fake_port(const struct fake *f); /* of one without path */
/* Stops listening and drops all connections; memory goes when the loop has turned. */
void fake_stop(struct fake *f);

/* One line for each request: METHOD, path, and the body behind a space if there was one. */
struct str fake_log(const struct fake *f);
/* Connections that are open now, and requests seen so far. */
unsigned fake_connections(const struct fake *f);
unsigned fake_requests(const struct fake *f);

#endif
