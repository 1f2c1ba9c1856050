#include "base/base.h"

#include "emulator/cli/cmd.h"

#include <signal.h>

int main(int argc, char **argv)
{
	struct cli c = {.arena = ARENA_INIT, .out = BUF_INIT};
	/* A reader that goes away (`cilocal list | head`) shows as EPIPE, which cli_flush() knows.
	 */
	signal(SIGPIPE, SIG_IGN);
	int code = cli_main(&c, argc, argv);
	buf_release(&c.out);
	arena_release(&c.arena);
	return code;
}
