/* SPDX-License-Identifier: Apache-2.0 */

/* `hook`: OCI hook of the stages createRuntime, prestart and poststart; the state comes on stdin.
 */

#include "base/log.h"
#include "base/paths.h"
#include "job/bundle.h"
#include "job/job.h"
#include "job/tell.h"
#include "oci/namespace.h"
#include "oci/state.h"
#include "role/role.h"

#include <unistd.h>

static const char help[] =
	"Usage: oci-thin-grow hook <STATE\n"
	"OCI hook for the stages createRuntime, prestart and poststart: makes the disk\n"
	"of a container as large as it requests. Runtimes call it, with the container's\n"
	"state on stdin. A container without a request is left alone.\n\n"
	"Examples:\n"
	"  In a bundle's config.json:\n"
	"    \"hooks\": { \"createRuntime\": [ {\n"
	"      \"path\": \"" HOOK_PATH "\",\n"
	"      \"args\": [\"oci-thin-grow\", \"hook\"] } ] }\n"
	"  With the installed hooks.d file:\n"
	"    podman --hooks-dir /usr/share/containers/oci/hooks.d run \\\n"
	"      --annotation io.oci-thin-grow.size=4G IMAGE\n\n"
	"Exit status: 0 done, or nothing to do; 1 failed; 2 usage; 3 refused; 4 not on a\n"
	"thin device; 0 also where on_failure in the configuration makes it a warning.\n";

/* Without a state the request is unknown. */
static int fail_hook(const struct why *why)
{
	tell_reason("fail", NULL, why->text, LOG_ERR);
	log_stderr("%s", why->text);
	return EXIT_FAILED;
}

/* Only for a container that has a request. */
static enum job_outcome check_place(struct job *job)
{
	const struct oci_state *state = job->check_context;
	enum job_outcome outcome = job_check_rootless(job);
	enum namespace_relation relation;

	if (outcome != JOB_NOTHING)
		return outcome;
	if (state->flaw.text[0]) {
		why_set(&job->why, 0, "container state on stdin: %s", state->flaw.text);
		return JOB_FAILED;
	}
	if (namespace_find("/proc", state->pid, &relation, &job->why) < 0)
		return JOB_FAILED;
	if (relation == NAMESPACE_INSIDE) {
		/* the bundle's paths are not valid there */
		why_set(&job->why, 0,
			"the hook runs in the container's namespaces; use the stage createRuntime, "
			"prestart or poststart, not createContainer or startContainer");
		return JOB_FAILED;
	}
	job->in_vm = relation == NAMESPACE_SHARED;
	return JOB_NOTHING;
}

static int run_job(const struct container *container, const struct policy *policy)
{
	struct job job = container_job(container);
	struct text message;
	int status;

	job.at_start = true;
	job.check = check_place;
	job.check_context = &container->state;
	job_run(&job, policy);
	tell_job(&job, &message);
	status = tell_exit_status(&job, policy);
	job_free(&job);
	return status;
}

static int run_hook(const struct arguments *args)
{
	_cleanup_(container_free) struct container container = {0};
	struct why why;

	if (container_read(STDIN_FILENO, "container state on stdin", &container, &why) < 0)
		return fail_hook(&why);
	return run_job(&container, args->policy);
}

const struct command command_hook = {
	.name = "hook",
	.arguments = "",
	.what = "OCI hook: the container state on stdin",
	.help = help,
	.policy = POLICY_ANY,
	.run = run_hook,
};
