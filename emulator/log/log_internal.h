/* Shared by the files of emulator/log only. */
#ifndef LOG_LOG_INTERNAL_H
#define LOG_LOG_INTERNAL_H

#include <stddef.h>
#include "base/str.h"

/* Writes all, waiting where the descriptor is non-blocking and full. 0 or an errno. */
int log_write_all(int fd, const char *p, size_t n);

/* The last state of a line with carriage returns: what a terminal would show of a progress bar. */
struct str log_last_state(struct str line);

#endif
