#include "base/base.h"
#include "emulator/store/slot.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

/* More jobs than this never run at once. */
#define SLOTS_MAX 4096

int slot_take(struct slot *s, const char *dir, struct error *err)
{
	*s = SLOT_NONE;
	if (store_make_dirs(dir, err))
		return -1;
	for (unsigned i = 0; i < SLOTS_MAX; i++) {
		CLEANUP(free) char *path = xasprintf("%s/%u", dir, i);
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

		if (fd < 0)
			return error_sys(err, errno, "cannot open '%s'", path);
		if (!flock(fd, LOCK_EX | LOCK_NB)) {
			*s = (struct slot){.number = i, .fd = fd};
			return 0;
		}
		int why = errno;
		close(fd);
		if (why != EWOULDBLOCK)
			return error_sys(err, why, "cannot lock '%s'", path);
	}
	return error_set(err, ERR_SYS, EMFILE, "'%s': no number is free", dir);
}

void slot_give(struct slot *s)
{
	if (s->fd >= 0)
		close(s->fd);
	*s = SLOT_NONE;
}
