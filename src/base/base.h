/*
 * The first include of every .c file: libc headers, then the project's vocabulary (strings, arenas,
 * buffers, vectors), then the list of banned calls. Feature macros come from the build.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "base/bug.h"
#include "base/str.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "base/map.h"

#include "base/banned.h"

#endif
