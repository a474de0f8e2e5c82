/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/facts.h"

#include "job/job.h"

#include <string.h>

static struct facts_of facts_of(const struct job *job)
{
	return (struct facts_of){
		.id = job->container,
		.bundle = job->bundle,
		.root_path = job->root_path,
		.annotations = job->annotations,
		.n_annotations = JOB_ANNOTATIONS,
		.labels = job->labels,
	};
}

/* A hook cannot tell which runtime called it, so no rule can. */
static const char *rule_engine(const char *engine)
{
	return strcmp(engine, "runc") == 0 || strcmp(engine, "crun") == 0 ? "runtime" : engine;
}

struct facts job_facts(struct job *job, const struct policy *policy)
{
	struct facts_of of = facts_of(job);

	if (!job->ns && policy_needs_namespace(policy))
		job->ns = job->found_ns = facts_namespace(&of);
	if (!job->image && policy_needs_image(policy))
		job->image = job->found_image = facts_image(&of);
	return (struct facts){
		.engine = job->engine ? rule_engine(job->engine) : facts_engine(&of),
		.annotations = job->annotations,
		.n_annotations = JOB_ANNOTATIONS,
		.ns = job->ns,
		.image = job->image,
	};
}
