/*
 * The quick way to start a process: posix_spawn() shares this process's memory with the child until
 * its exec, where uv_spawn() copies the page tables and then each page that either side writes; of
 * a program of 15 MiB that is more than starting a shell costs. The end is told by a pidfd, so no
 * signal handler is needed.
 *
 * Only for children whose streams are all pipes or files of ours; whatever does not fit, or fails,
 * is left to uv_spawn(), and so are kernels before 5.3.
 */
#include "base/base.h"
#include "emulator/core/proc_internal.h"

#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */
#else
	UNUSED(pid);
	errno = ENOSYS;
	return -1;
#endif
}

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

static const char *path_of(char *const *env)
{
	for (size_t i = 0; env[i]; i++)
		if (!strncmp(env[i], "PATH=", 5))
			return env[i] + 5;
	return NULL;
}

/* Where the child's PATH says; NULL: nowhere, or relative to a folder that is not yet entered. */
static char *find_program(const char *name, char *const *env)
{
	const char *path = path_of(env);

	if (strchr(name, '/'))
		return *name == '/' ? xstrdup(name) : NULL;
	while (path && *path) {
		const char *end = strchrnul(path, ':');
		char *all;

		if (*path != '/')
			return NULL;
		all = xasprintf("%.*s/%s", (int)(end - path), path, name);
		if (is_program(all))
			return all;
		free(all);
		path = *end ? end + 1 : NULL;
	}
	return NULL;
}

static int add_stream(posix_spawn_file_actions_t *f, int from, int to)
{
	if (from >= 0)
		return posix_spawn_file_actions_adddup2(f, from, to);
	return posix_spawn_file_actions_addopen(f, to, "/dev/null", to ? O_RDWR : O_RDONLY, 0);
}

/* As uv_spawn() leaves them: a session of its own, no signal blocked, caught or ignored. */
static int set_attributes(posix_spawnattr_t *a)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	return posix_spawnattr_setflags(
		       a, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) ||
	       posix_spawnattr_setsigmask(a, &none) || posix_spawnattr_setsigdefault(a, &all);
}

static pid_t spawn(const struct proc *p, const char *program, char *const *env, const int fds[3])
{
	posix_spawn_file_actions_t f;
	posix_spawnattr_t a;
	pid_t pid = -1;
	int bad = 0;

	if (posix_spawn_file_actions_init(&f))
		return -1;
	if (posix_spawnattr_init(&a)) {
		posix_spawn_file_actions_destroy(&f);
		return -1;
	}
	for (int i = 0; i < 3 && !bad; i++)
		bad = add_stream(&f, fds[i], i);
	if (!bad && p->cwd)
		bad = posix_spawn_file_actions_addchdir_np(&f, p->cwd);
	if (bad || set_attributes(&a) || posix_spawn(&pid, program, &f, &a, p->argv, env))
		pid = -1;
	posix_spawnattr_destroy(&a);
	posix_spawn_file_actions_destroy(&f);
	return pid;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct proc *p = container_of(poll, struct proc, ended);
	int how = 0;
	pid_t pid;

	UNUSED(status);
	UNUSED(events);
	do
		pid = waitpid(p->pid, &how, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (!pid)
		return;
	proc_unwatch(p);
	if (pid < 0)
		how = 255 << 8; /* somebody else took it */
	proc_exited(p, WIFEXITED(how) ? WEXITSTATUS(how) : 0, WIFSIGNALED(how) ? WTERMSIG(how) : 0);
}

void proc_unwatch(struct proc *p)
{
	if (!p->watched)
		return;
	p->watched = false;
	proc_close_handle(p, &p->ended);
	close(p->pidfd);
}

/* Where SIGCHLD is ignored, children go without an exit code; uv_spawn() catches it. */
static bool may_watch(void)
{
	struct sigaction sa;
	int fd;

	if (sigaction(SIGCHLD, NULL, &sa) || sa.sa_handler == SIG_IGN ||
		(sa.sa_flags & SA_NOCLDWAIT))
		return false;
	fd = open_pidfd(getpid());
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The descriptor was tried out before; what is left to fail is having too many open. */
static bool watch(struct proc *p, pid_t pid)
{
	p->pidfd = open_pidfd(pid);
	if (p->pidfd < 0)
		return false;
	if (uv_poll_init(loop_uv(p->loop), &p->ended, p->pidfd)) {
		close(p->pidfd);
		return false;
	}
	p->handles++;
	p->watched = true;
	if (!uv_poll_start(&p->ended, UV_READABLE, on_poll))
		return true;
	proc_unwatch(p);
	return false;
}

bool proc_spawn_quick(struct proc *p, const int fds[3])
{
	char *const *env = p->env ? p->env : environ;
	CLEANUP(free) char *program = NULL;
	pid_t pid;

	if (p->inherit_input || p->inherit_output || p->foreground || !may_watch())
		return false;
	/* What replaces one of the three must not be one of them. */
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0 && fds[i] < 3)
			return false;
	program = find_program(p->argv[0], env);
	if (!program)
		return false;
	pid = spawn(p, program, env, fds);
	if (pid < 0)
		return false;
	if (!watch(p, pid)) {
		end_child(pid);
		return false;
	}
	p->pid = pid;
	return true;
}
