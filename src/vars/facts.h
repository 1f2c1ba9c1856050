/*
 * What a pipeline is created from, apart from its definition: the event, the ref, the commit, the
 * project. src/ never looks these up; the emulator (or a test) fills them in.
 */
#ifndef VARS_FACTS_H
#define VARS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct varset;

struct str_list {
	struct str *v;
	size_t n;
};

/* Merge request data; only read when facts->source is merge_request_event. */
struct facts_mr {
	uint64_t id, iid;
	struct str source_branch, target_branch, title, description, labels, milestone, assignees;
	struct str source_sha, target_sha, diff_base_sha;
	struct str event_type; /* detached, merged_result, merge_train */
	bool draft, approved;
};

struct facts {
	/* pipeline */
	struct str source; /* CI_PIPELINE_SOURCE: push, web, schedule, merge_request_event ... */
	uint64_t pipeline_id, pipeline_iid;
	struct str created_at; /* ISO 8601 */
	struct str config_path;
	struct str schedule_description;
	struct str parent_pipeline_id; /* child pipelines: CI_UPSTREAM_PIPELINE_ID,
					  PARENT_PIPELINE_ID */
	struct str upstream_project_id, upstream_job_id;
	struct facts_mr mr;

	/* ref and commit */
	struct str branch;   /* empty in tag and merge request pipelines */
	struct str tag;      /* empty unless a tag pipeline */
	struct str ref_name; /* branch, tag, or a merge request's source branch */
	struct str tag_message;
	bool ref_protected;
	struct str sha, before_sha;
	struct str message, title, description;
	struct str author; /* Name <email> */
	struct str timestamp;

	/* project */
	struct str server_host, server_protocol, server_port; /* from the remote */
	struct str ssh_host, ssh_port;
	struct str project_path; /* group/sub/name */
	struct str project_name, project_namespace, project_root_namespace, project_title;
	struct str project_description, project_visibility;
	uint64_t project_id, namespace_id;
	struct str default_branch;
	struct str repository_url; /* clone URL without a token */

	/* registry; host empty: the registry feature is off */
	struct str registry_host, registry_user, registry_password, job_token;
	bool registry_local; /* the local stand-in, which answers for the dependency proxy too */
	/* The project's deploy token for it (gitlab-deploy-token); empty: there is none. */
	struct str deploy_user, deploy_password;

	/* user */
	struct str user_name, user_email, user_login;
	uint64_t user_id;

	/* settings of project, group, instance; pipeline variables (--var). May be NULL. */
	const struct varset *settings_vars;
	/* What a vault would hold: values by path. May be NULL. */
	const struct varset *secrets;

	/*
	 * Asked lazily. changes: paths changed by this pipeline's commits against compare_to (a ref
	 * or sha; empty: as GitLab compares for this event). Returns 0 and fills *out (storage kept
	 * by the owner of ctx); 1 where GitLab has no information (new branch, tag, schedule):
	 * rules:changes is then true; -1 where compare_to is no valid ref (error text in *out->v[0]
	 * when n is 1).
	 */
	int (*changes)(void *ctx, struct str compare_to, struct str_list *out);
	/* All paths of the commit's tree. project/ref are empty for this project; -1 when they are
	 * unknown. */
	int (*files)(void *ctx, struct str project, struct str ref, struct str_list *out);
	/*
	 * Blob id (commit = false) or id of the last commit that touched the path (commit = true),
	 * for cache:key:files. Returns 0, or -1 where the path does not exist.
	 */
	int (*file_id)(void *ctx, struct str path, bool commit, struct str *out);
	void *ctx;
};

#endif
