/* fake-daemon SOCKET SCRIPT: the scripted engine as a program; ends on SIGTERM or SIGINT. */
#include "base/base.h"
#include "tests/daemon/fake.h"

#include <signal.h>

static void on_signal(uv_signal_t *s, int signum)
{
	UNUSED(signum);
	fwrite(fake_log(s->data).p, 1, fake_log(s->data).n, stdout);
	fake_stop(s->data);
	uv_signal_stop(s);
	uv_stop(s->loop);
}

static bool read_script(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "r");
	char piece[4096];
	size_t n;

	if (!f)
		return false;
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(out, piece, n);
	fclose(f);
	return true;
}

int main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	struct buf script = BUF_INIT;
	uv_signal_t term, interrupt;
	struct fake *f;

	if (argc != 3 || !read_script(argv[2], &script)) {
		fprintf(stderr, "usage: fake-daemon SOCKET SCRIPT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	f = fake_start(loop, argv[1], script.p);
	buf_release(&script);
	if (!f)
		return 1;
	uv_signal_init(loop, &term);
	uv_signal_init(loop, &interrupt);
	term.data = interrupt.data = f;
	uv_signal_start(&term, on_signal, SIGTERM);
	uv_signal_start(&interrupt, on_signal, SIGINT);
	uv_run(loop, UV_RUN_DEFAULT);
	return 0;
}
