/*
 * Processes that jobs of the shell executor left behind: started with setsid or nohup, or by a
 * cilocal that was killed. On GitLab they outlive their job, and so they do here, because a later
 * job may be meant to use them; but none outlives the run. They are known by the job's directory in
 * their environment, which everything that a job starts inherits (/proc; elsewhere nothing is
 * found).
 */
#ifndef RUNNER_STRAY_H
#define RUNNER_STRAY_H

#include <stddef.h>

/* What a shell job's environment has with a folder below run_dir as its value. */
#define STRAY_MARK "GIT_CEILING_DIRECTORIES="

/*
 * Ends those of the run with that folder: SIGTERM, and SIGKILL after grace_ms (0: at once). Returns
 * how many there were. Blocks until they are gone, a second longer than that at most.
 */
size_t stray_end(const char *run_dir, unsigned grace_ms);
/* How many there are now. */
size_t stray_count(const char *run_dir);

#endif
