/* Help, manual pages and completion scripts, all made from the tables of commands and options. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "base/buf.h"
#include "base/str.h"

struct cmd;

/* What `cilocal` alone prints. columns: 0 counts as 80. */
void help_short(struct buf *out, unsigned columns);
/* `cilocal help`, and with a command `cilocal help COMMAND`. */
void help_full(struct buf *out, unsigned columns);
void help_command(struct buf *out, const struct cmd *cmd, unsigned columns);
/* "Usage: cilocal COMMAND [OPTIONS] [JOB...]" and a line end. cmd may be NULL. */
void help_usage(struct buf *out, const struct cmd *cmd);
/* cilocal(1) in roff; with a command cilocal-COMMAND(1). */
void help_man(struct buf *out, const struct cmd *cmd);
/* The completion script; false for a shell that is not known (bash, zsh, fish). */
bool help_completion(struct buf *out, struct str shell);

#endif
