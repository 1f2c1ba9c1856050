#include "base/base.h"
#include "emulator/runner/docker_internal.h"
#include "emulator/core/trace.h"
#include "emulator/docker/engine.h"
#include "emulator/docker/exec.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/runner_config.h"

/* GitLab Runner, executors/docker/services.go: ports that are tried, bytes of logs that are shown.
 */
#define PORTS_MAX  20
#define LOGS_MAX   ((size_t)64 * 1024)
#define DEFAULT_S  30
#define FIRST_MS   20
#define SLOWEST_MS 1000
#define CONNECT_MS 1500
#define INSPECT_MS 1000

/*
 * Is the service there? A TCP connection to one of its ports from here, where container addresses
 * are this machine's and reachable; else the list of listening sockets, read inside of its
 * container. That it has ended is seen too, so that nobody waits for the dead.
 */
struct docker_health {
	struct docker_service *s;
	int ports[PORTS_MAX];
	size_t n_ports, at;
	uint64_t deadline, next_inspect;
	uint64_t pause_ms;
	uv_tcp_t tcp;
	uv_connect_t connect;
	bool tcp_open, connected, unreachable;
	bool inside; /* look from inside of the container */
	struct loop_timer timer;
	struct docker_call *call;
	struct exec_run *exec;
	bool stopping, awaited, over, failing;
	char text[256];
	struct buf logs;
};

static struct loop *loop_of(const struct docker_health *h)
{
	return build_host(h->s->e->base.build)->loop;
}

static void over(struct docker_health *h)
{
	h->over = true;
	build_waits_over(h->s->e->base.build);
	loop_timer_stop(&h->timer);
	if (h->awaited)
		docker_end(h->s->e);
}

/* The warning, word for word the Runner's: people search for it. */
static void warn(struct docker_health *h)
{
	struct str logs = str_trim(buf_str(&h->logs));

	job_log_raw(build_log(h->s->e->base.build),
		"\n" ANSI_YELLOW "*** WARNING:" ANSI_RESET " Service " STR_FMT
		" probably didn't start properly.\n\nHealth check error:\n%s\n\n"
		"Service container logs:\n" STR_FMT "\n\n" ANSI_YELLOW "*********" ANSI_RESET
		"\n\n",
		STR_ARG(h->s->container_name), h->text, STR_ARG(logs));
}

static void on_logs_end(void *arg, struct error *err)
{
	struct docker_health *h = arg;

	UNUSED(err); /* without logs the warning is still worth saying */
	h->call = NULL;
	if (!h->stopping)
		warn(h);
	over(h);
}

static void on_logs(void *arg, int stream, struct str data)
{
	struct docker_health *h = arg;

	UNUSED(stream);
	buf_add(&h->logs, data.p, MIN(data.n, LOGS_MAX - MIN(LOGS_MAX, h->logs.n)));
}

static void unhealthy(struct docker_health *h)
{
	struct logs_options o = {.timestamps = true};

	h->failing = true;
	loop_timer_stop(&h->timer);
	h->call = docker_container_logs(
		h->s->e->engine, h->s->container, &o, on_logs, on_logs_end, h);
}

static void probe(void *arg);

static void later(struct docker_health *h)
{
	if (h->stopping) {
		over(h);
		return;
	}
	if (loop_now(loop_of(h)) >= h->deadline) {
		snprintf(h->text, sizeof(h->text), "service \"" STR_FMT "\" timeout",
			STR_ARG(str_sub(h->s->container_name, 0, 200)));
		unhealthy(h);
		return;
	}
	build_waits(h->s->e->base.build, BUILD_WAIT_OTHER, "waits for service " STR_FMT,
		STR_ARG(h->s->name.image));
	loop_timer_start(loop_of(h), &h->timer, h->pause_ms, probe, h);
	h->pause_ms = MIN(h->pause_ms * 2, (uint64_t)SLOWEST_MS);
}

static void on_state(void *arg, struct error *err, const struct container_state *r)
{
	struct docker_health *h = arg;

	h->call = NULL;
	if (!err && !r->running && !h->stopping) {
		snprintf(h->text, sizeof(h->text), "the service exited with code %" PRId64 "%s",
			r->exit_code, r->oom_killed ? " (out of memory)" : "");
		unhealthy(h);
		return;
	}
	later(h);
}

