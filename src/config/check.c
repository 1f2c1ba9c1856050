/*
 * Stages, and the checks that concern several jobs and need no facts: GitLab's logical validation
 * (lib/gitlab/ci/yaml_processor.rb) without what depends on parallel copies, which the pipeline
 * room does.
 */
#include "base/base.h"

#include "config/config_internal.h"
#include "config/include.h"
#include "config/readers.h"

static bool is_edge(struct str s)
{
	return str_is(s, ".pre") || str_is(s, ".post");
}

static void add_stage(struct config *c, struct map *known, struct text stage)
{
	if (map_has(known, stage.s))
		return;
	map_put(known, stage.s, c);
	c->stages.v[c->stages.n++] = stage;
}

/* The user's list, .pre first and .post last wherever they were written, each name once. */
static void set_stages(struct config *c, const struct texts *list)
{
	struct arena scratch = ARENA_INIT;
	struct map known;

	map_init(&known, &scratch);
	c->stages.v = arena_array(c->arena, struct text, list->n + 2);
	c->stages.set = list->set;
	c->stages.at = list->at;
	config_state_of(c)->written_stages = *list;
	if (!list->n)
		return;
	add_stage(c, &known, (struct text){STR(".pre"), list->at});
	for (size_t i = 0; i < list->n; i++)
		if (!is_edge(list->v[i].s))
			add_stage(c, &known, list->v[i]);
	add_stage(c, &known, (struct text){STR(".post"), list->at});
	arena_release(&scratch);
}

void pass_stages(struct config *c)
{
	static const char *const names[] = {"build", "test", "deploy"};
	struct frame root = FRAME_ROOT(c), f = FRAME_IN(&root, "stages");
	struct node_pair *pair = root_pair(c, STR("stages"));
	struct texts list = {.n = 0};
	const struct node *bad;

	if (pair && pair->value->kind == NODE_SEQ &&
		flatten_strings(c->arena, pair->value, LIMIT_NESTED_ARRAYS, &list, &bad)) {
		set_stages(c, &list);
		return;
	}
	config_state_of(c)->stages_faulty = pair && !node_is_null(pair->value);
	if (config_state_of(c)->stages_faulty)
		fault(&f, "wrong-type", pair->value->kind == NODE_SEQ ? bad->at : pair->value->at,
			"config should be an array of strings or a nested array of strings up to "
			"10 "
			"levels deep",
			"'stages' must be a list of strings%s%s",
			pair->value->kind == NODE_SEQ ? ", and holds " : ", not ",
			found(&f, pair->value->kind == NODE_SEQ ? bad : pair->value));
	list.v = arena_array(c->arena, struct text, ARRAY_SIZE(names));
	list.n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		list.v[list.n++] = (struct text){str_c(names[i]), SPAN_NONE};
	list.set = false;
	set_stages(c, &list);
}

/* A frame that only knows the job, for messages of this phase. */
static struct frame job_frame(struct config *c, const struct job_def *job)
{
	struct frame f = FRAME_ROOT(c);

	f.job = root_pair(c, job->name.s);
	return f;
}

/* GitLab makes the copies of a parallel job before it looks, and names the first that it meets. */
static struct str first_copy(struct config *c, const struct job_def *job)
{
	const struct node *matrix = job->parallel.matrix;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (job->parallel.count)
		return arena_printf(
			c->arena, STR_FMT " 1/%u", STR_ARG(job->name.s), job->parallel.count);
	if (!node_is(matrix, NODE_SEQ) || !matrix->u.seq.n ||
		matrix->u.seq.items[0]->kind != NODE_MAP)
		return job->name.s;
	node_each_pair(pair, matrix->u.seq.items[0])
	{
		const struct node *value = pair->value;

		if (value->kind == NODE_SEQ)
			value = value->u.seq.n ? value->u.seq.items[0] : NULL;
		buf_printf(
			&b, "%s" STR_FMT, b.n ? ", " : "", STR_ARG(value ? value->text : STR("")));
	}
	return arena_printf(c->arena, STR_FMT ": [%s]", STR_ARG(job->name.s), b.p ? b.p : "");
}

/* As they are written, what is there twice too, like GitLab. */
static const char *stage_list(struct config *c, const struct frame *f)
{
	const struct texts *all = &config_state_of(c)->written_stages;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!all->n)
		return "";
	buf_adds(&b, ".pre");
	for (size_t i = 0; i < all->n && b.n < 2000; i++)
		if (!is_edge(all->v[i].s))
			buf_printf(&b, ", " STR_FMT, STR_ARG(all->v[i].s));
	buf_adds(&b, ", .post");
	return fmt_in(f, "%s", b.p);
}

static bool in_main_file(const struct config *c, const struct loc *at)
{
	return at->line && at->source == config_state_of((struct config *)c)->main->source;
}

/*
 * Whether the list of stages and the job's own are what they will be, whatever is missing: what an
 * included file says is under what the main file says, a parent's values under the job's own.
 */
