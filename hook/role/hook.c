/* SPDX-License-Identifier: Apache-2.0 */

/* `hook`: OCI hook of the stages createRuntime, prestart and poststart; the state comes on stdin.
 */

#include "base/log.h"
#include "base/quote.h"
#include "oci/state.h"
#include "role/container.h"
#include "role/job.h"
#include "role/role.h"
#include "role/settings.h"

#include <string.h>
#include <unistd.h>

/* There is no job to tell of yet, only the reason why there is none. */
static int fail(const struct why *why)
{
	struct log_line line;

	log_begin(&line, "fail");
	log_add(&line, "reason", why->text);
	log_end(&line, LOG_ERR);
	log_stderr("%s", why->text);
	return EXIT_FAILED;
}

/* In the container's namespaces paths mean something else, so nothing of it is looked at there. */
static int check_stage(const struct oci_state *state, struct why *why)
{
	int r = oci_state_in_container(state, "/proc", why);

	if (r <= 0)
		return r;
	return why_set(
		why, EINVAL,
		"container %s: the hook runs in the container's namespaces; use the stage "
		"createRuntime, prestart or poststart, not createContainer or startContainer",
		quote(state->id));
}

static int run_job(const struct container *container, const struct policy *policy)
{
	struct job job = container_job(container);
	struct why message;
	int status;

	job_run(&job, policy);
	if (job.outcome != JOB_NOTHING) {
		job_log(&job);
		job_message(&job, &message);
		if (message.text[0])
			log_stderr("%s", message.text);
	}
	status = job_exit_status(&job, policy);
	job_free(&job);
	return status;
}

int role_hook(int argc, char *argv[])
{
	_cleanup_(container_free) struct container container = {0};
	struct policy policy;
	struct why why;
	int status;

	if (argc > 1) {
		log_stderr("hook: unexpected argument %s", quote(argv[1]));
		return EXIT_USAGE;
	}
	if (container_read_state(STDIN_FILENO, "container state on stdin", &container, &why) < 0 ||
	    check_stage(&container.state, &why) < 0 || container_read_spec(&container, &why) < 0)
		return fail(&why);
	settings_load_anyway(&policy);
	settings_log_broken(&policy, container.state.id);
	status = run_job(&container, &policy);
	config_free(&policy);
	return status;
}
