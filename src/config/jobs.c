/*
 * From the merged root to job definitions: which root keys are jobs and of which kind, their
 * keywords through the readers, and the rules that concern several keywords of one job. GitLab,
 * lib/gitlab/ci/config/entry/jobs.rb, processable.rb, job.rb and bridge.rb.
 */
#include "base/base.h"

#include "config/jobs.h"
#include "config/include.h"
#include "config/readers.h"
#include "config/workflow.h"

static const char *const when_names[] = {
	[WHEN_ON_SUCCESS] = "on_success",
	[WHEN_ON_FAILURE] = "on_failure",
	[WHEN_ALWAYS] = "always",
	[WHEN_MANUAL] = "manual",
	[WHEN_DELAYED] = "delayed",
	[WHEN_NEVER] = "never",
	[WHEN_UNSET] = "unset",
};

const char *job_when_name(enum job_when when)
{
	return when_names[when];
}

static const struct str root_keywords[] = {
	STR_INIT("default"),
	STR_INIT("include"),
	STR_INIT("before_script"),
	STR_INIT("image"),
	STR_INIT("services"),
	STR_INIT("after_script"),
	STR_INIT("variables"),
	STR_INIT("stages"),
	STR_INIT("cache"),
	STR_INIT("workflow"),
};

bool is_root_keyword(struct str key)
{
	for (size_t i = 0; i < ARRAY_SIZE(root_keywords); i++)
		if (str_eq(root_keywords[i], key))
			return true;
	return false;
}

void init_job_def(struct job_def *job, struct job_rare *rare)
{
	memset(rare, 0, sizeof(*rare));
	rare->inherit.all_default = true;
	rare->inherit.all_variables = true;
	rare->only = rare->except = &no_policy;
	*job = (struct job_def){.rare = rare, .when = WHEN_UNSET, .interruptible = -1};
}

/*
 * Most jobs have nothing in it, or what they inherit: they share it with the job before. Padding
 * may differ where the values don't, which only costs a copy.
 */
static struct job_rare *settle_rare(struct config *c, const struct job_rare *rare)
{
	struct config_state *s = config_state_of(c);

	if (!s->last_rare || memcmp(s->last_rare, rare, sizeof(*rare))) {
		s->last_rare = arena_new(c->arena, struct job_rare);
		memcpy(s->last_rare, rare, sizeof(*rare));
	}
	return s->last_rare;
}

static bool has(const struct node *job, const char *key)
{
	return node_get(job, key) != NULL;
}

/* --- rules that concern several keywords --- */

static void check_script(const struct frame *f, const struct job_def *job)
{
	static const char *const others[] = {"script", "before_script", "after_script", "trigger"};
	const struct node *script = node_get(job->node, "script");

	if (script && node_is_blank(script))
		fault(f, "blank", script->at.begin.line ? script->at : job->name.at,
			"script can't be blank", "'script' of job '" STR_FMT "' is empty",
			STR_ARG(job->name.s));
	if (script && has(job->node, "trigger"))
		fault(f, "exclusive-keywords", span_of_key(job->node, "trigger"),
			fmt_in(f, "config these keys cannot be used together: %s",
				keys_present(f, job->node, "script trigger", true)),
			"job '" STR_FMT "' can't have both 'script' and 'trigger'",
			STR_ARG(job->name.s));
	for (size_t i = 0; has(job->node, "run") && i < ARRAY_SIZE(others); i++)
		if (has(job->node, others[i]))
			fault(f, "exclusive-keywords", span_of_key(job->node, others[i]),
				fmt_in(f, "config these keys cannot be used together: %s",
					keys_present(f, job->node, fmt_in(f, "run %s", others[i]),
						true)),
				"job '" STR_FMT "' can't have both 'run' and '%s'",
				STR_ARG(job->name.s), others[i]);
}

