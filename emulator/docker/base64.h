/* For the files of this room only: base64 in both alphabets. */
#ifndef DOCKER_BASE64_H
#define DOCKER_BASE64_H

#include "base/str.h"

struct buf;

/* Reads the standard and the URL alphabet; stops at padding. False on any other character. */
bool base64_decode(struct buf *out, struct str in);
/* URL alphabet with padding. */
void base64url_encode(struct buf *out, struct str in);

#endif
