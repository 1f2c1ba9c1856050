/* What `run` shares with `shell`. */
#ifndef CLI_CMD_RUN_H
#define CLI_CMD_RUN_H

struct cli;
struct load;
struct run_options;

/* What the command line alone tells about them is checked: an error of use is printed. */
int run_options_check(struct cli *c, struct run_options *o);
/* The options of `run`, with the arguments as jobs. Prints errors; an exit code. */
int run_options_read(struct cli *c, struct load *l, struct run_options *o);
/* --image and [cilocal.images] into o->stand_ins; what wins first. */
void run_stand_ins(struct cli *c, struct run_options *o);
/* What follows from the facts: images that GitLab's dependency proxy would give. */
void run_proxies(struct cli *c, const struct load *l, struct run_options *o);
/* A run of the pipeline that is loaded, with a number of its own; errors are printed. */
int run_loaded(struct cli *c, struct load *l, const struct run_options *o);

#endif