/* only, except and start_in at the job's level exclude rules; nulls do not count. */
static void check_rules_exclusive(const struct frame *f, const struct job_def *job)
{
	static const char *const keys[] = {"only", "except", "start_in"};

	if (!get_node(job->node, "rules"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct diag *d;

		if (!get_node(job->node, keys[i]))
			continue;
		d = fault(f, "exclusive-keywords", span_of_key(job->node, keys[i]),
			fmt_in(f, "config key may not be used with `rules`: %s",
				keys_present(f, job->node, "only except start_in", false)),
			"'%s' can't be used together with 'rules' in job '" STR_FMT "'", keys[i],
			STR_ARG(job->name.s));
		diag_note(f->c->diags, d, span_of_key(job->node, "rules"), "'rules' is here");
	}
}

static void check_delay(const struct frame *f, const struct job_def *job)
{
	const struct node *start_in = get_node(job->node, "start_in");
	bool has_rules = get_node(job->node, "rules") != NULL;
	int64_t seconds;

	if (has_rules || job->bridge)
		return;
	if (job->when != WHEN_DELAYED) {
		if (start_in && !node_is_blank(start_in))
			fault(f, "?disallowed-keyword", span_of_key(job->node, "start_in"),
				"start in must be blank",
				"'start_in' of job '" STR_FMT "' needs 'when: delayed'",
				STR_ARG(job->name.s));
		return;
	}
	if (!start_in)
		fault(f, "?missing-keyword", span_of_key(job->node, "when"),
			"start in should be a duration",
			"job '" STR_FMT "' needs 'start_in', since it says 'when: delayed'",
			STR_ARG(job->name.s));
	else
		want_duration(f, start_in, "start_in", LIMIT_START_IN, &seconds);
}

static void index_needs(const struct need_defs *needs, struct map *out)
{
	for (size_t i = 0; i < needs->n; i++)
		if (!needs->v[i].far->pipeline.s.n && !needs->v[i].far->project.s.n)
			map_put(out, needs->v[i].job.s, &needs->v[i]);
}

static bool has_same_pipeline_need(const struct need_defs *needs)
{
	for (size_t i = 0; i < needs->n; i++)
		if (!needs->v[i].far->pipeline.s.n && !needs->v[i].far->project.s.n)
			return true;
	return false;
}

static void check_dependencies(const struct frame *f, const struct job_def *job)
{
	CLEANUP(buf_release) struct buf missing = BUF_INIT;
	struct arena scratch = ARENA_INIT;
	struct map needed;

	if (!job->dependencies.n || !job->needs.n)
		return;
	if (!has_same_pipeline_need(&job->needs)) {
		fault(f, "?bad-dependencies", job->dependencies.at,
			"needs corresponding to dependencies must be from the same pipeline",
			"'dependencies' of job '" STR_FMT "' needs 'needs' of this pipeline",
			STR_ARG(job->name.s));
		return;
	}
	map_init(&needed, &scratch);
	index_needs(&job->needs, &needed);
	for (size_t i = 0; i < job->dependencies.n && missing.n < 2000; i++)
		if (!map_has(&needed, job->dependencies.v[i].s))
			buf_printf(&missing, "%s" STR_FMT, missing.n ? ", " : "",
				STR_ARG(job->dependencies.v[i].s));
	for (size_t i = 0; missing.n && !faults_full(f) && i < job->dependencies.n; i++)
		if (!map_has(&needed, job->dependencies.v[i].s))
			fault(f, "?bad-dependencies", job->dependencies.v[i].at,
				fmt_in(f, "dependencies the %s should be part of needs", missing.p),
				"'" STR_FMT "' in 'dependencies' of job '" STR_FMT
				"' must be in its 'needs' too",
				STR_ARG(job->dependencies.v[i].s), STR_ARG(job->name.s));
	arena_release(&scratch);
}

static bool has_bridge_need(const struct need_defs *needs)
{
	for (size_t i = 0; i < needs->n; i++)
		if (needs->v[i].far->pipeline.s.n && !needs->v[i].job.s.n)
			return true;
	return false;
}

static void check_bridge(const struct frame *f, const struct job_def *job)
{
	struct diag *d;

	if (get_node(job->node, "trigger") || has_bridge_need(&job->needs))
		return;
	d = fault(f, "?no-script", job->name.at,
		"config should contain either a trigger or a needs:pipeline",
		"job '" STR_FMT "' has neither 'script' nor 'trigger'", STR_ARG(job->name.s));
	if (d && !has(job->node, "trigger"))
		diag_note(f->c->diags, d, SPAN_NONE,
			"GitLab takes a job with 'needs' and no 'script' for a trigger job");
}

/*
 * The folder that is published is among the artifacts without being written there (GitLab docs,
 * CI/CD YAML syntax reference, `pages:publish`).
 */
static void publish_folder(const struct frame *f, struct job_def *job)
{
	static const struct artifacts_def none = {.is_public = -1, .when = WHEN_ON_SUCCESS};
	struct text folder = {STR("public"), job->name.at};
	struct artifacts_def *out;
	struct texts *paths;
	struct text *grown;

	if (job->rare->publish.s.n)
		folder = job->rare->publish;
	if (job->rare->pages.publish.s.n)
		folder = job->rare->pages.publish;
	out = arena_new(f->c->arena, struct artifacts_def);
	*out = job->artifacts ? *job->artifacts : none;
	paths = &out->paths;
	for (size_t i = 0; i < paths->n; i++)
		if (str_eq(paths->v[i].s, folder.s))
			return;
	grown = arena_array(f->c->arena, struct text, paths->n + 1);
	if (paths->n)
		memcpy(grown, paths->v, paths->n * sizeof(*grown));
	grown[paths->n++] = folder;
	paths->v = grown;
	paths->set = true;
	job->artifacts = out;
}

static void finish_pages(const struct frame *f, struct job_def *job)
{
	const struct node *pages = get_node(job->node, "pages");
	const struct node *publish = get_node(job->node, "publish");
	struct frame publish_frame = FRAME_IN(f, "publish");

	if (str_is(job->name.s, "pages") && !pages)
		job->rare->pages.enabled = true;
	if (!node_is_blank(publish) && !job->rare->pages.enabled)
		fault(f, "?disallowed-keyword", publish->at,
			"publish can only be used within a `pages` job",
			"'publish' of job '" STR_FMT "' is only for jobs with 'pages'",
			STR_ARG(job->name.s));
	else if (publish && job->rare->pages.enabled)
		want_string(&publish_frame, publish, NULL);
	if (job->rare->publish.s.p && job->rare->pages.publish.s.p)
		fault(f, "exclusive-keywords", job->rare->publish.at,
			fmt_in(f,
				"=" STR_FMT " job: use either " STR_FMT ":publish or " STR_FMT
				":pages:publish",
				STR_ARG(job->name.s), STR_ARG(job->name.s), STR_ARG(job->name.s)),
			"job '" STR_FMT "' has both 'publish' and 'pages:publish'",
			STR_ARG(job->name.s));
	if (job->rare->pages.enabled)
		publish_folder(f, job);
}

/* A last rule of nothing but `when` lets branch and merge request pipelines run side by side. */
static void warn_two_pipelines(const struct frame *f, const struct job_def *job)
{
	const struct rule_def *last;
	struct diag *d;

	if (!job->rules.n || f->c->workflow.rules.set || f->c->incomplete ||
		f->c->diags->warnings >= LIMIT_ERRORS)
		return;
	last = &job->rules.v[job->rules.n - 1];
	if (last->when == WHEN_UNSET || last->when == WHEN_NEVER || last->if_text.s.p ||
		last->changes || last->exists || last->vars.set || last->needs.set ||
		last->start_in.s.p || last->allow_failure.set || last->interruptible >= 0)
		return;
	d = diag_warn(f->c->diags, "duplicate-pipelines", last->at,
		"job '" STR_FMT "' may run in two pipelines for one push, since its last rule has "
		"only 'when' and there is no 'workflow:rules'",
		STR_ARG(job->name.s));
	diag_set_job(f->c->diags, d, job->name.s);
	diag_set_gitlab(f->c->diags, d,
		"jobs:" STR_FMT " may allow multiple pipelines to run for a single action due to "
		"`rules:when` clause with no `workflow:rules` - read more: "
		"https://docs.gitlab.com/ee/ci/jobs/job_troubleshooting.html"
		"#job-may-allow-multiple-pipelines-to-run-for-a-single-action-warning",
		STR_ARG(lower_case(f->c->arena, job->name.s)));
}

/* --- one job --- */

static void check_job_keywords(const struct frame *f, const struct job_def *job)
{
	const struct node *map = job->node;

	/* `script` with `trigger` has a message of its own. */
	if (!job->bridge && has(map, "trigger")) {
		struct node *copy = node_new(f->c->arena, NODE_MAP, map->at);

		node_each_pair(pair, map)
		{
			if (!str_is(pair->key->text, "trigger"))
				node_map_put(f->c->arena, copy, pair->key, pair->value);
		}
		map = copy;
	}
	check_keywords(f, map, job->bridge ? 'b' : 'j');
}

/*
 * Jobs that extend the same one share its nodes: each is read once. A small table is enough, since
 * such jobs stand together.
 */
#define READINGS 512
struct reading {
	const void *value;         /* its address, or that of its items, which copies share */
	const struct job_def *job; /* who has what was made of it */
	enum keyword_id id;
};

static bool copy_own_fields(struct job_def *job, const struct job_def *from, enum keyword_id id)
{
	if (id == KEYWORD_script)
		job->script = from->script;
	else if (id == KEYWORD_variables)
		job->vars = from->vars;
	else if (id == KEYWORD_rules)
		job->rules = from->rules;
	else if (id == KEYWORD_only)
		job->rare->only = from->rare->only;
	else if (id == KEYWORD_except)
		job->rare->except = from->rare->except;
	else if (id == KEYWORD_needs)
		job->needs = from->needs;
	else if (id == KEYWORD_dependencies)
		job->dependencies = from->dependencies;
	else if (id == KEYWORD_environment)
		job->environment = from->environment;
	else if (id == KEYWORD_release)
		job->rare->release = from->rare->release;
	else if (id == KEYWORD_trigger)
		job->trigger = from->trigger;
	else if (id == KEYWORD_artifacts && from->rare->pages.enabled)
		return false; /* with the published folder by now */
	else
		return copy_fields(job, from, id);
	return true;
}

static const void *identity_of(const struct node *value)
{
	if (value->kind == NODE_SEQ && value->u.seq.n)
		return value->u.seq.items;
	if (value->kind == NODE_MAP && value->u.map.n)
		return value->u.map.pairs;
	return value;
}

/* What has faults is read again, for they name the job; not when enough are known. */
static void read_keyword(const struct frame *f, const struct keyword *k, const struct node *value,
	struct job_def *job)
{
	struct config_state *s = config_state_of(f->c);
	enum keyword_id id = (enum keyword_id)(k - keywords);
	size_t before = f->c->diags->n + s->n_consequences;
	const void *address = identity_of(value);
	struct reading *r;

	if (faults_full(f)) {
		f->c->diags->left_out++;
		return;
	}
	if (!s->readings)
		s->readings = arena_array(f->c->arena, struct reading, READINGS);
	r = &s->readings[(((uintptr_t)address >> 3) * 31 + id) % READINGS];
	if (r->value == address && r->id == id && r->job->bridge == job->bridge &&
		copy_own_fields(job, r->job, id))
		return;
	k->read(f, value, job);
	if (f->c->diags->n + s->n_consequences == before && !faults_full(f))
		*r = (struct reading){address, job, id};
}

static void read_job(const struct frame *jobs, const struct node_pair *pair, struct job_def *job)
{
	struct frame f = FRAME_AT(jobs, pair->key->text);

	f.job = pair;
	if (pair->key->text.n > LIMIT_JOB_NAME)
		fault(&f, "name-too-long", pair->key->at,
			"name is too long (maximum is 255 characters)",
			"the name of a job has %zu characters, more than the limit of %d",
			pair->key->text.n, LIMIT_JOB_NAME);
	check_job_keywords(&f, job);
	node_each_pair(p, pair->value)
	{
		const struct keyword *k = keyword_find(p->key->text);

		if (keyword_allowed(k, job->bridge ? 'b' : 'j') && !node_is_null(p->value))
			read_keyword(&f, k, p->value, job);
	}
	if (!job->stage.s.p)
		job->stage = (struct text){STR("test"), job->name.at};
	if (!job->bridge)
		check_script(&f, job);
	else
		check_bridge(&f, job);
	check_rules_exclusive(&f, job);
	check_delay(&f, job);
	check_dependencies(&f, job);
	finish_pages(&f, job);
	warn_two_pipelines(&f, job);
}

/*
 * How GitLab prints the name in this one message: blanks become underscores where it is all letters
 * (lib/gitlab/config/entry/validator.rb).
 */
static const char *shown_name(const struct frame *f, struct str name)
{
	struct str s = lower_case(f->c->arena, name);
	char *p = (char *)s.p;

	for (size_t i = 0; i < s.n; i++)
		if (!islower((unsigned char)p[i]) && !isspace((unsigned char)p[i]))
			return fmt_in(f, STR_FMT, STR_ARG(s));
	for (size_t i = 0; i < s.n; i++)
		if (p[i] == ' ')
			p[i] = '_';
	return fmt_in(f, STR_FMT, STR_ARG(s));
}

/* GitLab does not look at the keys of what is no job, but a misspelt `script` is why it is none. */
static void say_misspelt(const struct frame *jobs, const struct node_pair *job)
{
	struct frame f = FRAME_AT(jobs, job->key->text);
	struct str names[KEYWORD_COUNT];

	f.job = job;
	for (size_t i = 0; i < KEYWORD_COUNT; i++)
		names[i] = keywords[i].name;
	node_each_pair(pair, job->value)
	{
		struct diag *d;

		if (keyword_find(pair->key->text) ||
			!str_nearest(pair->key->text, names, KEYWORD_COUNT))
			continue;
		d = fault(&f, "unknown-keyword", pair->key->at, NULL,
			"unknown keyword '" STR_FMT "' in %s", STR_ARG(pair->key->text),
			subject(&f, NULL));
		note_nearest(&f, d, pair->key->text, names, KEYWORD_COUNT);
	}
}

static void say_no_job(const struct frame *jobs, const struct node_pair *pair)
{
	struct diag *d;

	d = fault(jobs, "no-script", pair->key->at,
		fmt_in(jobs, "%s config should implement the script:, run:, or trigger: keyword",
			shown_name(jobs, pair->key->text)),
		node_is(pair->value, NODE_MAP) ? "job '" STR_FMT
						 "' has neither 'script' nor 'run' nor 'trigger'"
					       : "'" STR_FMT "' is neither a keyword nor a job",
		STR_ARG(pair->key->text));
	diag_set_job(jobs->c->diags, d, pair->key->text);
	note_nearest(jobs, d, pair->key->text, root_keywords, ARRAY_SIZE(root_keywords));
	if (node_is(pair->value, NODE_MAP))
		say_misspelt(jobs, pair);
	if (str_is(pair->key->text, "spec"))
		diag_note(jobs->c->diags, d, SPAN_NONE,
			"'spec' is a header: it needs a line '---' behind it");
}

/* false: the key can't be a job's name. */
static bool check_name(const struct frame *jobs, const struct node_pair *pair)
{
	struct frame f = FRAME_AT(jobs, pair->key->text);
	struct frame blank = FRAME_IN(jobs, "job");

	if (!pair->key->text.n) {
		fault(&blank, "bad-name",
			pair->key->at.begin.line ? pair->key->at : pair->value->at,
			"name can't be blank", "the name of a job is empty");
		return false;
	}
	if (pair->key->kind != NODE_STRING) {
		fault(&f, "bad-name", pair->key->at, "name should be a symbol",
			"the name of a job must be a string; put '" STR_FMT "' in quotes",
			STR_ARG(pair->key->text));
		return false;
	}
	return true;
}

/* A hidden key may hold anything but nothing (GitLab, config/entry/hidden.rb). */
static void check_hidden(const struct frame *jobs, const struct node_pair *pair)
{
	struct frame f = FRAME_AT(jobs, pair->key->text);

	if (node_is_blank(pair->value))
		fault(&f, node_is(pair->value, NODE_MAP) ? "?blank" : "blank",
			pair->value->at.begin.line ? pair->value->at : pair->key->at,
			"config can't be blank", "'" STR_FMT "' is empty",
			STR_ARG(pair->key->text));
}

/* True when a visible job was made. */
static bool add_job(const struct frame *jobs, struct node_pair *pair, const struct defaults *d)
{
	struct config *c = jobs->c;
	struct job_def *job = arena_new(c->arena, struct job_def);
	const struct node *value = pair->value;
	struct job_rare rare;
	bool unsure;

	init_job_def(job, &rare);
	job->name = text_of(pair->key);
	job->node = value;
	job->hidden = pair->key->text.n && pair->key->text.p[0] == '.';
	if (job->hidden) {
		job->rare = NULL;
		map_put(&c->jobs, job->name.s, job);
		check_hidden(jobs, pair);
		return false;
	}
	/* Of what kind it is, and its keywords, is not known. */
	if (node_is_unknown(value))
		return true;
	unsure = node_is(value, NODE_MAP) && may_lack(c, job->name.s);
	if (node_is(value, NODE_MAP) && !has(value, "script") && !has(value, "run"))
		job->bridge = has(value, "trigger") || (has(value, "needs") && !unsure);
	if (!node_is(value, NODE_MAP) ||
		(!unsure && !job->bridge && !has(value, "script") && !has(value, "run"))) {
		say_no_job(jobs, pair);
		return false;
	}
	if (!check_name(jobs, pair))
		return true;
	map_put(&c->jobs, job->name.s, job);
	read_job(jobs, pair, job);
	inherit_defaults(c, d, job);
	job->rare = settle_rare(c, &rare);
	pair->value = (struct node *)job->node;
	return true;
}

/*
 * Counted before anything is made of them. A visible key that is neither a keyword nor a job is a
 * fault anyway.
 */
bool check_job_count(struct config *c)
{
	struct frame root = FRAME_ROOT(c), jobs = FRAME_IN(&root, "jobs");
	const struct node_pair *last = NULL;
	size_t visible = 0, hidden = 0;

	node_each_pair(pair, c->root)
	{
		if (str_starts(pair->key->text, STR(".")))
			hidden++;
		else if (!is_root_keyword(pair->key->text) || pair->key->kind != NODE_STRING)
			visible++;
		last = pair;
		if (visible > LIMIT_JOBS || hidden > LIMIT_HIDDEN_JOBS)
			break;
	}
	if (hidden > LIMIT_HIDDEN_JOBS)
		fault(&jobs, "too-many-jobs", last->key->at, NULL,
			"the definition has more than %d hidden jobs", LIMIT_HIDDEN_JOBS);
	if (visible <= LIMIT_JOBS)
		return hidden <= LIMIT_HIDDEN_JOBS;
	fault(&jobs, "too-many-jobs", last->key->at,
		fmt_in(&jobs,
			"=The number of jobs has exceeded the limit of %d. Try splitting the "
			"configuration with parent-child-pipelines",
			LIMIT_JOBS),
		"the definition has more than %d jobs", LIMIT_JOBS);
	return false;
}

void pass_jobs(struct config *c)
{
	struct frame root = FRAME_ROOT(c), jobs = FRAME_IN(&root, "jobs");
	struct frame vars = FRAME_IN(&root, "variables");
	struct node_pair *pair = root_pair(c, STR("variables"));
	struct defaults *d = arena_new(c->arena, struct defaults);
	/* No job, or only in what can't be had. */
	bool any = c->incomplete;

	map_reserve(&c->jobs, c->root->u.map.n);
	read_defaults(c, d);
	if (pair && !node_is_null(pair->value))
		read_var_defs(&vars, pair->value, VARIABLES_ROOT, &c->vars);
	pair = root_pair(c, STR("workflow"));
	if (pair && !node_is_null(pair->value))
		read_workflow(&root, pair->value, &c->workflow);
	for (size_t i = 0; i < c->root->u.map.n; i++) {
		pair = &c->root->u.map.pairs[i];
		if (is_root_keyword(pair->key->text) && pair->key->kind == NODE_STRING)
			continue;
		any = add_job(&jobs, pair, d) || any;
	}
	if (!any && !c->root->at.begin.line) {
		/* Nothing but comments: there is no node, but there is a file. */
		struct loc start = {config_state_of(c)->main->source, 1, 1};

		c->root->at = (struct span){start, start};
	}
	if (!any)
		fault(&jobs, "no-jobs", c->root->at,
			"config should contain at least one visible job",
			"the definition has no job that could run");
}
