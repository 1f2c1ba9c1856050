/* For the files of this room only: reading the docker client's small configuration files. */
#ifndef DOCKER_FILE_H
#define DOCKER_FILE_H

struct buf;
struct error;

/* Appends a regular file of up to 4 MiB. -1 with an errno in the error. */
int docker_file_read(const char *path, struct buf *out, struct error *err);

#endif
