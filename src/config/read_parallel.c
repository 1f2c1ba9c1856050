/* parallel: a number of copies, or a matrix of variables. */
#include "base/base.h"

#include "config/readers.h"

static bool is_matrix_scalar(const struct node *n)
{
	return n->kind == NODE_STRING || n->kind == NODE_INT;
}

static bool is_matrix_value(const struct node *n)
{
	if (n->kind != NODE_SEQ)
		return is_matrix_scalar(n);
	node_each (item, n) {
		if (!is_matrix_scalar(item))
			return false;
	}
	return true;
}

/* One mapping of the list; adds its combinations to *total, which stops growing past the limit. */
static bool check_row(const struct frame *f, const struct node *row, size_t *total)
{
	struct frame entry = FRAME_IN(f, "variables");
	size_t count = 1;

	if (!row->u.map.n) {
		fault(&entry, "blank", row->at, "config requires at least 1 items",
			"an item of %s is empty", subject(f, NULL));
		return false;
	}
	node_each_pair(pair, row)
	{
		if (!is_matrix_value(pair->value)) {
			fault(&entry, "wrong-type", pair->value->at,
				"config should be a hash of key value pairs, value can be an array",
				"'" STR_FMT "' in %s must be a string, a whole number or a list of "
				"these, not %s",
				STR_ARG(pair->key->text), subject(f, NULL), found(f, pair->value));
			return false;
		}
		/* Lists longer than the limit, many times over, must not overflow the product. */
		if (pair->value->kind == NODE_SEQ)
			count = MIN(count * pair->value->u.seq.n, (size_t)1 << 24);
	}
	if (*total <= LIMIT_PARALLEL)
		*total += count;
	return true;
}

bool check_matrix(const struct frame *f, const struct node *n)
{
	size_t total = 0;
	bool ok = true;

	if (n->kind != NODE_SEQ) {
		fault(f, "wrong-type", n->at, "config should be an array of hashes",
			"%s must be a list of mappings, not %s", subject(f, NULL), found(f, n));
		return false;
	}
	node_each (row, n) {
		if (row->kind != NODE_MAP) {
			fault(f, "wrong-type", row->at, "config should be an array of hashes",
				"%s must hold only mappings, not %s", subject(f, NULL),
				found(f, row));
			return false;
		}
	}
	node_each (row, n) {
		ok = check_row(f, row, &total) && ok;
	}
	if (ok && total > LIMIT_PARALLEL) {
		fault(f, "too-many-jobs", n->at, "config generates too many jobs (maximum is 200)",
			"%s makes more than %d jobs", subject(f, NULL), LIMIT_PARALLEL);
		return false;
	}
	return ok;
}

static void read_count(const struct frame *f, const struct node *n, struct job_def *job)
{
	if (job->bridge)
		fault(f, "bad-parallel", n->at, "config cannot use \"parallel: <number>\".",
			"%s: a trigger job can only use 'matrix'", subject(f, NULL));
	else if (n->kind == NODE_FLOAT)
		fault(f, "wrong-type", n->at, "config must be an integer",
			"%s must be a whole number, not " STR_FMT, subject(f, NULL),
			STR_ARG(n->text));
	else if (n->u.integer < 1 || n->u.integer > LIMIT_PARALLEL)
		fault(f, "out-of-range", n->at,
			n->u.integer < 1 ? "config must be greater than or equal to 1"
					 : "config must be less than or equal to 200",
			"%s must be a number from 1 to %d, not " STR_FMT, subject(f, NULL),
			LIMIT_PARALLEL, STR_ARG(n->text));
	else
		job->parallel.count = (unsigned)n->u.integer;
}

void read_parallel(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "parallel"), matrix_frame = FRAME_IN(&entry, "matrix");
	const struct node *matrix;

	job->parallel.at = value->at;
	if (value->kind == NODE_INT || value->kind == NODE_FLOAT) {
		read_count(&entry, value, job);
		return;
	}
	if (value->kind != NODE_MAP) {
		fault(&entry, "wrong-type", value->at, "should be an integer or a hash",
			"%s must be a number or a mapping with 'matrix', not %s",
			subject(&entry, NULL), found(f, value));
		return;
	}
	check_scope(&entry, value, SCOPE_parallel);
	matrix = node_get(value, "matrix");
	if (!matrix) {
		fault(&entry, "?missing-keyword", value->at, "config missing required keys: matrix",
			"'matrix' is missing in %s", subject(&entry, NULL));
		return;
	}
	/* GitLab takes one of null for none. */
	if (matrix->kind != NODE_NULL && check_matrix(&matrix_frame, matrix))
		job->parallel.matrix = matrix;
}
