#include "base/base.h"

#include "emulator/cli/versions.h"
#include "emulator/cli/term.h"
#include "emulator/core/http.h"
#include "emulator/gitlab/jwt.h"
#include "emulator/store/archive.h"
#include "expr/regex.h"
#include "yaml/yaml.h"

#include <expat.h>
#include <jansson.h>
#include <uv.h>

static void event_loop(struct buf *out)
{
	buf_printf(out, "libuv %s", uv_version_string());
}

static void json(struct buf *out)
{
	buf_printf(out, "jansson %s", jansson_version_str());
}

/* It says "expat_2.5.0". */
static void xml(struct buf *out)
{
	const char *version = XML_ExpatVersion(), *number = strchr(version, '_');

	buf_printf(out, "expat %s", number ? number + 1 : version);
}

void versions_text(struct buf *out, size_t columns)
{
	static void (*const libraries[])(struct buf * out) = {event_loop, http_library,
		archive_library, yaml_library, regex_library, json, xml, jwt_library};
	struct buf list = BUF_INIT;

	buf_printf(out, "cilocal %s\n", CILOCAL_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		buf_adds(&list, i ? ", " : "with ");
		libraries[i](&list);
	}
	wrap_text(out, buf_str(&list), 0, 0, columns);
	buf_addc(out, '\n');
	buf_release(&list);
}
