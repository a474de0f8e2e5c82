/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `containerd-shim-oci-thin-grow-NAME-v2`: stands in front of containerd's shim NAME, which gives a
 * container's disk to a virtual machine. Grows it on `start`; then, and for every other verb at
 * once, becomes the real shim.
 *
 * containerd takes all that `start` writes to stdout and stderr for the shim's address, so nothing
 * may be written there unless it fails.
 */

#include "base/cleanup.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/text.h"
#include "disk/thin.h"
#include "engine/containerd-find.h"
#include "engine/remembered-roots.h"
#include "job/job.h"
#include "job/last-program.h"
#include "job/real-shim.h"
#include "job/settings.h"
#include "job/started.h"
#include "job/tell.h"
#include "oci/shim-args.h"
#include "oci/spec.h"
#include "role/role.h"

#include <string.h>

static int fail_shim(const struct shim_args *args, const struct why *why)
{
	if (args->verb)
		tell_reason("fail", args->id, why->text, LOG_ERR);
	log_stderr("%s", why->text);
	return EXIT_FAILED;
}

/* The runtime wrapper and the hook are for these. */
static bool mounts_on_host(const char *name)
{
	return containerd_runtime_mounts(text("io.containerd.%s.v2", name));
}

/* Of a container that something is to be done for. */
static enum job_outcome check_shim(struct job *job)
{
	const char *name = job->check_context;
	enum job_outcome outcome = job_check_rootless(job);

	if (outcome == JOB_NOTHING && mounts_on_host(name)) {
		why_set(&job->why, 0,
			"the shim %s gives the disk to no virtual machine; for its containers use "
			"oci-thin-grow-runtime or the hook",
			name);
		return JOB_NOT_APPLICABLE;
	}
	job->in_vm = job->before_vm = true;
	return outcome;
}

/* What fails here must not keep the container down. @root: of its containerd; NULL: not known. */
static void note_start(const struct shim_args *args, const char *root, bool durable)
{
	struct why why;

	if (started_note(&started_dirs, args->ns, args->id, root ? root : "unknown", durable,
			 &why) < 0)
		tell_reason("warn", args->id, why.text, LOG_WARNING);
}

static void note_before_start(const struct shim_args *args, const struct job *job)
{
	_cleanup_free_ char *root = containerd_root_of_bundle(job->bundle, args->ns, args->id);
	bool asked = request_exists(&job->request);

	if (root)
		remembered_roots_note(ROOTS_DIR, root);
	if (!job->marked && (asked || !started_by_cri(args->ns, job->annotations, JOB_ANNOTATIONS)))
		note_start(args, root, asked);
}

static int run_job(const char *name, const struct shim_args *args, const struct policy *policy,
		   struct job *job)
{
	struct text message;
	int status;

	job->container = args->id;
	job->vm_ns = args->ns;
	job->check = check_shim;
	job->check_context = name;
	job_run(job, policy);
	tell_log(job);
	tell_message(job, &message);
	status = tell_exit_status(job, policy);
	if (status != EXIT_OK)
		log_stderr("%s", message.s);
	else if (!mounts_on_host(name))
		note_before_start(args, job);
	return status;
}

/*
 * A spec that we cannot read is the real shim's to reject; it may have a request, so say so. A
 * later start may be able to read it: this one is noted.
 */
static int start_unread(const struct shim_args *args, const char *bundle, const struct why *why)
{
	_cleanup_free_ char *root =
		bundle ? containerd_root_of_bundle(bundle, args->ns, args->id) : NULL;

	tell_reason("skip", args->id, why->text, LOG_WARNING);
	note_start(args, root, true);
	return EXIT_OK;
}

static int grow_first(const char *name, const struct shim_args *args, const struct policy *policy)
{
	_cleanup_(oci_spec_free) struct oci_spec spec = {0};
	_cleanup_free_ char *bundle = realpath(".", NULL);
	struct job job = {.rootfs.fd = -EBADF, .bundle = bundle};
	struct why why;
	int status, r;

	if (!args->ns || !args->id)
		return EXIT_OK;
	r = bundle ? oci_spec_read("config.json", &spec, &why)
		   : why_set(&why, errno, "its bundle: %s", strerror(errno));
	/* It is for a pod, and for no container (core/runtime/v2/bundle.go in containerd). */
	if (bundle && r == -ENOENT)
		return EXIT_OK;
	if (r < 0)
		return start_unread(args, bundle, &why);
	job.at_start = true;
	job.root_path = spec.root_path;
	job.annotations[0] = spec.annotations;
	status = run_job(name, args, policy, &job);
	job_free(&job);
	return status;
}

int role_shim(const char *name, char *argv[], char *environment[])
{
	_cleanup_(config_free) struct policy policy;
	_cleanup_free_ char *shim = NULL;
	struct shim_args args;
	struct why why;
	int status = EXIT_OK;

	shim_args_parse(argv, &args);
	settings_load_anyway(NULL, &policy);
	if (real_shim_find(&policy, name, real_shim_dirs, STATE_DIR, &shim, &why) < 0)
		return fail_shim(&args, &why);
	if (args.verb && strcmp(args.verb, "start") == 0)
		status = grow_first(name, &args, &policy);
	if (status != EXIT_OK)
		return status;
	thin_release();
	/* `-v` prints it. */
	argv[0] = shim;
	execve(shim, argv, environment);
	why_set(&why, 0, "shim %s cannot be executed: %s", quote(shim), strerror(errno));
	return fail_shim(&args, &why);
}
