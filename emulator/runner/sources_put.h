/* One entry of a snapshot becomes a file. For sources_tree.c. */
#ifndef RUNNER_SOURCES_PUT_H
#define RUNNER_SOURCES_PUT_H

struct entry;
struct error;
struct stat;

/*
 * Writes a file or link, with its time, below the open folder; nothing is at its path, or a file
 * that may be written over. *st is what it became; st_nlink 0: its source is gone, so there is
 * none.
 */
int sources_put(int dir, const struct entry *e, struct stat *st, struct error *err);

#endif