static bool is_stage_known(const struct config *c, const struct job_def *job)
{
	const struct node *own = node_get(job->node, "stage");

	if (config_state_of((struct config *)c)->stages_faulty)
		return false;
	if (c->incomplete && !(c->stages.set && in_main_file(c, &c->stages.at.begin) && own &&
				     in_main_file(c, &own->at.begin)))
		return false;
	return !map_has(&c->unsure, job->name.s) ||
	       (node_is(own, NODE_STRING) && own->via == VIA_NONE);
}

static void check_stage(struct config *c, const struct job_def *job, const struct map *stages)
{
	struct frame f = job_frame(c, job);
	struct str names[64];
	struct diag *d;
	size_t n;

	if (map_has(stages, job->stage.s) || faults_full(&f) || !is_stage_known(c, job))
		return;
	d = fault(&f, "unknown-stage", job->stage.at,
		fmt_in(&f,
			"=" STR_FMT " job: chosen stage " STR_FMT
			" does not exist; available stages are %s",
			STR_ARG(first_copy(c, job)), STR_ARG(job->stage.s), stage_list(c, &f)),
		"job '" STR_FMT "' is in stage '" STR_FMT "', which does not exist",
		STR_ARG(job->name.s), STR_ARG(job->stage.s));
	if (!d)
		return;
	diag_note(c->diags, d, c->stages.at, "the stages are %s", stage_list(c, &f));
	if (!get_node(job->node, "stage"))
		diag_note(c->diags, d, SPAN_NONE, "a job without 'stage' is in stage 'test'");
	n = MIN(c->stages.n, ARRAY_SIZE(names));
	for (size_t i = 0; i < n; i++)
		names[i] = c->stages.v[i].s;
	note_nearest(&f, d, job->stage.s, names, n);
}

static void on_stop_fault(
	struct config *c, const struct job_def *job, const char *gitlab, const char *ours)
{
	struct frame f = job_frame(c, job);
	struct text on_stop = job->environment->on_stop;
	const struct job_def *stop = config_job(c, on_stop.s);
	struct diag *d = fault(&f, "bad-on-stop", on_stop.at,
		fmt_in(&f, "=" STR_FMT " job: on_stop job " STR_FMT " %s",
			STR_ARG(first_copy(c, job)), STR_ARG(on_stop.s), gitlab),
		"'on_stop' of job '" STR_FMT "' names job '" STR_FMT "', which %s",
		STR_ARG(job->name.s), STR_ARG(on_stop.s), ours);

	if (stop && d)
		diag_note(c->diags, d, stop->name.at, "job '" STR_FMT "' is here",
			STR_ARG(on_stop.s));
}

/* Raw names are compared: the same text, before any variable is expanded. */
static void check_on_stop(struct config *c, const struct job_def *job)
{
	const struct job_def *stop;

	if (!job->environment || !job->environment->on_stop.s.n)
		return;
	if (map_has(&c->unsure, job->environment->on_stop.s) || c->incomplete)
		return;
	stop = config_job(c, job->environment->on_stop.s);
	if (!stop || stop->hidden)
		on_stop_fault(c, job, "is not defined", "does not exist");
	else if (!stop->environment)
		on_stop_fault(c, job, "does not have environment defined", "has no 'environment'");
	else if (!str_eq(stop->environment->name.s, job->environment->name.s))
		on_stop_fault(c, job, "have different environment name",
			"has another environment's name");
	else if (!str_is(stop->environment->action.s, "stop"))
		on_stop_fault(
			c, job, "needs to have action stop defined", "does not say 'action: stop'");
}

/* The job that the name is, or is a copy of, as far as the name goes. */
static struct str base_name(struct str name)
{
	size_t at = str_find(name, STR(": ["));

	if (at == STR_NPOS)
		at = str_rchr(name, ' ');
	return at == STR_NPOS ? name : str_sub(name, 0, at);
}

bool config_may_have(const struct config *c, struct str name)
{
	return c->incomplete || map_has(&c->unsure, name) || map_has(&c->unsure, base_name(name));
}

/* The job of "gen", "gen 1/3" and "gen: [a]". */
static const struct job_def *job_of_instance(struct config *c, struct str name)
{
	const struct job_def *job = config_job(c, name);

	if (job)
		return job;
	job = config_job(c, base_name(name));
	return job && (job->parallel.count || job->parallel.matrix) ? job : NULL;
}

