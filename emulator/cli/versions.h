/* `--version`: the program and the libraries that it runs with. */
#ifndef CLI_VERSIONS_H
#define CLI_VERSIONS_H

#include <stddef.h>

struct buf;

/* The first line is "cilocal VERSION"; those after it fit so many columns. Loads what is loaded
 * late. */
void versions_text(struct buf *out, size_t columns);

#endif
