/*
 * Every limit of the language in one place, with its source. GitLab changes them now and then (the
 * number of includes has been 50, 100 and 150), and administrators can change some.
 */
#ifndef CONFIG_LIMITS_H
#define CONFIG_LIMITS_H

/* LIMIT(name, value, source) */
#define CONFIG_LIMITS(LIMIT)                                                                       \
	LIMIT(INCLUDES, 150, "docs, Instance limits: ci_max_includes")                             \
	LIMIT(TOTAL_BYTES, 314572800, "docs, ci_max_total_yaml_size_bytes")                        \
	LIMIT(EXTENDS_DEPTH, 10, "lib/gitlab/ci/config/extendable/entry.rb: MAX_NESTING_LEVELS")   \
	LIMIT(NESTED_ARRAYS, 10, "lib/gitlab/ci/config/entry/commands.rb: MAX_NESTING_LEVELS")     \
	LIMIT(REFERENCE_DEPTH, 32, "cilocal: !reference to !reference; GitLab nests lists to 10")  \
	LIMIT(JOB_NAME, 255, "lib/gitlab/ci/config/entry/processable.rb")                          \
	LIMIT(NEEDS_CROSS, 5, "lib/gitlab/ci/config/entry/needs.rb: NEEDS_CROSS_PIPELINE_...")     \
	LIMIT(RULE_PATHS, 50, "lib/gitlab/ci/config/entry/rules/rule/changes.rb, exists.rb")       \
	LIMIT(PATTERN_COMPARISONS, 50000, "lib/gitlab/ci/build/rules/rule/clause/exists.rb")       \
	LIMIT(PARALLEL, 200, "lib/gitlab/ci/config/entry/product/parallel.rb: PARALLEL_LIMIT")     \
	LIMIT(TAGS, 50, "lib/gitlab/ci/config/entry/tags.rb: TAGS_LIMIT")                          \
	LIMIT(CACHES, 4, "lib/gitlab/ci/config/entry/caches.rb: MULTIPLE_CACHE_LIMIT")             \
	LIMIT(FALLBACK_KEYS, 5, "lib/gitlab/ci/config/entry/cache.rb: MAX_CACHE_FALLBACK_KEYS")    \
	LIMIT(KEY_FILES, 2, "lib/gitlab/ci/config/entry/files.rb: MAX_ITEMS_COUNT")                \
	LIMIT(PIPELINE_INPUTS, 20, "docs, CI/CD inputs: up to 20 inputs")                          \
	LIMIT(INPUT_OPTIONS, 50, "lib/gitlab/ci/config/header/input.rb: ALLOWED_OPTIONS_LIMIT")    \
	LIMIT(JOB_INPUTS, 50, "docs, CI/CD YAML syntax reference, `inputs` of a job")              \
	LIMIT(INPUT_FUNCTIONS, 3, "lib/gitlab/ci/config/interpolation/block.rb: MAX_FUNCTIONS")    \
	LIMIT(INPUT_ERRORS, 3, "lib/gitlab/ci/config/interpolation/interpolator.rb")               \
	LIMIT(ACCESS_DEPTH, 5, "lib/gitlab/ci/config/interpolation/access.rb: MAX_ACCESS_OBJECTS") \
	LIMIT(ACCESS_BYTES, 1024, "lib/gitlab/ci/config/interpolation/access.rb")                  \
	LIMIT(BLOCKS, 10000, "lib/gitlab/ci/config/interpolation/text_template.rb")                \
	LIMIT(TEMPLATE_NODES, 500000, "lib/gitlab/ci/config/interpolation/template.rb")            \
	LIMIT(TEMPLATE_BYTES, 1048576, "lib/gitlab/ci/config/interpolation/config.rb")             \
	LIMIT(TRIGGER_INCLUDES, 3, "lib/gitlab/ci/config/entry/trigger.rb: INCLUDE_MAX_SIZE")      \
	LIMIT(START_IN, 604800, "lib/gitlab/ci/config/entry/job.rb: 1 week")                       \
	LIMIT(TIMEOUT, 2592000, "lib/gitlab/ci/config/entry/timeout.rb: 1 month of 30 days")       \
	LIMIT(ENVIRONMENT_NAME, 255, "lib/gitlab/ci/config/entry/environment.rb")                  \
	LIMIT(WORKFLOW_NAME, 255, "lib/gitlab/ci/config/entry/workflow.rb")                        \
	LIMIT(EXPOSE_AS, 100, "lib/gitlab/ci/config/entry/artifacts.rb: EXPOSE_AS_...")            \
	LIMIT(IMAGE_PLATFORM, 64, "entry/schemas/imageable/executor_opts.json")                    \
	LIMIT(IMAGE_USER, 255, "entry/schemas/imageable/executor_opts.json")                       \
	LIMIT(SPEC_DESCRIPTION, 256, "lib/gitlab/ci/config/header/spec.rb")                        \
	/* Ours: what GitLab leaves to a timeout is a clear error here. */                         \
	LIMIT(JOBS, 12500, "cilocal: jobs of a pipeline; GitLab's words, its limit is a plan's")   \
	LIMIT(HIDDEN_JOBS, 15000, "cilocal: keys of the root that start with a dot")               \
	LIMIT(CACHES_READ, 1000, "cilocal: caches in one list; GitLab's limit of 4 comes first")   \
	LIMIT(NEEDS, 20000, "cilocal: items of one list; GitLab's limit of 50 is checked later")   \
	LIMIT(NEEDS_IN_ALL, 300000, "cilocal: the same, of all lists; those of templates once")    \
	LIMIT(RULES, 20000, "cilocal: rules in one list")                                          \
	LIMIT(SERVICES, 50000, "cilocal: services of all jobs; those of a template count once")    \
	LIMIT(TEXTS, 700000, "cilocal: lines of scripts, items of lists; shared ones count once")  \
	LIMIT(JOB_VARS, 200000, "cilocal: variables of all jobs, without those that they share")   \
	LIMIT(EDGES, 650000, "cilocal: needs of all jobs; 50 a job, which is GitLab's limit")      \
	LIMIT(JOB_BYTES, 8388608, "cilocal: expanded tags, names ... of all jobs")                 \
	LIMIT(STEPS, 10000000, "cilocal: for the variables and rules of all jobs")                 \
	LIMIT(ERRORS, 1000, "cilocal: messages that are kept for one definition")                  \
	LIMIT(MERGED_KEYS, 300000, "cilocal: keys made by merging in one definition")              \
	LIMIT(EXPANDED_BYTES, 16777216, "cilocal: one text after $[[ ]]")                          \
	LIMIT(INPUT_BYTES, 8388608, "cilocal: all texts of a file after $[[ ]]")                   \
	LIMIT(EXPANDED_NODES, 4000000, "cilocal: values after extends and !reference")

enum config_limit {
#define LIMIT(name, value, source) LIMIT_##name = (value),
	CONFIG_LIMITS(LIMIT)
#undef LIMIT
};

#endif
