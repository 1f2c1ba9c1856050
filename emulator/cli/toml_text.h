/* Text in TOML that we write. */
#ifndef CLI_TOML_TEXT_H
#define CLI_TOML_TEXT_H

#include "base/buf.h"
#include "base/str.h"

/* Adds a basic string, quotes and all. */
void toml_text(struct buf *out, struct str text);

#endif
