/* Networks: one for each job with services, and the ones that users name. */
#ifndef DOCKER_NETWORK_H
#define DOCKER_NETWORK_H

#include "emulator/docker/types.h"

struct network_spec {
	struct str name, driver; /* driver empty: "bridge" */
	struct docker_kvs labels, options;
	bool ipv6, internal;
	struct str subnet, gateway; /* empty: the engine picks */
};
typedef void network_create_fn(void *arg, struct error *err, struct str id);
struct docker_call *docker_network_create(
	struct engine *e, const struct network_spec *spec, network_create_fn *done, void *arg);

struct network_member {
	struct str container, name, ipv4;
};
struct network_state {
	struct str id, name, driver, subnet, gateway; /* of the first IPv4 pool */
	struct docker_kvs labels;
	const struct network_member *members;
	size_t n_members;
};
typedef void network_inspect_fn(void *arg, struct error *err, const struct network_state *r);
struct docker_call *docker_network_inspect(
	struct engine *e, struct str name, network_inspect_fn *done, void *arg);

struct docker_call *docker_network_connect(struct engine *e, struct str network,
	struct str container, struct docker_strs aliases, docker_done_fn *done, void *arg);
/* Success also when it is not connected or gone (404). */
struct docker_call *docker_network_disconnect(struct engine *e, struct str network,
	struct str container, bool force, docker_done_fn *done, void *arg);
/* Success also when there is none (404). */
struct docker_call *docker_network_remove(
	struct engine *e, struct str name, docker_done_fn *done, void *arg);

struct network_row {
	struct str id, name;
	struct docker_kvs labels;
};
typedef void network_list_fn(
	void *arg, struct error *err, const struct network_row *rows, size_t n);
struct docker_call *docker_network_list(
	struct engine *e, struct docker_strs labels, network_list_fn *done, void *arg);

#endif
