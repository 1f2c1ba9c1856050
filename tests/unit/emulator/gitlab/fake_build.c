#include "base/base.h"
#include "fake_build.h"
#include "emulator/core/loop.h"
#include "emulator/runner/build.h"
#include "emulator/runner/janitor.h"
#include "emulator/runner/layers.h"
#include "emulator/runner/shell_login.h"
#include "emulator/runner/image_fetch.h"
#include "emulator/runner/sources.h"

#include <signal.h>

struct build {
	const struct build_host *host;
	const struct build_spec *spec;
	struct fake_script script;
	struct loop_timer timer;
	struct build_result result;
	build_done_fn *done;
	void *arg;
};

static struct {
	const struct fake_script *scripts;
	size_t n;
	struct buf journal;
	unsigned now, most;
	unsigned attempts[64]; /* by script */
} fake;

void fake_builds(const struct fake_script *scripts, size_t n)
{
	memset(&fake, 0, sizeof(fake));
	buf_init(&fake.journal);
	fake.scripts = scripts;
	fake.n = n;
}

const char *fake_journal(void)
{
	return fake.journal.p;
}

unsigned fake_most(void)
{
	return fake.most;
}

void fake_release(void)
{
	buf_release(&fake.journal);
}

static void note(char sign, struct str job)
{
	if (fake.journal.n)
		buf_addc(&fake.journal, ' ');
	buf_addc(&fake.journal, sign);
	buf_addstr(&fake.journal, job);
}

struct build *build_new(
	const struct build_host *host, const struct build_spec *spec, struct job_log *log)
{
	struct build *b = xcalloc(1, sizeof(*b));

	UNUSED(log);
	b->host = host;
	b->spec = spec;
	b->script = (struct fake_script){.ms = 1};
	for (size_t i = 0; i < fake.n; i++)
		if (str_is(spec->name, fake.scripts[i].job)) {
			b->script = fake.scripts[i];
			fake.attempts[i]++;
			if (b->script.failures)
				b->script.exit_code = fake.attempts[i] <= b->script.failures;
		}
	return b;
}

static void over(void *arg)
{
	struct build *b = arg;

	note('-', b->spec->name);
	fake.now--;
	b->done(b, &b->result, b->arg);
}

void build_start(struct build *b, build_done_fn *done, void *arg)
{
	b->done = done;
	b->arg = arg;
	b->result.status = b->script.exit_code ? BUILD_FAILED : BUILD_SUCCESS;
	b->result.reason = b->script.exit_code ? FAIL_SCRIPT : FAIL_NONE;
	b->result.has_exit_code = b->script.exit_code;
	b->result.exit_code = b->script.exit_code;
	b->result.surroundings = b->script.surroundings;
	if (b->script.exit_code)
		snprintf(b->result.text, sizeof(b->result.text), "exit code %d",
			b->script.exit_code);
	note('+', b->spec->name);
	fake.now++;
	fake.most = MAX(fake.most, fake.now);
	loop_timer_start(b->host->loop, &b->timer, b->script.ms, over, b);
	if (b->script.raise_signal)
		raise(b->script.raise_signal);
}

static void end_early(struct build *b)
{
	b->result = (struct build_result){.status = BUILD_CANCELED, .reason = FAIL_CANCELED};
	loop_timer_start(b->host->loop, &b->timer, 1, over, b);
}

void build_cancel(struct build *b)
{
	note('c', b->spec->name);
	if (!b->script.stubborn)
		end_early(b);
}

void build_abort(struct build *b)
{
	note('a', b->spec->name);
	end_early(b);
}

void build_free(struct build *b)
{
	free(b);
}

const char *failure_reason_name(enum failure_reason reason)
{
	return reason == FAIL_SCRIPT ? "script_failure" : "runner_system_failure";
}

struct sources *sources_new(struct loop *loop, const struct repo *repo)
{
	UNUSED(loop);
	UNUSED(repo);
	return NULL;
}

void sources_free(struct sources *s)
{
	UNUSED(s);
}

bool pull_policy_parse(struct str text, enum pull_policy *out)
{
	UNUSED(text);
	UNUSED(out);
	return false;
}

bool sources_committed(const struct sources *s)
{
	UNUSED(s);
	return false;
}

void sources_want(struct sources *s, struct sources_wait *w, sources_ready_fn *fn, void *arg)
{
	UNUSED(s);
	UNUSED(w);
	UNUSED(fn);
	UNUSED(arg);
}

void sources_unwant(struct sources_wait *w)
{
	UNUSED(w);
}

void sources_set_earlier(struct sources *s, struct str commit)
{
	UNUSED(s);
	UNUSED(commit);
}

void sources_set_committed(struct sources *s, const char *dir)
{
	UNUSED(s);
	UNUSED(dir);
}

struct shell_login *shell_login_new(struct loop *loop)
{
	UNUSED(loop);
	return NULL;
}

void shell_login_free(struct shell_login *l)
{
	UNUSED(l);
}

struct layers *layers_new(
	struct loop *loop, struct engine *engine, struct sources *sources, const char *project_root)
{
	UNUSED(loop);
	UNUSED(engine);
	UNUSED(sources);
	UNUSED(project_root);
	return NULL;
}

void layers_free(struct layers *l)
{
	UNUSED(l);
}

struct janitor *janitor_start(struct loop *loop, struct engine *engine, const char *root,
	janitor_done_fn *done, void *arg)
{
	UNUSED(root);
	UNUSED(loop);
	UNUSED(engine);
	UNUSED(done);
	UNUSED(arg);
	return NULL;
}

void janitor_cancel(struct janitor *j)
{
	UNUSED(j);
}

void janitor_finish(struct janitor *j)
{
	UNUSED(j);
}
