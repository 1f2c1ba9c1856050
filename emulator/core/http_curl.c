#include "base/base.h"
#include "emulator/core/http_internal.h"

#include <dlfcn.h>

/* Debian and Fedora, then builds of libcurl against GnuTLS. */
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so"};

static void *open_library(struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		void *lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);

		if (lib)
			return lib;
	}
	error_set(err, ERR_SYS, ENOENT,
		"cannot load libcurl, which every request needs (install libcurl4): %s", dlerror());
	return NULL;
}

static bool find(void *lib, const char *name, void *to)
{
	void *sym = dlsym(lib, name);

	/* A function pointer has the size of an object pointer wherever dlsym exists (POSIX). */
	memcpy(to, &sym, sizeof(sym));
	return sym != NULL;
}

static bool find_all(void *lib, struct curl_api *api)
{
#define FIND(member) find(lib, "curl_" #member, &api->member)
	return FIND(global_init) && FIND(easy_init) && FIND(easy_cleanup) && FIND(easy_setopt) &&
	       FIND(easy_getinfo) && FIND(easy_pause) && FIND(easy_strerror) && FIND(multi_init) &&
	       FIND(multi_cleanup) && FIND(multi_setopt) && FIND(multi_add_handle) &&
	       FIND(multi_remove_handle) && FIND(multi_socket_action) && FIND(multi_assign) &&
	       FIND(multi_info_read) && FIND(slist_append) && FIND(slist_free_all);
#undef FIND
}

const struct curl_api *curl_api(struct error *err)
{
	static struct curl_api api;
	static bool loaded;
	void *lib;

	if (loaded)
		return &api;
	lib = open_library(err);
	if (!lib)
		return NULL;
	if (!find_all(lib, &api)) {
		error_set(err, ERR_SYS, ENOSYS, "this libcurl is too old: %s", dlerror());
		dlclose(lib);
		return NULL;
	}
	if (api.global_init(CURL_GLOBAL_DEFAULT)) {
		error_set(err, ERR_CURL, CURLE_FAILED_INIT, "libcurl does not start");
		dlclose(lib);
		return NULL;
	}
	loaded = true;
	return &api;
}

void http_library(struct buf *out)
{
	void *lib = open_library(NULL);
	char *(*version)(void) = NULL;
	struct str text;

	if (!lib || !find(lib, "curl_version", &version)) {
		buf_adds(out, "libcurl (missing)");
		return;
	}
	/* "libcurl/7.88.1 OpenSSL/3.0.15 ..." */
	text = str_c(version());
	text = str_sub(text, 0, str_chr(text, ' '));
	buf_printf(out, "libcurl " STR_FMT, STR_ARG(str_from(text, str_chr(text, '/') + 1)));
}
