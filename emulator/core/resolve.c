#include "base/base.h"
#include "emulator/core/resolve.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"

struct resolve {
	uv_getaddrinfo_t request;
	struct loop *loop;
	struct loop_task end;
	char *name;
	int status;  /* of a request that could not begin */
	bool asking; /* the request is out, and ends this */
	bool cancelled;
	resolve_fn *done; /* NULL: it was called */
	void *arg;
};

static void tell(struct resolve *r, int status, struct str address)
{
	resolve_fn *done = r->done;
	struct error err = ERROR_INIT;

	r->done = NULL;
	loop_unpost(&r->end);
	if (r->cancelled)
		error_set(&err, ERR_CANCELLED, 0, "interrupted");
	else if (status)
		error_uv(&err, status, "%s", r->name);
	if (done)
		done(r->arg, error_is(&err) ? &err : NULL, address);
}

static void release(struct resolve *r)
{
	free(r->name);
	free(r);
}

static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
	struct resolve *r = container_of(request, struct resolve, request);
	char text[INET6_ADDRSTRLEN] = "";

	if (!status)
		status = list->ai_family == AF_INET6
				 ? uv_ip6_name((const struct sockaddr_in6 *)list->ai_addr, text,
					   sizeof(text))
				 : uv_ip4_name((const struct sockaddr_in *)list->ai_addr, text,
					   sizeof(text));
	tell(r, status, str_c(text));
	uv_freeaddrinfo(list);
	release(r);
}

/* Of a cancel, or of a request that could not begin. */
static void on_end(void *arg)
{
	struct resolve *r = arg;

	tell(r, r->status, STR_NULL);
	if (!r->asking)
		release(r);
}

struct resolve *resolve_start(struct loop *l, const char *name, resolve_fn *done, void *arg)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct resolve *r = xcalloc(1, sizeof(*r));

	r->loop = l;
	r->name = xstrdup(name);
	r->done = done;
	r->arg = arg;
	r->status = uv_getaddrinfo(loop_uv(l), &r->request, on_found, r->name, NULL, &hints);
	r->asking = !r->status;
	if (!r->asking)
		loop_post(l, &r->end, on_end, r);
	return r;
}

void resolve_cancel(struct resolve *r)
{
	r->cancelled = true;
	if (!r->end.loop)
		loop_post(r->loop, &r->end, on_end, r);
	/* Without effect on one that the pool has begun: that one ends by itself. */
	if (r->asking)
		uv_cancel((uv_req_t *)&r->request);
}
