/*
 * libarchive without linking it: the functions of it that this room uses, by their own names, each
 * handing on to the library, which is loaded at the first call. It brings thirteen more libraries
 * along (README.md has the measurement), and most commands make and read no archive.
 *
 * A new function of libarchive is a new row here; the linker names the one that lacks.
 */
#include "base/base.h"

#include "emulator/store/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

/* R: with a result, V: without; name, parameters, arguments. */
#define CALLS(R, V)                                                                              \
	R(struct archive_entry *, entry_new, (void), ())                                         \
	R(struct archive_entry *, entry_clear, (struct archive_entry * e), (e))                  \
	V(entry_free, (struct archive_entry * e), (e))                                           \
	V(entry_copy_pathname, (struct archive_entry * e, const char *s), (e, s))                \
	V(entry_copy_symlink, (struct archive_entry * e, const char *s), (e, s))                 \
	V(entry_set_symlink, (struct archive_entry * e, const char *s), (e, s))                  \
	V(entry_set_filetype, (struct archive_entry * e, unsigned type), (e, type))              \
	V(entry_set_mtime, (struct archive_entry * e, time_t s, long ns), (e, s, ns))            \
	V(entry_set_perm, (struct archive_entry * e, __LA_MODE_T mode), (e, mode))               \
	V(entry_set_size, (struct archive_entry * e, la_int64_t size), (e, size))                \
	R(__LA_MODE_T, entry_filetype, (struct archive_entry * e), (e))                          \
	R(__LA_MODE_T, entry_perm, (struct archive_entry * e), (e))                              \
	R(const char *, entry_hardlink, (struct archive_entry * e), (e))                         \
	R(const char *, entry_pathname, (struct archive_entry * e), (e))                         \
	R(const char *, entry_symlink, (struct archive_entry * e), (e))                          \
	R(time_t, entry_mtime, (struct archive_entry * e), (e))                                  \
	R(long, entry_mtime_nsec, (struct archive_entry * e), (e))                               \
	R(la_int64_t, entry_size, (struct archive_entry * e), (e))                               \
	R(int, entry_size_is_set, (struct archive_entry * e), (e))                               \
	R(int, errno, (struct archive * a), (a))                                                 \
	R(const char *, error_string, (struct archive * a), (a))                                 \
	R(struct archive *, read_new, (void), ())                                                \
	R(int, read_free, (struct archive * a), (a))                                             \
	R(int, read_support_format_empty, (struct archive * a), (a))                             \
	R(int, read_support_format_tar, (struct archive * a), (a))                               \
	R(int, read_set_options, (struct archive * a, const char *o), (a, o))                    \
	R(int, read_open,                                                                        \
		(struct archive * a, void *data, archive_open_callback *open,                    \
			archive_read_callback *read, archive_close_callback *end),               \
		(a, data, open, read, end))                                                      \
	R(int, read_open_filename, (struct archive * a, const char *file, size_t block),         \
		(a, file, block))                                                                \
	R(int, read_next_header, (struct archive * a, struct archive_entry * *e), (a, e))        \
	R(int, read_data_block, (struct archive * a, const void **p, size_t *n, la_int64_t *at), \
		(a, p, n, at))                                                                   \
	R(struct archive *, write_new, (void), ())                                               \
	R(int, write_free, (struct archive * a), (a))                                            \
	R(int, write_close, (struct archive * a), (a))                                           \
	R(int, write_add_filter_gzip, (struct archive * a), (a))                                 \
	R(int, write_set_format_pax_restricted, (struct archive * a), (a))                       \
	R(int, write_set_format_zip, (struct archive * a), (a))                                  \
	R(int, write_set_options, (struct archive * a, const char *o), (a, o))                   \
	R(int, write_set_bytes_per_block, (struct archive * a, int n), (a, n))                   \
	R(int, write_open,                                                                       \
		(struct archive * a, void *data, archive_open_callback *open,                    \
			archive_write_callback *write, archive_close_callback *end),             \
		(a, data, open, write, end))                                                     \
	R(int, write_open_filename, (struct archive * a, const char *file), (a, file))           \
	R(int, write_header, (struct archive * a, struct archive_entry * e), (a, e))             \
	R(la_ssize_t, write_data, (struct archive * a, const void *p, size_t n), (a, p, n))

struct library {
#define RESULT_MEMBER(type, name, params, args) type(*name##_) params;
#define VOID_MEMBER(name, params, args)         void(*name##_) params;
	CALLS(RESULT_MEMBER, VOID_MEMBER)
	void (*set_error_)(struct archive *, int, const char *, ...);
};

static struct library library;

/* As the dynamic linker would do it, only later; 4 says that the surroundings failed. */
static void refuse(void)
{
	fprintf(stderr,
		"cilocal: error: cannot load libarchive, which archives and the copies of sources "
		"in containers need (install libarchive13): %s\n",
		dlerror());
	_exit(4);
}

static void find(void *lib, const char *name, void *to)
{
	void *sym = dlsym(lib, name);

	if (!sym)
		refuse();
	/* A function pointer has the size of an object pointer wherever dlsym exists (POSIX). */
	memcpy(to, &sym, sizeof(sym));
}

static void *open_library(void)
{
	void *lib = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);

	return lib ? lib : dlopen("libarchive.so", RTLD_NOW | RTLD_LOCAL);
}

void archive_library(struct buf *out)
{
	void *lib = open_library(), *sym = lib ? dlsym(lib, "archive_version_string") : NULL;
	const char *(*version)(void) = NULL;

	memcpy(&version, &sym, sizeof(sym));
	/* It says "libarchive 3.6.2". */
	buf_adds(out, version ? version() : "libarchive (missing)");
}

static void load(void)
{
	void *lib = open_library();

	if (!lib)
		refuse();
#define RESULT_FIND(type, name, params, args) find(lib, "archive_" #name, &library.name##_);
#define VOID_FIND(name, params, args)         find(lib, "archive_" #name, &library.name##_);
	CALLS(RESULT_FIND, VOID_FIND)
	find(lib, "archive_set_error", &library.set_error_);
}

/* Worker threads come here side by side. */
static const struct library *loaded(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return &library;
}

#define RESULT_CALL(type, name, params, args)  \
	type archive_##name params             \
	{                                      \
		return loaded()->name##_ args; \
	}
#define VOID_CALL(name, params, args)   \
	void archive_##name params      \
	{                               \
		loaded()->name##_ args; \
	}
CALLS(RESULT_CALL, VOID_CALL)

void archive_set_error(struct archive *a, int code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	loaded()->set_error_(a, code, "%s", text);
}
