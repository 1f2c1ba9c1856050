/* A table of texts and GitLab's lines, as one test. */
#ifndef ROWS_H
#define ROWS_H

#define JOB(rest) "a: {script: x, " rest "}"
#define ROWS(name)                                                      \
	static void name(void **state)                                  \
	{                                                               \
		(void)state;                                            \
		check_error_rows(name##_rows, ARRAY_SIZE(name##_rows)); \
	}

#endif
