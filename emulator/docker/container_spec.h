/* For container.c only: the body of POST /containers/create. */
#ifndef DOCKER_CONTAINER_SPEC_H
#define DOCKER_CONTAINER_SPEC_H

struct buf;
struct container_spec;

void container_spec_write(const struct container_spec *s, struct buf *out);

#endif
