/* inputs of a job: values that a person may change when a manual job is played or a job retried. */
#include "base/base.h"

#include "config/readers.h"

void read_inputs(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "inputs");

	if (want_map(&entry, value, NULL))
		job->inputs = value;
}
