/*
 * Builds that do nothing but take some time and end as told: in place of emulator/runner, so that
 * the order of a run can be tested to the letter.
 */
#ifndef TEST_FAKE_BUILD_H
#define TEST_FAKE_BUILD_H

#include "base/buf.h"

struct fake_script {
	const char *job;
	unsigned ms;       /* how long an attempt takes */
	int exit_code;     /* 0: success */
	unsigned failures; /* attempts that fail before one succeeds; 0: as exit_code says */
	int raise_signal;  /* sent to ourselves when the attempt starts */
	bool surroundings; /* the failure is not the job's */
	bool stubborn;     /* a cancel does not end it, only an abort does */
};

/* The script of each job (others succeed in 1 ms), and a journal: "+job" starts, "-job" ends. */
void fake_builds(const struct fake_script *scripts, size_t n);
const char *fake_journal(void);
unsigned fake_most(void); /* most builds at one time */
void fake_release(void);

#endif
