/*
 * inputs of a job: values that a person may change when a manual job is played or a job retried.
 * They are read at run time, as ${{ job.inputs.NAME }}, and have nothing to do with spec:inputs.
 */
#include "base/base.h"

#include "config/inputs.h"
#include "config/readers.h"

static bool read_type(const struct frame *f, const struct node *map, enum input_type *type)
{
	const struct node *n = get_node(map, "type");

	*type = INPUT_STRING;
	if (!n || (n->kind == NODE_STRING && input_type_of(n->text, type)))
		return true;
	fault(f, "unknown-value", n->at, fmt_in(f, "input type unknown value: %s", ruby_text(f, n)),
		"%s must be 'string', 'number', 'boolean' or 'array', not %s", subject(f, "type"),
		found(f, n));
	return false;
}

/* f: the frame of the job, inputs: of the keyword. */
static void read_job_input(
	const struct frame *f, const struct frame *inputs, const struct node_pair *pair)
{
	struct frame entry = FRAME_AT(inputs, pair->key->text);
	const struct node *map = pair->value, *value;
	unsigned before = f->c->diags->errors;
	struct input_limits limits = {node_get(map, "options"), node_get(map, "regex")};
	enum input_type type;

	if (!node_is_null(map) && !want_map(&entry, map, NULL))
		return;
	value = node_is_null(map) ? NULL : node_get(map, "default");
	if (!node_is_null(map))
		check_scope(&entry, map, SCOPE_job_input);
	if (node_is_null(value)) {
		fault(&entry, "?missing-keyword", pair->key->at, "must have a default value",
			"%s must have a 'default'", subject(&entry, NULL));
		return;
	}
	check_input_shape(&entry, map);
	if (read_type(&entry, map, &type) && f->c->diags->errors == before)
		check_input_value(f, pair->key->text, type, value, &limits, "default");
}

void read_inputs(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "inputs");

	if (!want_map(&entry, value, NULL))
		return;
	if (value->u.map.n > LIMIT_JOB_INPUTS) {
		fault(f, "too-many-items", value->at, "inputs has too many entries (maximum 50)",
			"%s has %u entries, more than the limit of %d", subject(&entry, NULL),
			value->u.map.n, LIMIT_JOB_INPUTS);
		return;
	}
	node_each_pair(pair, value)
	{
		read_job_input(f, &entry, pair);
	}
	job->rare->inputs = value;
}
