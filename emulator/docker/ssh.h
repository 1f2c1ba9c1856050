/*
 * An engine on another machine through the ssh program, as the docker client does it: a socket of
 * our own, and for each connection to it `ssh HOST docker system dial-stdio`. For engine.c and
 * call.c only.
 */
#ifndef DOCKER_SSH_H
#define DOCKER_SSH_H

struct endpoint;
struct error;
struct loop;
struct ssh_relay;

/* NULL with err where there can be no socket. */
struct ssh_relay *ssh_relay_new(struct loop *l, const struct endpoint *at, struct error *err);
/* Connections end; the socket goes. */
void ssh_relay_free(struct ssh_relay *r);

const char *ssh_relay_socket(const struct ssh_relay *r);
/* The last line that ssh, or the program there, wrote as an error; "" for none. */
const char *ssh_relay_said(struct ssh_relay *r);

#endif
