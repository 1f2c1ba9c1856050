#include "base/base.h"
#include "emulator/gitlab/artifact_earlier.h"
#include "base/arena.h"
#include "emulator/core/error.h"
#include "emulator/store/run_record.h"
#include "emulator/store/store.h"

#include <unistd.h>

static const struct job_record *passed(const struct run_record *r, struct str job)
{
	for (size_t i = 0; i < r->n_jobs; i++)
		if (str_eq(r->jobs[i].name, job) && str_is(r->jobs[i].status, "success"))
			return &r->jobs[i];
	return NULL;
}

bool artifact_earlier_find(struct store *s, struct arena *a, struct str job, struct str but,
	struct earlier_artifacts *out)
{
	struct error err = ERROR_INIT;
	struct str *ids;
	size_t n;

	memset(out, 0, sizeof(*out));
	if (store_list(s, a, &ids, &n, &err))
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *dir = store_run_dir(s, a, ids[i]);
		const struct job_record *j;
		struct error unread = ERROR_INIT;
		struct run_record r;
		struct str at;

		if (!dir || str_eq(ids[i], but) || run_record_read(dir, a, &r, &unread))
			continue;
		j = passed(&r, job);
		if (!j)
			continue;
		out->run = ids[i];
		at = arena_printf(a, "%s/" STR_FMT "/artifacts.tar", dir, STR_ARG(j->slug));
		if (!access(at.p, R_OK))
			out->archive = at;
		at = arena_printf(a, "%s/" STR_FMT "/reports/dotenv", dir, STR_ARG(j->slug));
		if (!access(at.p, R_OK))
			out->dotenv = at.p;
		return true;
	}
	return false;
}
