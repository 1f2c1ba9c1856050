#include "base/base.h"
#include "emulator/docker/image.h"
#include "emulator/runner/pull_progress.h"

#include <setjmp.h>
#include <cmocka.h>

static struct pull_progress progress;

static void event(const char *id, const char *status, int64_t current, int64_t total)
{
	struct image_progress e = {
		.id = str_c(id), .status = str_c(status), .current = current, .total = total};

	pull_progress_add(&progress, &e);
}

static void says(const char *want)
{
	struct buf out = BUF_INIT;

	pull_progress_text(&progress, &out);
	assert_string_equal(out.p, want);
	buf_release(&out);
}

static void test_layers(void **state)
{
	UNUSED(state);
	pull_progress_init(&progress);
	event("3.19", "Pulling from library/alpine", 0, 0);
	says("");
	event("a", "Pulling fs layer", 0, 0);
	event("b", "Already exists", 0, 0);
	event("c", "Waiting", 0, 0);
	says("1 of 3 layers");
	event("a", "Downloading", 1500000, 3000000);
	event("c", "Downloading", 9000000, 8000000);
	says("9.5 of 11.0 MB");
	event("a", "Download complete", 0, 0);
	event("c", "Verifying Checksum", 0, 0);
	says("unpacking layer 2 of 3");
	event("a", "Extracting", 1, 3000000);
	event("a", "Pull complete", 0, 0);
	says("unpacking layer 3 of 3");
	event("c", "Pull complete", 0, 0);
	says("11.0 of 11.0 MB");
	event("", "Status: Downloaded newer image for alpine:3.19", 0, 0);
	says("11.0 of 11.0 MB");
	pull_progress_release(&progress);
}

static void test_push(void **state)
{
	UNUSED(state);
	pull_progress_init(&progress);
	event("a", "Preparing", 0, 0);
	event("b", "Preparing", 0, 0);
	says("0 of 2 layers");
	event("a", "Layer already exists", 0, 0);
	says("1 of 2 layers");
	event("b", "Pushing", 1500000, 3000000);
	says("1.5 of 3.0 MB");
	event("b", "Pushed", 0, 0);
	says("3.0 of 3.0 MB");
	pull_progress_release(&progress);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_push),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
