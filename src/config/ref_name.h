#ifndef CONFIG_REF_NAME_H
#define CONFIG_REF_NAME_H

#include <stdbool.h>
#include "base/str.h"

/*
 * git's rules for names of refs (git-check-ref-format) below refs/heads/ or refs/tags/, as GitLab
 * applies them (lib/gitlab/git_ref_validator.rb); HEAD and full names of branches are none.
 */
bool ref_name_valid(struct str s);

#endif
