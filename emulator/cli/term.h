/* What standard output and standard error are: terminals or not, their width, colours. */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/str.h"

struct arena;

/*
 * Are colours wanted on this descriptor? when: auto, always, never (NULL: auto). auto honours
 * NO_COLOR (non-empty), CLICOLOR_FORCE (not "0") and TERM=dumb, then asks whether it is a terminal.
 */
bool term_color(int fd, const char *when);
bool term_is_tty(int fd);
/* Whether letters beyond ASCII may be used for drawing: LC_ALL, LC_CTYPE or LANG names UTF-8. */
bool term_utf8(void);
/* How a state of a job or a run is coloured: the number of SGR. */
const char *status_color(struct str status);
/* A terminal that can move its cursor: neither a file nor TERM=dumb. */
bool term_can_draw(int fd);
/*
 * When the terminal gets narrower, does it wrap the lines that it shows? Nearly all do; it can only
 * be guessed from the environment which one this is.
 */
bool term_reflows(void);
/* Columns of the terminal behind fd; COLUMNS where set; 0 where it is none. */
unsigned term_columns(int fd);

/*
 * Adds text wrapped at blanks so that no line is wider than `columns` (0: no wrapping); lines after
 * the first begin with `indent` blanks. `at` is the column at which the first line starts.
 */
void wrap_text(struct buf *out, struct str text, size_t at, size_t indent, size_t columns);

/* A time of this machine's zone by strftime's format; empty where it is no time (< 0). */
struct str local_time(struct arena *a, double seconds, const char *format);
/* "1.2 MiB", in the arena. */
struct str size_text(struct arena *a, int64_t bytes);

/* Adds text and blanks up to `width` columns of a terminal (wide characters count two). */
void pad_text(struct buf *out, struct str text, size_t width);
/* Takes away the blanks at the end of out and adds a line end. */
void end_line(struct buf *out);
/*
 * Adds text so that it can't disturb a terminal or a table: control characters become \xNN,
 * line ends become blanks.
 */
void plain_text(struct buf *out, struct str text);

#endif
