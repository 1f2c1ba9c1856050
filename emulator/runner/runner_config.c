#include "base/base.h"
#include "emulator/runner/runner_config.h"

void runner_config_init(struct runner_config *c)
{
	*c = (struct runner_config){0};
	c->output_limit.v = 4096;
	c->custom_build_dir.v = true;
	c->safe_directory_checkout.v = true;
	c->docker.services_limit.v = -1;
	c->docker.wait_for_services_timeout.v = 30;
}

const char *rc_place(const struct runner_config *c, struct rc_at at, char *buf, size_t size)
{
	if (!at.line || at.file >= c->n_files)
		snprintf(buf, size, "%s", "");
	else
		snprintf(buf, size, "%s:%u", c->files[at.file], (unsigned)at.line);
	return buf;
}