/* A dynamic child pipeline is made by a job of this or an earlier stage. */
static void check_artifact_job(struct config *c, const struct job_def *job, const struct node *name,
	const struct map *stages)
{
	struct frame f = job_frame(c, job);
	const struct job_def *maker = job_of_instance(c, name->text);
	uintptr_t mine = (uintptr_t)map_get(stages, job->stage.s);
	uintptr_t theirs = maker ? (uintptr_t)map_get(stages, maker->stage.s) : 0;

	if (config_may_have(c, name->text))
		return;
	if (!maker || maker->hidden)
		fault(&f, "unknown-job", name->at,
			fmt_in(&f, "=" STR_FMT " job: undefined dependency: " STR_FMT,
				STR_ARG(first_copy(c, job)), STR_ARG(name->text)),
			"job '" STR_FMT "' includes an artifact of job '" STR_FMT
			"', which does not exist",
			STR_ARG(job->name.s), STR_ARG(name->text));
	else if (mine && theirs > mine)
		fault(&f, "later-stage", name->at,
			fmt_in(&f,
				"=" STR_FMT " job: dependency " STR_FMT
				" is not defined in current or prior stages",
				STR_ARG(first_copy(c, job)), STR_ARG(name->text)),
			"job '" STR_FMT "' includes an artifact of job '" STR_FMT
			"', which is in a later stage",
			STR_ARG(job->name.s), STR_ARG(name->text));
}

static void check_trigger(struct config *c, const struct job_def *job, const struct map *stages)
{
	const struct node *list = job->trigger ? job->trigger->include : NULL;

	if (!node_is(list, NODE_SEQ))
		return;
	node_each (item, list) {
		const struct node *name = node_is(item, NODE_MAP) ? node_get(item, "job") : NULL;

		if (node_is(name, NODE_STRING) && node_get(item, "artifact"))
			check_artifact_job(c, job, name, stages);
	}
}

static bool is_visible(const struct map_entry *e)
{
	return !((const struct job_def *)e->value)->hidden;
}

static void check_name(
	struct config *c, const struct job_def *job, const struct text *name, const char *kind)
{
	struct frame f = job_frame(c, job);
	struct diag *d;

	/* A root key that could not be read as a job has a message of its own. */
	if (job_of_instance(c, name->s) || root_pair(c, name->s) || config_may_have(c, name->s))
		return;
	d = fault(&f, "undefined-need", name->at,
		fmt_in(&f, "=" STR_FMT " job: undefined %s: " STR_FMT, STR_ARG(first_copy(c, job)),
			kind, STR_ARG(name->s)),
		"job '" STR_FMT "' %s job '" STR_FMT "', which does not exist",
		STR_ARG(job->name.s), strcmp(kind, "need") ? "depends on" : "needs",
		STR_ARG(name->s));
	note_nearest_key(&f, d, name->s, &c->jobs, is_visible, job->name.s);
}

/* Whether something in this place was refused already. */
static bool refused_at(const struct config *c, const struct job_def *job, const struct span *at)
{
	for (const struct diag *d = c->diags->first; d; d = d->next)
		if (d->level == DIAG_ERROR && str_eq(d->job, job->name.s) &&
			!loc_before(d->at.begin, at->begin) && !loc_before(at->end, d->at.begin))
			return true;
	return false;
}

static bool refused(const struct config *c, const struct job_def *job, const char *keyword)
{
	const struct node *value = node_get(job->node, keyword);

	return value && refused_at(c, job, &value->at);
}

/*
 * The pipeline room checks needs and dependencies after parallel copies are made, but not those of
 * jobs that have a fault. A name that is plainly wrong should be in the same list with it.
 */
static void check_names(struct config *c, const struct job_def *job)
{
	bool skip = refused(c, job, "dependencies");

	for (size_t i = 0; !skip && i < job->dependencies.n; i++)
		check_name(c, job, &job->dependencies.v[i], "dependency");
	for (size_t i = 0; i < job->needs.n; i++) {
		const struct need_def *need = &job->needs.v[i];

		if (need->job.s.n && !need->optional && !need->far->pipeline.s.n &&
			!need->far->project.s.n && !refused_at(c, job, &need->at))
			check_name(c, job, &need->job, "need");
	}
}

/*
 * What has a fault already is mostly left alone: it would only be repeated in other words. Its
 * stage and what it needs are names that are right or wrong by themselves.
 */
static void set_faulty_unsure(struct config *c)
{
	for (const struct diag *d = c->diags->first; d; d = d->next)
		if (d->level == DIAG_ERROR && d->job.n)
			set_unsure(c, d->job);
}

static void check_all(struct config *c, struct arena *scratch)
{
	struct map stages;

	set_faulty_unsure(c);
	map_init(&stages, scratch);
	for (size_t i = 0; i < c->stages.n; i++)
		map_put(&stages, c->stages.v[i].s, (void *)(uintptr_t)(i + 1));
	map_each (struct map_entry *, e, &c->jobs) {
		const struct job_def *job = e->value;
		bool unsure = map_has(&c->unsure, job->name.s);

		if (job->hidden)
			continue;
		if (!(unsure && refused(c, job, "stage")))
			check_stage(c, job, &stages);
		if (unsure) {
			check_names(c, job);
			continue;
		}
		check_on_stop(c, job);
		check_trigger(c, job, &stages);
	}
	set_faulty_unsure(c);
}

void pass_check(struct config *c)
{
	struct arena scratch = ARENA_INIT;

	check_all(c, &scratch);
	arena_release(&scratch);
}
