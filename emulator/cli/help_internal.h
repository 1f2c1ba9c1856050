/* For help.c, man.c and completion.c only. */
#ifndef CLI_HELP_INTERNAL_H
#define CLI_HELP_INTERNAL_H

#include <stdbool.h>

struct cmd;
struct opt_def;

/* Is this option shown with that command? With NULL: is it one of every command? */
bool help_lists(const struct opt_def *d, const struct cmd *cmd);
/* One of those that say which pipeline: every command that reads one takes them. */
bool help_is_of_pipeline(const struct opt_def *d);

#endif
