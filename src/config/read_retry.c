/* retry, and exit codes, which allow_failure has too. */
#include "base/base.h"

#include "config/readers.h"

/* Every reason that the server knows (GitLab, app/models/concerns/enums/ci/commit_status.rb). */
static const char failure_reasons[] =
	"always unknown_failure script_failure api_failure stuck_or_timeout_failure "
	"runner_system_failure missing_dependency_failure runner_unsupported schedule_expired "
	"stale_schedule job_execution_timeout archived_failure unmet_prerequisites "
	"scheduler_failure data_integrity_failure forward_deployment_failure user_blocked "
	"project_deleted ci_quota_exceeded pipeline_loop_detected no_matching_runner "
	"trace_size_exceeded builds_disabled environment_creation_failure deployment_rejected "
	"failed_outdated_deployment_job protected_environment_failure "
	"insufficient_bridge_permissions downstream_bridge_project_not_found "
	"invalid_bridge_trigger upstream_bridge_project_not_found "
	"insufficient_upstream_permissions bridge_pipeline_is_child_pipeline "
	"downstream_pipeline_creation_failed secrets_provider_not_found "
	"reached_max_descendant_pipelines_depth ip_restriction_failure "
	"job_execution_server_timeout duo_workflow_not_allowed "
	"reached_max_pipeline_hierarchy_size reached_downstream_pipeline_trigger_rate_limit "
	"job_router_failure job_token_expired provisioning_error image_pull_failure "
	"runner_configuration_error runner_external_dependency_failure runner_interrupted "
	"job_canceled"; /* the last five: GitLab Runner, common/network.go */

bool read_exit_codes(const struct frame *f, const struct node *map, int64_t **out, size_t *n)
{
	const struct node *codes = get_node(map, "exit_codes");
	bool ok;

	*out = NULL;
	*n = 0;
	if (!codes)
		return true;
	ok = codes->kind == NODE_INT || codes->kind == NODE_SEQ;
	if (codes->kind == NODE_SEQ) {
		node_each (item, codes) {
			ok = ok && item->kind == NODE_INT;
		}
	}
	if (!ok) {
		fault(f, "wrong-type", codes->at,
			"exit codes should be an array of integers or an integer",
			"%s must be a number or a list of numbers, not %s",
			subject(f, "exit_codes"), found(f, codes));
		return false;
	}
	*out = arena_array(frame_arena(f), int64_t, codes->kind == NODE_INT ? 1 : codes->u.seq.n);
	if (codes->kind == NODE_INT) {
		(*out)[(*n)++] = codes->u.integer;
		return true;
	}
	node_each (item, codes) {
		(*out)[(*n)++] = item->u.integer;
	}
	return true;
}

/* The texts are those of Rails' check of numbers, which takes "1" for one too. */
static bool read_max(
	const struct frame *f, const struct node *n, const char *attr, struct retry_def *out)
{
	const char *name = attr ? attr : "config";
	const char *what = n->kind == NODE_FLOAT ? "must be an integer" : "is not a number";
	int64_t max = 0;

	if (n->kind == NODE_INT)
		max = n->u.integer;
	else if (n->kind != NODE_STRING || !parse_i64(n->text, &max)) {
		fault(f, "wrong-type", n->at, fmt_in(f, "%s %s", name, what),
			"%s must be a number from 0 to 2, not %s", subject(f, attr), found(f, n));
		return false;
	}
	if (max > 2 || max < 0) {
		fault(f, "out-of-range", n->at,
			fmt_in(f, "%s must be %s", name,
				max > 2 ? "less than or equal to 2" : "greater than or equal to 0"),
			"%s must be a number from 0 to 2, not " STR_FMT, subject(f, attr),
			STR_ARG(n->text));
		return false;
	}
	out->max = (unsigned)max;
	return true;
}

static bool is_reason(struct str s)
{
	return is_one_of(s, failure_reasons);
}

static void read_retry_when(const struct frame *f, const struct node *n, struct retry_def *out)
{
	struct diag *d;

	if (!want_strings_or_string(f, n, "when"))
		return;
	texts_of(f, n, &out->when);
	for (size_t i = 0; i < out->when.n; i++) {
		if (is_reason(out->when.v[i].s) || faults_full(f))
			continue;
		d = fault(f, "unknown-value", out->when.v[i].at,
			n->kind == NODE_STRING ? "when is not included in the list"
					       : fmt_in(f, "when contains unknown values: %s",
							 values_unknown(f, n, is_reason)),
			"%s has the unknown reason '" STR_FMT "'", subject(f, "when"),
			STR_ARG(out->when.v[i].s));
		if (d)
			diag_note(f->c->diags, d, SPAN_NONE,
				"the reasons are always, unknown_failure, script_failure, "
				"api_failure, stuck_or_timeout_failure, runner_system_failure, "
				"runner_unsupported, stale_schedule, job_execution_timeout, "
				"archived_failure, unmet_prerequisites, scheduler_failure and "
				"data_integrity_failure");
	}
}

void read_retry(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "retry");
	struct retry_def out = {.at = value->at, .set = true};
	const struct node *n;

	entry.bare = true;
	if (value->kind == NODE_INT) {
		read_max(&entry, value, NULL, &out);
	} else if (value->kind == NODE_MAP) {
		check_scope(&entry, value, SCOPE_retry);
		n = get_node(value, "max");
		if (n)
			read_max(&entry, n, "max", &out);
		n = get_node(value, "when");
		if (n)
			read_retry_when(&entry, n, &out);
		read_exit_codes(&entry, value, &out.exit_codes, &out.n_exit_codes);
	} else {
		fault(&entry, "wrong-type", value->at,
			"config has to be either an integer or a hash",
			"%s must be a number or a mapping, not %s", subject(&entry, NULL),
			found(f, value));
		return;
	}
	job->rare->retry = out;
}
