#include "base/base.h"
#include "emulator/runner/runner_config.h"
#include "base/arena.h"
#include "emulator/docker/engine.h"

void runner_config_init(struct runner_config *c)
{
	*c = (struct runner_config){0};
	c->output_limit.v = 4096;
	c->docker.services_limit.v = -1;
	c->docker.wait_for_services_timeout.v = 30;
}

struct str rc_builds_dir(const struct runner_config *c)
{
	struct str dir = c->builds_dir.v;

	while (dir.n > 1 && dir.p[dir.n - 1] == '/')
		dir.n--;
	return dir.n > 1 && dir.p[0] == '/' ? dir : STR("/builds");
}

void rc_endpoint(const struct runner_config *c, struct arena *a, struct endpoint_lookup *out)
{
	const struct rc_docker *d = &c->docker;

	*out = (struct endpoint_lookup){.tls_verify = d->tls_verify.v};
	if (d->host.v.n)
		out->host = arena_cstr(a, d->host.v);
	if (d->tls_cert_path.v.n)
		out->tls_dir = arena_cstr(a, d->tls_cert_path.v);
}

size_t rc_same_engine(const struct runner_configs *all, size_t index)
{
	const struct rc_docker *mine = &all->v[index].docker;
	size_t i;

	for (i = 0; i < index; i++) {
		const struct rc_docker *d = &all->v[i].docker;

		if (str_eq(d->host.v, mine->host.v) &&
			str_eq(d->tls_cert_path.v, mine->tls_cert_path.v) &&
			d->tls_verify.v == mine->tls_verify.v)
			break;
	}
	return i;
}

const char *rc_place(const struct runner_config *c, struct rc_at at, char *buf, size_t size)
{
	if (!at.line || at.file >= c->n_files)
		snprintf(buf, size, "%s", "");
	else
		snprintf(buf, size, "%s:%u", c->files[at.file], (unsigned)at.line);
	return buf;
}
