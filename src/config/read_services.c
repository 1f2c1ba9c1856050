/* services. */
#include "base/base.h"

#include "config/read_image.h"

#include "vars/varset.h"

/* Service variables win over the job's inside the service: a set of their own. */
static const struct varset *service_vars(const struct frame *f, const struct node *n)
{
	struct frame entry = FRAME_IN(f, "variables");
	struct varset *set = arena_new(frame_arena(f), struct varset);
	struct var_defs defs = {0};

	read_var_defs(&entry, n, VARIABLES_PLAIN, &defs);
	for (size_t i = 0; i < defs.n; i++)
		defs.v[i].from = "services:variables";
	varset_init_with(set, frame_arena(f), NULL, defs.v, defs.n);
	return set;
}

static void read_service(const struct frame *f, const struct node *item, void *ctx)
{
	struct frame entry = FRAME_IN(f, "service");
	struct job_def *job = ctx;
	struct service *service = &job->services[job->n_services];
	const struct node *vars;

	*service = (struct service){0};
	if (!read_image_value(&entry, item, SCOPE_service, &service->image))
		return;
	job->n_services++;
	if (item->kind != NODE_MAP)
		return;
	service->alias = get_text(item, "alias");
	get_texts(&entry, item, "command", &service->command);
	vars = get_node(item, "variables");
	if (vars)
		service->vars = service_vars(&entry, vars);
}

void read_services(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "services");
	size_t *all;

	if (value->kind != NODE_SEQ) {
		fault(&entry, "wrong-type", value->at, "config should be an array",
			"%s must be a list, not %s", subject(&entry, NULL), found(f, value));
		return;
	}
	all = &config_state_of(f->c)->n_services;
	*all += count_flat(value);
	if (*all > LIMIT_SERVICES) {
		if (*all - count_flat(value) <= LIMIT_SERVICES)
			fault(&entry, "too-many-services", value->at, NULL,
				"the definition has more than %d services in all", LIMIT_SERVICES);
		return;
	}
	job->services = arena_array(frame_arena(f), struct service, count_flat(value));
	job->n_services = 0;
	each_flat(&entry, value, read_service, job);
}
