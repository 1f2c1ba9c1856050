/* Which name an image of the local registry has on the engine after a pull, on the scripted engine.
 */
#include "base/base.h"
#include "emulator/runner/image_fetch.h"

#include "emulator/core/error.h"
#include "emulator/core/http.h"
#include "emulator/core/loop.h"
#include "emulator/docker/engine.h"
#include "emulator/log/job_log.h"
#include "tests/daemon/fake.h"

#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

#define PLACE "127.0.0.1:5000/g/p:t"
#define NAME  "reg.example.com/g/p:t"
#define PING  "on GET /_ping\nheader Api-Version: 1.41\n"
#define PULL  "on POST /images/create*\nbody {\"status\":\"Pull complete\",\"id\":\"a\"}\n"
#define TAG   "on POST /images/sha256:new/tag*\nstatus 201\n"
#define AFTER                                                                                      \
	"on GET /images/" PLACE "/json\nbody {\"Id\":\"sha256:new\",\"RepoTags\":[\"" PLACE "\"]}" \
	"\n"
#define OLD         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KNOWN       "on GET /distribution/127.0.0.1:5000/g/p@sha256:" OLD "/json\n"
#define NAMED(json) "on GET /images/" NAME "/json\nbody " json "\n"
#define TAGGED      "POST /v1.41/images/sha256:new/tag?repo=reg.example.com%2Fg%2Fp&tag=t"

struct scene {
	struct outcome outcome;
	struct buf id;
	unsigned done;
};

static long noon(void *arg)
{
	UNUSED(arg);
	return 12 * 60 * 60L;
}

static void on_done(void *arg, const struct outcome *o, struct str id)
{
	struct scene *s = arg;

	s->outcome = *o;
	buf_addstr(&s->id, id);
	s->done++;
}

/* One fetch on an engine with that script. asked is a request that it may have had. */
static void fetch(struct image_fetch_spec spec, const char *script, const char *asked,
	struct scene *s, bool *was_asked)
{
	struct loop *loop = loop_new(NULL);
	struct http *http = http_new(loop);
	struct job_log *log = job_log_new(noon, NULL);
	struct error err = ERROR_INIT;
	char socket[64];
	struct endpoint at;
	struct engine *engine;
	struct fake *fake;

	snprintf(socket, sizeof(socket), "/tmp/cilocal-fetch-%d.sock", (int)getpid());
	fake = fake_start(loop_uv(loop), socket, script);
	assert_non_null(fake);
	assert_int_equal(endpoint_parse(socket, &at, NULL), 0);
	at.origin = xstrdup("test");
	engine = engine_new(loop, http, &at);
	endpoint_release(&at);
	spec.loop = loop;
	spec.engine = engine;
	spec.log = log;
	spec.n_policies = 1;
	*s = (struct scene){.id = BUF_INIT};
	image_fetch_start(&spec, on_done, s);
	while (!s->done && uv_run(loop_uv(loop), UV_RUN_ONCE))
		;
	assert_int_equal(s->done, 1);
	*was_asked = str_find(fake_log(fake), str_c(asked)) != STR_NPOS;
	engine_free(engine);
	http_free(http);
	fake_stop(fake);
	job_log_free(log);
	if (loop_free(loop, &err))
		fail_msg("%s", err.text);
}

/* Whether a pull of the local registry's image gave it the job's name. */
static bool tags(const char *script)
{
	struct buf all = BUF_INIT;
	struct scene s;
	bool tagged;

	/* The first rule that matches counts. */
	buf_printf(&all, "%s%s%s", PING PULL TAG, script, AFTER);
	fetch((struct image_fetch_spec){.name = STR(NAME),
		      .image = STR(PLACE),
		      .policies = {PULL_ALWAYS},
		      .tag_as_name = true},
		all.p, TAGGED, &s, &tagged);
	assert_int_equal(s.outcome.reason, FAIL_NONE);
	assert_string_equal(s.id.p, "sha256:new");
	buf_release(&all);
	buf_release(&s.id);
	return tagged;
}

static void test_a_name_that_is_free(void **state)
{
	UNUSED(state);
	assert_true(tags(""));
}

/* Engines with graph drivers: what was pulled from there before keeps its digest. */
static void test_an_older_pull_by_its_digest(void **state)
{
	UNUSED(state);
	assert_true(tags(NAMED("{\"Id\":\"sha256:old\",\"RepoTags\":[\"" NAME "\"],"
			       "\"RepoDigests\":[\"127.0.0.1:5000/g/p@sha256:d\"]}")));
}

/* Docker 29's containerd image store: digests of an image are those of its tags, as recorded. The
 * registry knows its own. */
static void test_an_older_pull_in_a_containerd_store(void **state)
{
	UNUSED(state);
	assert_true(tags(NAMED("{\"Id\":\"sha256:old\",\"RepoTags\":[\"" NAME "\"],"
			       "\"RepoDigests\":[\"reg.example.com/g/p@sha256:" OLD "\"]}") KNOWN
		"body {\"Descriptor\":{\"digest\":\"sha256:" OLD "\"}}\n"));
}

static void test_an_image_of_the_users(void **state)
{
	UNUSED(state);
	assert_false(tags(NAMED("{\"Id\":\"sha256:mine\",\"RepoTags\":[\"" NAME "\"]}")));
	assert_false(tags(NAMED("{\"Id\":\"sha256:mine\",\"RepoTags\":[\"" NAME "\"],"
				"\"RepoDigests\":[\"reg.example.com/g/p@sha256:" OLD "\"]}") KNOWN
		"status 404\nbody {\"message\":\"manifest unknown\"}\n"));
}

/* A locked image whose tag has moved on: a containerd image store has it by its id alone. */
static void test_a_digest_is_an_id(void **state)
{
	const struct image_fetch_spec spec = {.name = STR("team/tool:1"),
		.image = STR("team/tool@sha256:" OLD),
		.policies = {PULL_IF_NOT_PRESENT}};
	struct scene s;
	bool pulled;

	UNUSED(state);
	fetch(spec,
		PING PULL "on GET /images/sha256:" OLD "/json\nbody {\"Id\":\"sha256:" OLD "\"}\n",
		"/images/create", &s, &pulled);
	assert_int_equal(s.outcome.reason, FAIL_NONE);
	assert_string_equal(s.id.p, "sha256:" OLD);
	assert_false(pulled);
	buf_release(&s.id);
	/* Elsewhere it is pulled, as ever. */
	fetch(spec, PING PULL, "/images/create", &s, &pulled);
	assert_true(pulled);
	buf_release(&s.id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_that_is_free),
		cmocka_unit_test(test_an_older_pull_by_its_digest),
		cmocka_unit_test(test_an_older_pull_in_a_containerd_store),
		cmocka_unit_test(test_an_image_of_the_users),
		cmocka_unit_test(test_a_digest_is_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
