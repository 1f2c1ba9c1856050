/* Addresses of names: one completion, from the loop, whatever happens. */
#include "base/base.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/core/resolve.h"

#include <setjmp.h>
#include <cmocka.h>

struct scene {
	struct loop *loop;
	unsigned calls;
	struct error err;
	char address[64];
};

static int set_up(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	s->loop = loop_new(NULL);
	*state = s;
	return s->loop ? 0 : -1;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	struct error err = ERROR_INIT;

	if (loop_free(s->loop, &err))
		fail_msg("%s", err.text);
	free(s);
	return 0;
}

static void on_address(void *arg, struct error *err, struct str address)
{
	struct scene *s = arg;

	s->calls++;
	if (err)
		s->err = *err;
	snprintf(s->address, sizeof(s->address), STR_FMT, STR_ARG(address));
	loop_stop(s->loop);
}

static void look(struct scene *s, const char *name)
{
	resolve_start(s->loop, name, on_address, s);
	assert_int_equal(s->calls, 0);
	loop_run(s->loop);
	assert_int_equal(s->calls, 1);
}

static void addresses(void **state)
{
	struct scene *s = *state;

	look(s, "192.0.2.7");
	assert_false(error_is(&s->err));
	assert_string_equal(s->address, "192.0.2.7");
}

static void addresses_of_six(void **state)
{
	struct scene *s = *state;

	look(s, "2001:db8:0::7");
	assert_false(error_is(&s->err));
	assert_string_equal(s->address, "2001:db8::7");
}

static void no_name(void **state)
{
	struct scene *s = *state;

	look(s, "no name");
	assert_true(error_is(&s->err));
	assert_non_null(strstr(s->err.text, "no name"));
	assert_string_equal(s->address, "");
}

/* libuv refuses it before anything is asked. */
static void a_name_that_is_too_long(void **state)
{
	struct scene *s = *state;
	char name[1024];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	look(s, name);
	assert_true(error_is(&s->err));
}

static void cancelled(void **state)
{
	struct scene *s = *state;
	struct resolve *r = resolve_start(s->loop, "192.0.2.7", on_address, s);

	resolve_cancel(r);
	assert_int_equal(s->calls, 0);
	loop_run(s->loop);
	assert_int_equal(s->calls, 1);
	assert_int_equal(s->err.domain, ERR_CANCELLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(addresses),
		T(addresses_of_six),
		T(no_name),
		T(a_name_that_is_too_long),
		T(cancelled),
#undef T
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
