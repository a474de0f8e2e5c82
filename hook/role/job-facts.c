/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/facts.h"

#include "role/job.h"

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

static const char *find_namespace(void *context)
{
	struct job *job = context;
	struct facts_of of = facts_of(job);

	if (!job->ns)
		job->ns = job->found_ns = facts_namespace(&of);
	return job->ns;
}

static const char *find_image(void *context)
{
	struct job *job = context;
	struct facts_of of = facts_of(job);

	if (!job->image)
		job->image = job->found_image = facts_image(&of);
	return job->image;
}

/* A hook cannot tell which runtime called it, so no rule can. */
static const char *rule_engine(const char *engine)
{
	return strcmp(engine, "runc") == 0 || strcmp(engine, "crun") == 0 ? "runtime" : engine;
}

struct facts job_facts(struct job *job)
{
	struct facts_of of = facts_of(job);

	return (struct facts){
		.engine = job->engine ? rule_engine(job->engine) : facts_engine(&of),
		.annotations = job->annotations,
		.n_annotations = JOB_ANNOTATIONS,
		.ns = find_namespace,
		.image = find_image,
		.context = job,
	};
}
