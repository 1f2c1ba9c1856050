/*
 * Names of images in commands of a shell, where the shell puts in a part that is not known before:
 * "alpine:$TAG" is any tag of alpine. Pure.
 */
#ifndef GITLAB_IMAGE_PATTERN_H
#define GITLAB_IMAGE_PATTERN_H

#include <stdbool.h>
#include "base/str.h"

struct arena;

/* Something of it is put in by the shell: a variable, a command. */
bool image_pattern_open(struct str word);
/*
 * The word as a pattern, in which '*' stands for any text; what the shell takes for the end of the
 * word ends it. Without a tag, and with no '*' at its end, its tag is latest. Lives in the arena.
 */
struct str image_pattern(struct arena *a, struct str word);
/* name: "redis:7", with its tag. */
bool image_pattern_fits(struct str pattern, struct str name);

#endif
