#ifndef CONFIG_REF_NAME_H
#define CONFIG_REF_NAME_H

#include <stdbool.h>
#include "base/str.h"

/* git's rules for names of refs (git-check-ref-format), as GitLab applies them. */
bool ref_name_valid(struct str s);

#endif
