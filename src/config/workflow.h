/* workflow: and its auto_cancel, which rules may hold too. Only this room may include it. */
#ifndef CONFIG_WORKFLOW_H
#define CONFIG_WORKFLOW_H

#include "config/config_internal.h"

/* f is the frame of the value; the texts are left alone where the keys are absent. */
void read_auto_cancel(const struct frame *f, const struct node *n, struct text *on_new_commit,
	struct text *on_job_failure);
void read_workflow(const struct frame *root, const struct node *n, struct workflow_def *out);

#endif