/* One round over the ports is done without success. */
static void round_ended(struct docker_health *h)
{
	uint64_t now = loop_now(loop_of(h));

	h->at = 0;
	if (!h->stopping && now >= h->next_inspect) {
		h->next_inspect = now + INSPECT_MS;
		h->call = docker_container_inspect(h->s->e->engine, h->s->container, on_state, h);
		return;
	}
	later(h);
}

static void next_port(struct docker_health *h);

static void on_closed(uv_handle_t *handle)
{
	struct docker_health *h = container_of((uv_tcp_t *)handle, struct docker_health, tcp);

	h->tcp_open = false;
	if (h->connected || h->stopping) {
		over(h);
		return;
	}
	if (h->unreachable) {
		TRACE(DOCKER, "service addresses are not reachable from here: looking from inside");
		h->inside = true;
		round_ended(h);
		return;
	}
	if (++h->at < h->n_ports)
		next_port(h);
	else
		round_ended(h);
}

static void close_tcp(struct docker_health *h)
{
	loop_timer_stop(&h->timer);
	if (h->tcp_open && !uv_is_closing((uv_handle_t *)&h->tcp))
		uv_close((uv_handle_t *)&h->tcp, on_closed);
}

static void on_connect(uv_connect_t *req, int status)
{
	struct docker_health *h = container_of(req, struct docker_health, connect);

	if (status == UV_ECANCELED)
		return;
	h->connected = status == 0;
	h->unreachable = status == UV_EHOSTUNREACH || status == UV_ENETUNREACH ||
			 status == UV_ETIMEDOUT || status == UV_EACCES || status == UV_EPERM;
	close_tcp(h);
}

static void on_connect_late(void *arg)
{
	struct docker_health *h = arg;

	h->unreachable = true;
	close_tcp(h);
}

static void next_port(struct docker_health *h)
{
	struct sockaddr_in to;
	const char *ip = h->s->ip.n ? arena_cstr(h->s->e->arena, h->s->ip) : "127.0.0.1";

	if (uv_ip4_addr(ip, h->ports[h->at], &to) || uv_tcp_init(loop_uv(loop_of(h)), &h->tcp)) {
		h->inside = true;
		round_ended(h);
		return;
	}
	h->tcp_open = true;
	loop_timer_start(loop_of(h), &h->timer, CONNECT_MS, on_connect_late, h);
	if (uv_tcp_connect(&h->connect, &h->tcp, (const struct sockaddr *)&to, on_connect)) {
		h->unreachable = true;
		close_tcp(h);
	}
}

/* "  0: 00000000:0947 00000000:0000 0A ...": local address and state (0A: listening), in hex. */
UNIT_STATIC bool docker_health_listens(struct str table, const int *ports, size_t n)
{
	struct str_split it = str_split(table, '\n');
	struct str line;
	size_t i;

	while (str_split_next(&it, &line)) {
		char text[256], state[8], local[64];
		unsigned port;
		char *colon;

		snprintf(text, sizeof(text), STR_FMT, STR_ARG(str_sub(line, 0, 200)));
		if (sscanf(text, " %*[0-9]: %63s %*s %7s", local, state) != 2 ||
			strcmp(state, "0A") != 0)
			continue;
		colon = strrchr(local, ':');
		if (!colon || sscanf(colon + 1, "%x", &port) != 1)
			continue;
		for (i = 0; i < n; i++)
			if ((unsigned)ports[i] == port)
				return true;
	}
	return false;
}

static void on_table(void *arg, struct error *err, const struct exec_result *r)
{
	struct docker_health *h = arg;

	h->exec = NULL;
	if (!err && docker_health_listens(r->out, h->ports, h->n_ports)) {
		over(h);
		return;
	}
	round_ended(h);
}

static void probe_inside(struct docker_health *h)
{
	static const struct str cmd[] = {
		STR_INIT("cat"), STR_INIT("/proc/net/tcp"), STR_INIT("/proc/net/tcp6")};
	struct exec_spec spec = {
		.cmd = {cmd, ARRAY_SIZE(cmd)}, .attach_stdout = true, .attach_stderr = true};

	h->exec = docker_exec_run(h->s->e->engine, h->s->container, &spec, STR_NULL, on_table, h);
}

static void probe(void *arg)
{
	struct docker_health *h = arg;

	h->unreachable = false;
	h->at = 0;
	if (h->inside)
		probe_inside(h);
	else
		next_port(h);
}

