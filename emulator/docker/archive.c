#include "base/base.h"
#include "emulator/docker/archive.h"

#include "emulator/docker/base64.h"
#include "emulator/docker/docker_internal.h"
#include "emulator/docker/json.h"

/* Bits of Go's os.FileMode, which the engine puts into the stat as they are. */
#define GO_DIR     (UINT32_C(1) << 31)
#define GO_SYMLINK (UINT32_C(1) << 27)
#define GO_OTHER   (UINT32_C(0x07280000)) /* device, pipe, socket, char device, irregular */
#define GO_SETUID  (UINT32_C(1) << 23)
#define GO_SETGID  (UINT32_C(1) << 22)
#define GO_STICKY  (UINT32_C(1) << 20)

#define STAT_HEADER "X-Docker-Container-Path-Stat"

static uint32_t permissions(uint32_t mode)
{
	return (mode & 0777) | (mode & GO_SETUID ? 04000 : 0) | (mode & GO_SETGID ? 02000 : 0) |
	       (mode & GO_STICKY ? 01000 : 0);
}

static void read_stat(struct archive_stat *s, const json_t *doc)
{
	uint32_t mode = (uint32_t)json_int(doc, "mode");

	s->name = json_str(doc, "name");
	s->link_target = json_str(doc, "linkTarget");
	s->size = json_int(doc, "size");
	s->mtime = json_str(doc, "mtime");
	s->mode = permissions(mode);
	s->is_dir = mode & GO_DIR;
	s->is_symlink = mode & GO_SYMLINK;
	s->is_regular = !(mode & (GO_DIR | GO_SYMLINK | GO_OTHER));
}

/* The document behind the header; NULL with an error. */
static json_t *stat_document(const struct http_response *r, struct error *err)
{
	struct buf text = BUF_INIT;
	json_t *doc;

	if (!base64_decode(&text, http_header(r, STAT_HEADER)))
		buf_clear(&text);
	doc = json_parse(buf_str(&text), "the engine's " STAT_HEADER, err);
	buf_release(&text);
	return doc;
}

static struct docker_call *new_archive_call(struct engine *e, const char *method,
	struct str container, struct str path, call_finish_fn *finish, call_user_fn *user,
	void *arg)
{
	struct docker_call *c = call_new(e, method, finish, user, arg);

	call_path(c, "/containers/");
	call_path_arg(c, container);
	call_path(c, "/archive?path=");
	call_path_arg(c, path);
	return c;
}

/* ---- stat ---- */

/* The answer to a HEAD has no body, so the engine's own words are lost: these are the usual ones.
 */
static void explain_missing(struct docker_call *c, struct error *err)
{
	int code = err->code;

	if (err->domain != ERR_DOCKER || code != 404)
		return;
	*err = ERROR_INIT;
	error_set(err, ERR_DOCKER, code,
		"Error response from daemon: no such container or path (%s)", c->path.p);
}

static void on_stat(struct docker_call *c, struct error *err, const struct http_response *r)
{
	archive_stat_fn *done = (archive_stat_fn *)c->user;
	struct archive_stat s = {0};
	json_t *doc;

	if (err) {
		explain_missing(c, err);
		done(c->arg, err, NULL);
		return;
	}
	doc = stat_document(r, &c->err);
	if (!doc) {
		done(c->arg, &c->err, NULL);
		return;
	}
	read_stat(&s, doc);
	done(c->arg, NULL, &s);
	json_decref(doc);
}

struct docker_call *docker_archive_stat(
	struct engine *e, struct str container, struct str path, archive_stat_fn *done, void *arg)
{
	return call_go(
		new_archive_call(e, "HEAD", container, path, on_stat, (call_user_fn *)done, arg));
}

/* ---- put ---- */

struct docker_call *docker_archive_put(struct engine *e, const struct archive_put *p)
{
	struct docker_call *c = new_archive_call(e, "PUT", p->container, p->path, call_finish_plain,
		(call_user_fn *)p->done, p->arg);

	if (p->no_overwrite)
		call_path(c, "&noOverwriteDirNonDir=1");
	if (p->copy_uid_gid)
		call_path(c, "&copyUIDGID=1");
	c->content_type = "application/x-tar";
	if (p->produce) {
		c->user_chunk = (call_user_fn *)p->produce;
		c->produce = call_user_produce;
	} else {
		buf_addstr(&c->body, p->tar);
		c->has_body = true;
	}
	return call_go(c);
}

/* ---- get ---- */

static void on_get_head(void *arg, const struct http_response *r)
{
	struct docker_call *c = arg;
	struct archive_stat s = {0};
	struct error ignored = ERROR_INIT;
	json_t *doc;

	if ((r->status >= 300 && r->status != 404) || !c->user_ready)
		return;
	doc = stat_document(r, &ignored);
	if (!doc)
		return;
	read_stat(&s, doc);
	((archive_stat_fn *)c->user_ready)(c->arg, NULL, &s);
	json_decref(doc);
}

struct docker_call *docker_archive_get(struct engine *e, const struct archive_get *g)
{
	struct docker_call *c = new_archive_call(e, "GET", g->container, g->path, call_finish_plain,
		(call_user_fn *)g->done, g->arg);

	c->user_ready = (call_user_fn *)g->stat;
	c->user_chunk = (call_user_fn *)g->chunk;
	c->head = on_get_head;
	c->chunk = call_user_chunk;
	return call_go(c);
}
