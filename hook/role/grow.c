/* SPDX-License-Identifier: Apache-2.0 */

/* `grow CONTAINER SIZE`: a running container's disk, now. */

#include "base/cleanup.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/quote.h"
#include "base/size.h"
#include "disk/ledger.h"
#include "disk/thin.h"
#include "disk/vm-mark.h"
#include "job/job.h"
#include "job/request.h"
#include "job/target.h"
#include "job/tell.h"
#include "job/vm-disk.h"
#include "oci/json.h"
#include "role/role.h"

#include <errno.h>
#include <string.h>

static const char help[] =
	"Usage: oci-thin-grow grow [OPTIONS] CONTAINER SIZE\n"
	"       oci-thin-grow grow [OPTIONS] --pid PID | --path DIR | --device NAME SIZE\n"
	"       oci-thin-grow grow [OPTIONS] --device NAME --unmounted SIZE\n"
	"Makes the disk of a running container larger, without stopping it.\n\n"
	"CONTAINER is a name, an id or the beginning of one, or ENGINE:NAME where that\n"
	"is ambiguous. SIZE is 4G, 1.5T, ..., or +10G for that much more than now; units\n"
	"are powers of 1024.\n\n"
	"  --pid PID          the container in which this process runs\n"
	"  --path DIR         the one whose rootfs is there\n"
	"  --device NAME      the one that has this device-mapper device mounted\n"
	"  --unmounted        with --device: the disk of a virtual machine before its\n"
	"                     first start, mounted nowhere and written only by this host\n"
	"  --dry-run          only say what would be done\n"
	"  --json             as one JSON object\n"
	"  --unhealed         also if it would not start again, because nothing extends\n"
	"                     its disk then\n"
	"  --data-root DIR    also look for containers there (may be given repeatedly)\n\n"
	"Examples:\n"
	"  oci-thin-grow grow web 60G\n"
	"  oci-thin-grow grow docker:3f2a +20G\n"
	"  oci-thin-grow grow --pid 4711 60G\n\n"
	"Exit status: 0 done, 1 failed, 2 usage, 3 refused (also: smaller than now),\n"
	"4 no such container, or not on a thin device, 130 interrupted.\n";

/* SIZE, the last word */
static const char *size_of(const struct arguments *args)
{
	return args->operands[args->n_operands - 1];
}

/* SIZE in bytes; "+SIZE" is added to the size of the device @dev. */
static int parse_size(const char *text, dev_t dev, uint64_t *ret, struct why *why)
{
	struct thin_device device;
	uint64_t bytes, now;
	bool more;
	int r = size_parse_more(text, &more, &bytes, why);

	if (r == 0)
		r = size_check_bare(text, bytes, why);
	if (r < 0)
		return r;
	/* -ENODEV, not on a thin device, is reported by the growth */
	r = thin_lookup(dev, &device, why);
	if (r < 0 && r != -ENODEV)
		return r;
	now = r < 0 || !device.pool ? 0 : device.sectors * SECTOR_BYTES;
	if (r == 0)
		thin_device_free(&device);
	if (more && __builtin_add_overflow(now, bytes, &bytes))
		return why_set(why, ERANGE, "%s is too large: the limit is 8 EiB", quote(text));
	if (bytes < now)
		return why_set(why, EDOM, "has %s; shrinking is not possible", size_format(now));
	*ret = bytes;
	return 0;
}

static int tell_result(const struct job *job, bool json)
{
	struct text message;
	struct json_writer *w = json ? json_writer_begin() : NULL;
	const char *warning;

	tell_job(job, &message);
	/* Unless it was a dry run, a caution was printed before the growth. */
	warning = job->dry_run ? job_warning(job) : job->report.warning.text;
	if (warning && *warning)
		log_stderr("%s", warning);
	tell_cost_into(&message, job);
	if (message.s[0])
		log_stderr("%s", message.s);
	if (json)
		tell_json(job, w);
	else if (job->outcome < JOB_NOT_APPLICABLE)
		tell_text(job, stdout);
	return tell_end("grow", json, w);
}

static struct request request_for(const struct arguments *args, uint64_t bytes,
				  const struct rule *rule)
{
	return (struct request){
		.bytes = bytes,
		.origin = ORIGIN_COMMAND,
		.key = "grow",
		.text = size_of(args),
		.rule = rule,
	};
}