/* Ports */

static void add_port(struct docker_health *h, int port)
{
	size_t i, j;

	for (i = 0; i < h->n_ports && h->ports[i] < port; i++)
		;
	if (i < h->n_ports && h->ports[i] == port)
		return;
	if (h->n_ports == PORTS_MAX) {
		if (i == PORTS_MAX)
			return;
		h->n_ports--;
	}
	for (j = h->n_ports++; j > i; j--)
		h->ports[j] = h->ports[j - 1];
	h->ports[i] = port;
}

/* HEALTHCHECK_TCP_PORT in the container's environment decides alone; its name in any case. */
static bool port_of_env(struct docker_health *h, const struct container_state *state, bool *bad)
{
	struct str key = STR("HEALTHCHECK_TCP_PORT");
	uint64_t port;
	size_t i;

	for (i = 0; i < state->env.n; i++) {
		struct str line = state->env.v[i];
		size_t eq = str_chr(line, '=');

		if (eq == STR_NPOS || !str_ieq(str_sub(line, 0, eq), key))
			continue;
		line = str_from(line, eq + 1);
		*bad = !parse_u64(line, &port) || port == 0 || port > 65535;
		if (*bad)
			snprintf(h->text, sizeof(h->text),
				"invalid health check tcp port: " STR_FMT,
				STR_ARG(str_sub(line, 0, 100)));
		else
			add_port(h, (int)port);
		return true;
	}
	return false;
}

static void read_ports(struct docker_health *h, const struct container_state *state)
{
	size_t i;

	for (i = 0; i < state->exposed_ports.n; i++) {
		struct str p = state->exposed_ports.v[i];
		size_t slash = str_chr(p, '/');
		uint64_t port;

		if (slash != STR_NPOS && !str_is(str_from(p, slash + 1), "tcp"))
			continue;
		if (parse_u64(str_sub(p, 0, slash == STR_NPOS ? p.n : slash), &port) && port &&
			port <= 65535)
			add_port(h, (int)port);
	}
}

void docker_health_start(struct docker_service *s, const struct container_state *state)
{
	const struct rc_docker *d = &build_host(s->e->base.build)->config->docker;
	int64_t limit = d->wait_for_services_timeout.v;
	struct docker_health *h;
	bool bad = false;

	if (limit < 0)
		return;
	h = xcalloc(1, sizeof(*h));
	h->s = s;
	s->health = h;
	buf_init(&h->logs);
	h->pause_ms = FIRST_MS;
	h->deadline = loop_now(loop_of(h)) + (uint64_t)(limit ? limit : DEFAULT_S) * 1000;
	h->next_inspect = loop_now(loop_of(h)) + INSPECT_MS / 4;
	h->inside = !engine_shares_network(s->e->engine) ||
		    (!s->ip.n && !str_is(s->e->network_mode, "host"));
	if (h->inside)
		TRACE(DOCKER, "service addresses are not this machine's: looking from inside");
	if (!port_of_env(h, state, &bad))
		read_ports(h, state);
	if (bad) {
		struct outcome o;

		outcome_fail(&o, FAIL_RUNNER_SYSTEM, "%s", h->text);
		o.at = s->at;
		docker_fail(s->e, &o);
		over(h);
	} else if (!h->n_ports) {
		snprintf(h->text, sizeof(h->text), "service \"" STR_FMT "\" has no exposed ports",
			STR_ARG(str_sub(s->container_name, 0, 200)));
		unhealthy(h);
	} else {
		probe(h);
	}
}

void docker_health_report(struct docker_service *s)
{
	if (!s->health || s->health->over || s->health->awaited)
		return;
	s->health->awaited = true;
	docker_begin(s->e);
}

void docker_health_stop(struct docker_service *s)
{
	struct docker_health *h = s->health;

	if (!h || h->over || h->stopping)
		return;
	h->stopping = true;
	if (h->call)
		docker_call_cancel(h->call);
	else if (h->exec)
		docker_exec_run_cancel(h->exec);
	else if (h->tcp_open)
		close_tcp(h);
	else
		over(h);
}

void docker_health_free(struct docker_service *s)
{
	if (!s->health)
		return;
	buf_release(&s->health->logs);
	free(s->health);
	s->health = NULL;
}
