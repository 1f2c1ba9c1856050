/*
 * The numbers of jobs that run at once, of all processes that work for one project: a number is
 * taken by the lock (flock) of its file, so that it is free again however its process ends.
 */
#ifndef STORE_SLOT_H
#define STORE_SLOT_H

struct error;

struct slot {
	unsigned number;
	int fd; /* -1: none is held */
};

#define SLOT_NONE ((struct slot){.fd = -1})

/*
 * Takes the lowest number from 0 on that nobody holds; dir (PROJECT/.cilocal/slots) is made where
 * it is missing. 0, or -1 with err; then the slot is SLOT_NONE.
 */
int slot_take(struct slot *s, const char *dir, struct error *err);
/* Does nothing where none is held. */
void slot_give(struct slot *s);

#endif
