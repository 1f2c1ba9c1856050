#include "base/base.h"
#include "emulator/docker/container.h"

#include "emulator/docker/container_spec.h"

#include <setjmp.h>
#include <cmocka.h>

#define STRS(...)                                                \
	((struct docker_strs){(const struct str[]){__VA_ARGS__}, \
		sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str)})
#define KVS(...)                                                      \
	((struct docker_kvs){(const struct docker_kv[]){__VA_ARGS__}, \
		sizeof((const struct docker_kv[]){__VA_ARGS__}) / sizeof(struct docker_kv)})

static void writes(const struct container_spec *spec, const char *expected)
{
	struct buf out = BUF_INIT;

	container_spec_write(spec, &out);
	assert_string_equal(out.p, expected);
	buf_release(&out);
}

static void little_is_left_out(void **state)
{
	struct container_spec s = {.image = STR("x")};

	UNUSED(state);
	writes(&s, "{\"Image\":\"x\",\"HostConfig\":{\"Devices\":[],\"DeviceRequests\":[]}}");
}

static void an_empty_entrypoint_is_not_none(void **state)
{
	struct container_spec s = {.image = STR("x"), .has_entrypoint = true, .has_cmd = true};

	UNUSED(state);
	s.cmd = STRS(STR("sh"), STR("-c"));
	writes(&s, "{\"Image\":\"x\",\"Cmd\":[\"sh\",\"-c\"],\"Entrypoint\":[],"
		   "\"HostConfig\":{\"Devices\":[],\"DeviceRequests\":[]}}");
}

static void storage(void **state)
{
	const struct docker_mount mounts[] = {
		{.type = DOCKER_MOUNT_VOLUME,
			.source = STR("v"),
			.target = STR("/v"),
			.driver_opts = KVS({STR("type"), STR("overlay")})},
		{.type = DOCKER_MOUNT_BIND,
			.source = STR("/a"),
			.target = STR("/b"),
			.read_only = true},
		{.type = DOCKER_MOUNT_TMPFS,
			.target = STR("/t"),
			.tmpfs_size = 10,
			.tmpfs_mode = 448},
	};
	struct container_spec s = {.image = STR("x"),
		.binds = STRS(STR("/x:/y:ro")),
		.tmpfs = KVS({STR("/run"), STR("rw,noexec")}),
		.mounts = mounts,
		.n_mounts = 3,
		.shm_size = 64};

	UNUSED(state);
	writes(&s, "{\"Image\":\"x\",\"HostConfig\":{\"Binds\":[\"/x:/y:ro\"],"
		   "\"Tmpfs\":{\"/run\":\"rw,noexec\"},\"ShmSize\":64,\"Mounts\":["
		   "{\"Type\":\"volume\",\"Source\":\"v\",\"Target\":\"/v\",\"VolumeOptions\":"
		   "{\"DriverConfig\":{\"Name\":\"local\",\"Options\":{\"type\":\"overlay\"}}}},"
		   "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\",\"ReadOnly\":true},"
		   "{\"Type\":\"tmpfs\",\"Target\":\"/"
		   "t\",\"TmpfsOptions\":{\"SizeBytes\":10,\"Mode\":448}}"
		   "],\"Devices\":[],\"DeviceRequests\":[]}}");
}

static void network(void **state)
{
	const struct docker_endpoint end = {
		.network = STR("n"), .aliases = STRS(STR("a"), STR("b"))};
	struct container_spec s = {.image = STR("x"),
		.network_mode = STR("n"),
		.networks = &end,
		.n_networks = 1,
		.exposed_ports = STRS(STR("5000/tcp")),
		.port_bindings =
			KVS({STR("5000/tcp"), STR("127.0.0.1:0")}, {STR("1/udp"), STR("7")}),
		.extra_hosts = STRS(STR("h:1.2.3.4"))};

	UNUSED(state);
	writes(&s,
		"{\"Image\":\"x\",\"ExposedPorts\":{\"5000/tcp\":{}},\"HostConfig\":{"
		"\"NetworkMode\":\"n\",\"ExtraHosts\":[\"h:1.2.3.4\"],\"PortBindings\":{"
		"\"5000/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"0\"}],"
		"\"1/udp\":[{\"HostPort\":\"7\"}]},\"Devices\":[],\"DeviceRequests\":[]},"
		"\"NetworkingConfig\":{\"EndpointsConfig\":{\"n\":{\"Aliases\":[\"a\",\"b\"]}}}}");
}

static void resources(void **state)
{
	const struct docker_ulimit limit = {STR("nofile"), 0, 1024};
	const struct docker_device device = {STR("/dev/fuse"), STR("/dev/fuse"), STR("rwm")};
	const struct docker_device_request gpu = {.count = -1, .capabilities = STRS(STR("gpu"))};
	struct container_spec s = {.image = STR("x"),
		.privileged = true,
		.ulimits = &limit,
		.n_ulimits = 1,
		.devices = &device,
		.n_devices = 1,
		.device_requests = &gpu,
		.n_device_requests = 1,
		.memory = 1 << 20,
		.memory_swap = -1,
		.log_driver = STR("none")};

	UNUSED(state);
	writes(&s,
		"{\"Image\":\"x\",\"HostConfig\":{\"Privileged\":true,\"Devices\":[{\"PathOnHost\":"
		"\"/dev/fuse\",\"PathInContainer\":\"/dev/fuse\",\"CgroupPermissions\":\"rwm\"}],"
		"\"DeviceRequests\":[{\"Count\":-1,\"Capabilities\":[[\"gpu\"]]}],\"Memory\":"
		"1048576,"
		"\"MemorySwap\":-1,\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":0,\"Hard\":1024}],"
		"\"LogConfig\":{\"Type\":\"none\"}}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(little_is_left_out),
		cmocka_unit_test(an_empty_entrypoint_is_not_none),
		cmocka_unit_test(storage),
		cmocka_unit_test(network),
		cmocka_unit_test(resources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
