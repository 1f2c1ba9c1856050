#include "base/base.h"

#include "emulator/cli/timeline.h"
#include "emulator/store/run_record.h"
#include "emulator/gitlab/run.h"

/* No run is that long: a record that says so is damaged. */
#define LONGEST 1e8
/* Two moments that the program's own work is between. */
#define NEAR 0.1
/* What is shorter than that needs no picture: of one job, of several. */
#define SHORT_JOB 10
#define SHORT_RUN 2

const char *time_kind_name(enum time_kind k)
{
	static const char *const names[] = {[TIME_WAIT] = "waiting",
		[TIME_IMAGE] = "images",
		[TIME_PREPARE] = "preparing",
		[TIME_FILES] = "artifacts and caches",
		[TIME_SCRIPT] = "scripts",
		[TIME_CHILD] = "pipelines below"};
	_Static_assert(ARRAY_SIZE(names) == TIME_KINDS, "a name for each kind");
	return names[k];
}

static enum time_kind kind_of(struct str phase)
{
	static const struct {
		const char *phase;
		enum time_kind kind;
	} table[] = {
		{"waiting", TIME_WAIT},
		{"pull_image", TIME_IMAGE},
		{"pipeline", TIME_CHILD},
		{"restore_cache", TIME_FILES},
		{"download_artifacts", TIME_FILES},
		{"archive_cache", TIME_FILES},
		{"archive_cache_on_failure", TIME_FILES},
		{"upload_artifacts_on_success", TIME_FILES},
		{"upload_artifacts_on_failure", TIME_FILES},
		{"step_script", TIME_SCRIPT},
		{"step_release", TIME_SCRIPT},
		{"shell", TIME_SCRIPT},
		{"after_script", TIME_SCRIPT},
	};
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (str_is(phase, table[i].phase))
			return table[i].kind;
	return TIME_PREPARE;
}

static void add_part(struct timeline_job *j, struct timeline_part part)
{
	if (part.start < 0 || part.end < part.start || part.end > LONGEST)
		return;
	j->parts[j->n_parts++] = part;
	if (part.kind != TIME_WAIT)
		j->busy += part.end - part.start;
	j->start = j->n_parts == 1 ? part.start : MIN(j->start, part.start);
	j->end = MAX(j->end, part.end);
}

/* A record without phases knows only of the last attempt. */
static void add_whole(struct timeline *t, struct timeline_job *j)
{
	const struct job_record *r = j->record;
	double start = r->started - t->run->started;
	if (r->started < 0 || t->run->started < 0 ||
		(r->duration < 0 && !str_is(r->status, "running")))
		return;
	/* A clock that was put back. */
	start = MAX(start, 0);
	add_part(j, (struct timeline_part){.kind = TIME_SCRIPT,
			    .start = start,
			    .end = r->duration < 0 ? t->end : start + r->duration});
}

static void make_job(struct timeline *t, struct arena *a, struct timeline_job *j)
{
	const struct job_record *r = j->record;
	j->parts = arena_array(a, struct timeline_part, r->n_phases + 1);
	j->end = -1;
	for (size_t i = 0; i < r->n_phases; i++) {
		const struct job_phase *p = &r->phases[i];
		enum time_kind kind = kind_of(p->name);
		double start = p->start, end = p->duration < 0 ? t->end : start + p->duration;
		add_part(j, (struct timeline_part){kind, p->name, start, end});
	}
	if (j->n_parts)
		t->has_phases = true;
	else if (!r->n_phases)
		add_whole(t, j);
	/* Canceled while it waited. */
	if (j->n_parts && j->busy <= 0) {
		j->n_parts = 0;
		j->end = -1;
	}
	for (size_t i = 0; i < j->n_parts; i++)
		t->sums[j->parts[i].kind] += j->parts[i].end - j->parts[i].start;
	t->n_ran += j->n_parts > 0;
}

/* Jobs of a trigger job's pipeline stand below it, with its name before theirs. */
static void nest(struct timeline *t, struct map *by_name)
{
	for (size_t i = 0; i < t->run->n_jobs; i++) {
		struct timeline_job *j = &t->jobs[i];
		struct str whole = j->record->name;
		j->name = whole;
		j->above = SIZE_MAX;
		for (size_t at = 0; at + strlen(BRIDGE_ARROW) < whole.n; at++) {
			if (!str_starts(str_from(whole, at), STR(BRIDGE_ARROW)))
				continue;
			const struct timeline_job *up = map_get(by_name, str_sub(whole, 0, at));
			if (!up)
				continue;
			j->above = (size_t)(up - t->jobs);
			j->depth = up->depth + 1;
			j->name = str_from(whole, at + strlen(BRIDGE_ARROW));
		}
	}
}

static size_t last_below(const struct timeline *t, size_t above)
{
	size_t last = SIZE_MAX;
	for (size_t i = 0; i < t->run->n_jobs; i++)
		if (t->jobs[i].above == above && t->jobs[i].n_parts &&
			(last == SIZE_MAX || t->jobs[i].end > t->jobs[last].end))
			last = i;
	return last;
}

