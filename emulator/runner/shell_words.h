/* Words of a command line, near enough for looking at what a script is about. Pure. */
#ifndef RUNNER_SHELL_WORDS_H
#define RUNNER_SHELL_WORDS_H

#include <stdbool.h>
#include "base/str.h"

/*
 * Takes the next word off a line, without quotes and brackets around it; false: there is none.
 * Quoted blanks part words too.
 */
bool shell_word_next(struct str *rest, struct str *word);
/* Whether the word is a program that builds, pulls or pushes images, with or without its folder. */
bool shell_word_is_builder(struct str word);
/* Cheap: false where no word of the text can be such a program. */
bool shell_may_build(struct str text);

#endif
