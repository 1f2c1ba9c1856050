/* A scratch directory and shell commands in it, for this room's tests. */
#ifndef TEST_GIT_FIXTURE_H
#define TEST_GIT_FIXTURE_H

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char dir[] = "/tmp/cilocal-git-XXXXXX";

static int sh(const char *script)
{
	CLEANUP(free) char *text = xasprintf("set -e; cd '%s'; %s", dir, script);
	char bin[] = "sh", c[] = "-c";
	char *argv[] = {bin, c, text, NULL};
	int status = -1;
	pid_t pid;

	if (posix_spawnp(&pid, "sh", NULL, NULL, argv, environ))
		return -1;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int setup(void **state)
{
	UNUSED(state);
	if (!mkdtemp(dir))
		return -1;
	setenv("HOME", dir, 1);
	setenv("XDG_CONFIG_HOME", dir, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CEILING_DIRECTORIES", dir, 1);
	return sh("git config --global user.name 'Ann Example'; git config --global user.email "
		  "ann@example.com; git config --global init.defaultBranch main; "
		  "git config --global protocol.file.allow always; "
		  "git config --global advice.detachedHead false");
}

static int teardown(void **state)
{
	UNUSED(state);
	return sh("rm -rf '../'\"$(basename \"$PWD\")\"");
}

#endif