/* Which job's end let this one go on: for a trigger job the last of its pipeline. */
static size_t before(const struct timeline *t, size_t i, const struct map *by_name, bool *through)
{
	const struct timeline_job *j = &t->jobs[i], *up;
	bool trigger = j->n_parts && j->parts[j->n_parts - 1].kind == TIME_CHILD;
	size_t below = *through || !trigger ? SIZE_MAX : last_below(t, i);
	*through = false;
	if (below != SIZE_MAX && t->jobs[below].end <= j->end + NEAR &&
		t->jobs[below].end >= j->end - NEAR)
		return below;
	up = j->record->after.n ? map_get(by_name, j->record->after) : NULL;
	if (!up)
		return SIZE_MAX;
	/* The first of a pipeline below came with the start of its trigger job, not with its end.
	 */
	*through = (size_t)(up - t->jobs) == j->above;
	return (size_t)(up - t->jobs);
}

static void find_chain(struct timeline *t, struct arena *a, const struct map *by_name)
{
	size_t n = t->run->n_jobs, at = SIZE_MAX, k = 0;
	bool through = false;
	for (size_t i = 0; i < n; i++)
		if (t->jobs[i].n_parts && (at == SIZE_MAX || t->jobs[i].end >= t->jobs[at].end))
			at = i;
	t->chain = arena_array(a, size_t, n + 1);
	double end = at == SIZE_MAX ? 0 : t->jobs[at].end, start = end;
	while (at != SIZE_MAX && (!t->jobs[at].critical || through)) {
		/* A trigger job is come by twice: from its end, and from the start of its pipeline.
		 */
		if (!t->jobs[at].critical)
			t->chain[k++] = at;
		t->jobs[at].critical = true;
		if (t->jobs[at].n_parts)
			start = MIN(start, t->jobs[at].start);
		at = before(t, at, by_name, &through);
	}
	t->n_chain = k;
	t->chain_s = end - start;
	for (size_t i = 0; i < k / 2; i++) {
		size_t swap = t->chain[i];
		t->chain[i] = t->chain[k - 1 - i];
		t->chain[k - 1 - i] = swap;
	}
}

static double end_of(const struct run_record *r, double now)
{
	double end = r->duration;
	if (end < 0 && str_is(r->status, "running"))
		end = now - r->started;
	for (size_t i = 0; i < r->n_jobs && r->duration < 0; i++) {
		const struct job_record *j = &r->jobs[i];
		for (size_t k = 0; k < j->n_phases; k++)
			end = MAX(end, j->phases[k].start + MAX(j->phases[k].duration, 0));
		if (j->duration >= 0)
			end = MAX(end, j->started - r->started + j->duration);
	}
	return end > 0 && end < LONGEST ? end : 0;
}

void timeline_make(struct timeline *t, struct arena *a, const struct run_record *r, double now)
{
	struct map by_name;
	*t = (struct timeline){.run = r, .end = end_of(r, now)};
	t->jobs = arena_array(a, struct timeline_job, r->n_jobs + 1);
	map_init(&by_name, a);
	for (size_t i = 0; i < r->n_jobs; i++) {
		t->jobs[i] = (struct timeline_job){.record = &r->jobs[i]};
		make_job(t, a, &t->jobs[i]);
		map_put(&by_name, r->jobs[i].name, &t->jobs[i]);
	}
	nest(t, &by_name);
	for (size_t i = 0; i < r->n_jobs; i++)
		t->end = MAX(t->end, t->jobs[i].end);
	if (t->has_phases)
		find_chain(t, a, &by_name);
}

bool timeline_tells(const struct timeline *t)
{
	return t->n_ran && t->end >= (t->n_ran > 1 ? SHORT_RUN : SHORT_JOB);
}

double timeline_step(double end, size_t most)
{
	static const double steps[] = {0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200,
		1800, 3600, 7200, 4 * 3600.0, 8 * 3600.0, 24 * 3600.0};
	size_t i = 0;
	while (i + 1 < ARRAY_SIZE(steps) && end / steps[i] > (double)most)
		i++;
	double step = steps[i];
	while (end / step > (double)most)
		step *= 2;
	return step;
}

struct str timeline_mark(struct arena *a, double s)
{
	unsigned long n = (unsigned long)(s + 0.001);
	if (s < 60)
		return arena_printf(a, "%gs", (double)(unsigned long)(s * 10 + 0.5) / 10);
	if (n < 3600 && n % 60)
		return arena_printf(a, "%lum%02lus", n / 60, n % 60);
	if (n < 3600)
		return arena_printf(a, "%lum", n / 60);
	if (n % 3600 / 60)
		return arena_printf(a, "%luh%02lum", n / 3600, n % 3600 / 60);
	return arena_printf(a, "%luh", n / 3600);
}