/* Takes the rootfs over. The rule for the container limits its size. */
static struct job job_for(struct target *target, const struct arguments *args, uint64_t bytes)
{
	struct job job = {.container = target->label, .bundle = ""};
	const struct rule *rule = NULL;

	if (target->container) {
		struct facts facts;

		job = target_job(target);
		facts = job_facts(&job, args->policy);
		rule = policy_rule(args->policy, &facts, NULL);
	}
	job.dry_run = args->dry_run;
	job.refuse_unhealed = !args->unhealed;
	job.rootfs = target->rootfs;
	target->rootfs = (struct rootfs){.fd = -EBADF};
	job.request = request_for(args, bytes, rule);
	return job;
}

static void warn(const char *caution, void *context)
{
	(void)context;
	log_stderr("%s", caution);
}

/* Repeating "+10G" would add it again. */
static void say_how_to_go_on(const struct arguments *args, uint64_t bytes, struct why *why)
{
	const char *container = args->target.container;
	_cleanup_free_ char *word = container ? quote_word(container) : NULL;
	struct why interrupted = *why;

	if (*size_of(args) == '+' && word)
		why_set(why, 0, "%s. To go on: oci-thin-grow grow %s %s", interrupted.text, word,
			size_exact(bytes));
	else if (*size_of(args) == '+')
		why_set(why, 0, "%s. To go on, request %s", interrupted.text, size_exact(bytes));
	else
		why_set(why, 0, "%s. Run the same command to go on", interrupted.text);
}

/* No container has to start, so failures are errors, whatever the configuration says. */
static struct policy strict_policy(const struct arguments *args)
{
	struct policy policy = *args->policy;

	policy.on_failure.request = policy.on_failure.not_applicable = ON_FAILURE_FAIL;
	return policy;
}

static void run_job(struct job *job, struct progress *progress, const struct policy *policy)
{
	job->progress = progress_step;
	job->warn = warn;
	job->progress_context = progress;
	progress_begin(progress);
	progress_of(progress, job->container);
	job_grow(job, policy);
	progress_end(progress);
}

/* Reports the result. Returns the exit status. */
static int conclude(struct job *job, const struct policy *policy, const struct arguments *args)
{
	int status = tell_exit_status(job, policy);

	if (job_is_interrupted(job)) {
		say_how_to_go_on(args, job->request.bytes, &job->why);
		status = EXIT_INTERRUPTED;
	}
	/* At a start this is not an error, but here the operator must know that it is not done. */
	if (tell_result(job, args->json) < 0 || job->outcome == JOB_POSTPONED)
		status = EXIT_FAILED;
	return status;
}

static int grow_target(struct target *target, const struct arguments *args, uint64_t bytes)
{
	const struct policy policy = strict_policy(args);
	struct job job = job_for(target, args, bytes);
	struct progress progress;
	int status;

	run_job(&job, &progress, &policy);
	status = conclude(&job, &policy, args);
	job_free(&job);
	return status;
}

/* Were SIZE and CONTAINER swapped? */
static void check_order(int r, const struct arguments *args, struct why *why)
{
	const char *container = args->target.container;
	struct why unused;
	uint64_t bytes;
	bool more;

	if (r == -ENOENT && container && size_parse_more(container, &more, &bytes, &unused) == 0 &&
	    size_parse_more(size_of(args), &more, &bytes, &unused) < 0)
		why_set(why, 0, "no container %s; the order is CONTAINER SIZE", quote(container));
}

/* Reports an error before there is a job. Returns @status. */
static int fail(const struct arguments *args, const char *label, int status, const struct why *why)
{
	log_stderr("%s", why->text);
	if (args->json)
		tell_failure_json(label ? label : args->target.container, status, why->text);
	return status;
}

static int size_exit_status(int r)
{
	return r == -EDOM ? EXIT_REFUSED : r == -EINVAL || r == -ERANGE ? EXIT_USAGE : EXIT_FAILED;
}

