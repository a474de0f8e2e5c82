/* SPDX-License-Identifier: Apache-2.0 */
#include "job/request.h"

#include "base/engine-names.h"
#include "engine/docker.h"
#include "engine/engine.h"
#include "engine/facts.h"

#include <errno.h>
#include <string.h>

static struct facts_source facts_source_of(const struct job *job)
{
	return (struct facts_source){
		.id = job->container,
		.bundle = job->bundle,
		.root_path = job->root_path,
		.annotations = job->annotations,
		.n_annotations = JOB_ANNOTATIONS,
		.labels = job->in_pod ? job->labels : NULL, /* else they may be the image's */
	};
}

const char *job_engine(const struct job *job)
{
	return job->engine ? job->engine : engine_of_bundle(job->bundle);
}

/* Annotations of Docker's containers say nothing: job_labels() finds which are a pod's. */
bool job_is_in_pod(const struct job *job)
{
	const struct facts_source of = facts_source_of(job);
	const char *engine = job->engine ? job->engine : facts_engine(&of);

	return job->in_pod ||
	       (policy_is_in_pod(job->annotations, JOB_ANNOTATIONS) &&
		strcmp(engine, ENGINE_PODMAN) != 0 && strcmp(engine, ENGINE_DOCKER) != 0);
}

/* A hook cannot know which runtime called it, so rules cannot match runc or crun either. */
static const char *rule_engine(const char *engine)
{
	return strcmp(engine, ENGINE_RUNC) == 0 || strcmp(engine, ENGINE_CRUN) == 0 ? ENGINE_RUNTIME
										    : engine;
}

struct facts job_facts(struct job *job, const struct policy *policy)
{
	struct facts_source of = facts_source_of(job);

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

/* Labels rarely reach hooks: they are in the engine's own files. */
const struct json *job_labels(struct job *job)
{
	struct docker_labels found;

	if (!job->labels && job->root_path &&
	    docker_labels(job->root_path, job->container, &found, &job->unread) > 0) {
		job->labels_doc = found.doc;
		job->labels = found.labels;
		job->in_pod = found.in_pod;
	}
	return job->labels;
}

static int ask_labels(struct job *job, const struct policy *policy)
{
	if (!job_labels(job))
		return 0;
	job->sandbox = policy_is_sandbox(&job->labels, 1);
	if (job->sandbox || !policy->labels)
		return 0;
	return policy_request(policy, ORIGIN_LABEL, &job->labels, 1, &job->request, &job->why);
}

/* Docker starts the container whatever the option says, so we do, too. */
static void ask_option(struct job *job)
{
	struct why why;
	int r = job->size_option || !job->root_path
			? 0
			: docker_size_option(job->root_path, job->container,
					     &job->found_size_option, &why);

	if (r > 0)
		job->size_option = job->found_size_option;
	if (r >= 0 && job->size_option)
		r = policy_request_option(job->size_option, &job->request, &why);
	if (r < 0 && !job->unread.text[0])
		job->unread = why;
}

int job_find_request(struct job *job, const struct policy *policy)
{
	int r;

	job->sandbox = policy_is_sandbox(job->annotations, JOB_ANNOTATIONS);
	if (job->sandbox)
		return 0;
	r = policy_request(policy, ORIGIN_ANNOTATION, job->annotations, JOB_ANNOTATIONS,
			   &job->request, &job->why);
	if (!request_exists(&job->request) && (policy->labels || policy_gives(policy)))
		r = ask_labels(job, policy);
	if (!request_exists(&job->request) && !job->sandbox && policy->labels)
		ask_option(job);
	return r;
}

enum job_outcome job_decide(struct job *job, const struct policy *policy, int r)
{
	struct facts facts;

	if (policy->broken) {
		why_set(&job->why, EINVAL, "the configuration is broken: %s", policy->broken);
		return JOB_FAILED;
	}
	facts = job_facts(job, policy);
	r = policy_decide(policy, &facts, r, &job->request, job->verdicts, &job->why);
	return r == 0 ? JOB_NOTHING : r == -EPERM ? JOB_REFUSED : JOB_FAILED;
}
