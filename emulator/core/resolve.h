/* Names of hosts, as this machine finds them: /etc/hosts, DNS and whatever else it asks. */
#ifndef CORE_RESOLVE_H
#define CORE_RESOLVE_H

#include "base/str.h"

struct error;
struct loop;
struct resolve;

/* address: the first one, "192.0.2.1" or "2001:db8::1", for the time of the call. */
typedef void resolve_fn(void *arg, struct error *err, struct str address);
/* In the thread pool: a name that nobody answers for takes as long as the system's resolver tries.
 */
struct resolve *resolve_start(struct loop *l, const char *name, resolve_fn *done, void *arg);
/* It ends with ERR_CANCELLED, at once; the system's resolver is left to itself. */
void resolve_cancel(struct resolve *r);

#endif
