#include "base/base.h"
#include "emulator/git/repo.h"
#include "emulator/git/git_internal.h"
#include "emulator/core/error.h"
#include "emulator/core/trace.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define MAX_ARGS 40

/*
 * What would point git at another repository: hooks run with these set, and `cilocal` may be run
 * from a hook.
 */
static bool unwanted(const char *var)
{
	static const char *const names[] = {"GIT_DIR=", "GIT_WORK_TREE=", "GIT_INDEX_FILE=",
		"GIT_OBJECT_DIRECTORY=", "GIT_ALTERNATE_OBJECT_DIRECTORIES=", "GIT_COMMON_DIR=",
		"GIT_NAMESPACE=", "GIT_PREFIX=", "GIT_QUARANTINE_PATH=", "GIT_OPTIONAL_LOCKS=",
		"GIT_TERMINAL_PROMPT=", "LC_ALL=", "LANGUAGE="};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strncmp(var, names[i], strlen(names[i])))
			return true;
	return false;
}

static char **environment(void)
{
	static char locks[] = "GIT_OPTIONAL_LOCKS=0", prompt[] = "GIT_TERMINAL_PROMPT=0";
	static char locale[] = "LC_ALL=C";
	size_t n = 0, i;
	char **env;

	while (environ[n])
		n++;
	env = xcalloc(n + 4, sizeof(*env));
	for (i = n = 0; environ[i]; i++)
		if (!unwanted(environ[i]))
			env[n++] = environ[i];
	env[n++] = locks;
	env[n++] = prompt;
	env[n] = locale;
	return env;
}

static void trace_command(const char *const *args)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (; *args; args++)
		buf_printf(&b, " %s", *args);
	TRACE(GIT, "git" STR_FMT, STR_ARG(buf_str(&b)));
}

void git_spawn(struct git_proc *p, const char *root, const char *const *args)
{
	static char git[] = "git", dash_c[] = "-C";
	char *argv[MAX_ARGS + 4];
	int out[2] = {-1, -1}, err[2] = {-1, -1};
	posix_spawn_file_actions_t fa;
	char **env;
	size_t n = 0;

	if (trace_on(TRACE_GIT))
		trace_command(args);
	*p = (struct git_proc){.out_fd = -1, .err_fd = -1, .out = BUF_INIT, .err = BUF_INIT};
	argv[n++] = git;
	argv[n++] = dash_c;
	argv[n++] = (char *)(uintptr_t)root;
	for (; *args; args++) {
		if (n >= ARRAY_SIZE(argv) - 1)
			BUG("too many arguments for git");
		argv[n++] = (char *)(uintptr_t)*args;
	}
	argv[n] = NULL;
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
		p->spawn_errno = errno;
		cleanup_close(&out[0]);
		cleanup_close(&out[1]);
		return;
	}
	env = environment();
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&fa, out[1], 1);
	posix_spawn_file_actions_adddup2(&fa, err[1], 2);
	p->spawn_errno = posix_spawnp(&p->pid, "git", &fa, NULL, argv, env);
	posix_spawn_file_actions_destroy(&fa);
	free(env);
	close(out[1]);
	close(err[1]);
	p->out_fd = out[0];
	p->err_fd = err[0];
}

/* Reads what is there; closes the descriptor at its end. */
static void drain(int *fd, struct buf *to)
{
	ssize_t n;

	buf_reserve(to, 65536);
	n = read(*fd, to->p + to->n, 65536);
	if (n > 0) {
		to->n += (size_t)n;
		to->p[to->n] = '\0';
	} else if (n == 0 || errno != EINTR) {
		close(*fd);
		*fd = -1;
	}
}

void git_wait(struct git_proc *const *procs, size_t n)
{
	for (;;) {
		struct pollfd fds[16];
		int *fd[16];
		struct buf *to[16];
		size_t used = 0, i;

		for (i = 0; i < n && used + 2 <= ARRAY_SIZE(fds); i++) {
			struct git_proc *p = procs[i];

			if (p->out_fd >= 0) {
				fd[used] = &p->out_fd;
				to[used++] = &p->out;
			}
			if (p->err_fd >= 0) {
				fd[used] = &p->err_fd;
				to[used++] = &p->err;
			}
		}
		if (!used)
			return;
		for (i = 0; i < used; i++)
			fds[i] = (struct pollfd){*fd[i], POLLIN, 0};
		if (poll(fds, used, -1) < 0 && errno != EINTR)
			return;
		for (i = 0; i < used; i++)
			if (fds[i].revents)
				drain(fd[i], to[i]);
	}
}

int git_exit(struct git_proc *p, struct error *err)
{
	int status = 0;

	if (p->spawn_errno == ENOENT)
		return error_set(
			err, ERR_SYS, ENOENT, "git is not installed (no program 'git' in PATH)");
	if (p->spawn_errno)
		return error_sys(err, p->spawn_errno, "cannot run git");
	while (waitpid(p->pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_sys(err, errno, "cannot wait for git");
	p->pid = 0;
	if (!WIFEXITED(status))
		return error_set(err, ERR_SYS, 0, "git was ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

void git_release(struct git_proc *p)
{
	cleanup_close(&p->out_fd);
	cleanup_close(&p->err_fd);
	buf_release(&p->out);
	buf_release(&p->err);
}

struct str git_words(const struct git_proc *p)
{
	struct str s = buf_str(&p->err);
	size_t nl = str_chr(s, '\n');

	if (nl != STR_NPOS)
		s = str_sub(s, 0, nl);
	if (str_starts(s, STR("fatal: ")))
		s = str_from(s, 7);
	return s;
}

int repo_git(const struct repo *r, struct buf *out, struct error *err, const char *const *args)
{
	struct git_proc p, *list[] = {&p};
	int code;

	git_spawn(&p, r->root.p, args);
	git_wait(list, 1);
	code = git_exit(&p, err);
	buf_add(out, p.out.p, p.out.n);
	if (code > 1)
		error_set(err, ERR_SYS, code, "git %s: " STR_FMT, args[0], STR_ARG(git_words(&p)));
	git_release(&p);
	return code;
}
