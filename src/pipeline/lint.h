/* Warnings about definitions that GitLab accepts but that hardly mean what they say. */
#ifndef PIPELINE_LINT_H
#define PIPELINE_LINT_H

struct config;
struct facts;
struct diags;

/*
 * Adds warnings to d: rules behind one that always matches, needs on a job that may be absent
 * without `optional`, hidden jobs that nothing uses, variables in `if` that nothing defines (facts
 * may be NULL: then settings are unknown), stages without jobs. config must be compiled.
 */
void pipeline_lint(const struct config *config, const struct facts *facts, struct diags *d);

#endif
