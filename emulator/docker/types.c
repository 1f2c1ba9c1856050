#include "base/base.h"
#include "emulator/docker/types.h"

struct str docker_kv_get(struct docker_kvs kvs, const char *key)
{
	for (size_t i = 0; i < kvs.n; i++)
		if (str_is(kvs.v[i].key, key))
			return kvs.v[i].value;
	return STR_NULL;
}