static int grow(const struct arguments *args)
{
	struct target target;
	uint64_t bytes = 0;
	struct why why;
	int status, r = target_open(&args->target, &target, &why);

	if (r < 0) {
		check_order(r, args, &why);
		status = fail(args, target.container ? target.label : NULL, target_exit_status(r),
			      &why);
	} else if ((r = parse_size(size_of(args), target.rootfs.dev, &bytes, &why)) < 0) {
		why_prefix(&why, 0, quote_unless_printable(target.label));
		status = fail(args, target.label, size_exit_status(r), &why);
	} else {
		status = grow_target(&target, args, bytes);
	}
	target_close(&target);
	return status;
}

/* --- grow --unmounted ------------------------------------------------------------------------ */

/* A device that was marked by an earlier run is not mounted again: its length is all we can see. */
static void keep_marked(struct job *job, struct thin_device *device)
{
	job->outcome = JOB_KEPT;
	if (device->sectors < job->request.bytes / SECTOR_BYTES) {
		why_set(&job->why, 0,
			"it was given to a virtual machine: only its guest can grow the "
			"filesystem");
		job->outcome = JOB_NOT_APPLICABLE;
		job->report.in_vm = true;
	}
	job->report.from_sectors = device->sectors;
	job->report.device = *device;
	*device = (struct thin_device){0};
}

static void grow_and_give(struct job *job, struct thin_device *device, const struct policy *policy)
{
	struct progress progress;
	int r = vm_mark_read(device, LEDGER_DIR, &job->why);

	if (r > 0) {
		keep_marked(job, device);
		return;
	}
	if (r == 0) {
		run_job(job, &progress, policy);
		if (job->outcome != JOB_KEPT && job->outcome != JOB_GROWN)
			return;
		r = vm_disk_give(job, device, policy, &job->why);
	}
	if (r < 0) {
		job->outcome = JOB_FAILED;
		job->error = r;
	}
}

static int grow_device(struct thin_device *device, const struct arguments *args, uint64_t bytes)
{
	const struct policy policy = strict_policy(args);
	struct job job = {
		.container = args->target.device,
		.bundle = "",
		.engine = "none",
		.refuse_unhealed = !args->unhealed,
		.rootfs.fd = -EBADF,
		.open_rootfs = vm_disk_open,
		.open_context = device,
		.request = request_for(args, bytes, NULL),
	};
	int status;

	grow_and_give(&job, device, &policy);
	status = conclude(&job, &policy, args);
	job_free(&job);
	return status;
}

static int grow_unmounted(const struct arguments *args)
{
	_cleanup_(thin_device_free) struct thin_device device = {0};
	const char *name = args->target.device;
	uint64_t bytes = 0;
	struct why why;
	int r = target_find_device(name, &device, &why);

	if (r < 0)
		return fail(args, name, target_exit_status(r), &why);
	r = parse_size(size_of(args), device.dev, &bytes, &why);
	if (r < 0) {
		why_prefix(&why, 0, quote_unless_printable(name));
		return fail(args, name, size_exit_status(r), &why);
	}
	return grow_device(&device, args, bytes);
}

/* NULL: as many as there must be. */
static const char *wrong_operands(int n, bool by_other_means)
{
	int wanted = by_other_means ? 1 : 2;

	if (n == wanted)
		return NULL;
	if (n > wanted)
		return "only SIZE goes with --pid, --path and --device";
	return n == wanted - 1 ? "SIZE is missing" : "CONTAINER and SIZE are missing";
}

static int run_grow(const struct arguments *args)
{
	struct arguments named = *args;
	bool by_other_means = args->target.pid || args->target.path || args->target.device;
	const char *wrong = wrong_operands(args->n_operands, by_other_means);

	if (wrong)
		return tell_usage("grow", args->json, "%s", wrong);
	if (args->unmounted && !args->target.device)
		return tell_usage("grow", args->json, "--unmounted is for --device only");
	if (args->unmounted && args->dry_run)
		return tell_usage("grow", args->json,
				  "--dry-run cannot look at what is not mounted");
	if (!by_other_means)
		named.target.container = args->operands[0];
	return args->unmounted ? grow_unmounted(&named) : grow(&named);
}

const struct command command_grow = {
	.name = "grow",
	.arguments = "CONTAINER SIZE",
	.what = "make a running container's disk larger",
	.help = help,
	.options = {"pid", "path", "device", "dry-run", "json", "unhealed", "unmounted",
		    "data-root"},
	.max_operands = 2,
	.needs_root = true,
	.policy = POLICY_SOUND,
	.run = run_grow,
};
