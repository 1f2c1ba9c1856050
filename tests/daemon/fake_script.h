/* For fake.c only: the script as data. */
#ifndef TESTS_DAEMON_FAKE_SCRIPT_H
#define TESTS_DAEMON_FAKE_SCRIPT_H

#include "base/arena.h"
#include "base/vec.h"

enum fake_verb {
	FAKE_SEND,  /* text */
	FAKE_SPLIT, /* number */
	FAKE_DELAY, /* number */
	FAKE_ECHO,
	FAKE_STALL,
	FAKE_RESET,
	FAKE_CLOSE
};

struct fake_op {
	enum fake_verb verb;
	struct str text;
	uint64_t number;
};

struct fake_rule {
	struct str method, pattern;
	int64_t left; /* answers left; negative: no limit */
	VEC(struct fake_op) ops;
};

struct fake_script {
	struct arena arena;
	VEC(struct fake_rule) rules;
};

/* 0, or the number of the first line that is wrong. */
unsigned fake_script_parse(struct fake_script *s, struct str text);
void fake_script_release(struct fake_script *s);
/* The rule for a request, one answer of it used up; NULL: none. path without version prefix. */
struct fake_rule *fake_script_match(struct fake_script *s, struct str method, struct str path);

#endif
