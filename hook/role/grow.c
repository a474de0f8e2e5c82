/* SPDX-License-Identifier: Apache-2.0 */

/* `grow CONTAINER SIZE`: a running container's disk, now. */

#include "base/log.h"
#include "base/quote.h"
#include "disk/thin.h"
#include "oci/json.h"
#include "policy/size.h"
#include "role/job.h"
#include "role/progress.h"
#include "role/role.h"
#include "role/settings.h"
#include "role/target.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

static const char help[] =
	"Usage: oci-thin-grow grow [OPTIONS] CONTAINER SIZE\n"
	"       oci-thin-grow grow [OPTIONS] --pid PID | --path DIR | --device NAME SIZE\n"
	"Makes the disk of a running container larger, without stopping it.\n\n"
	"CONTAINER is a name, an id or its beginning; ENGINE:NAME where that is ambiguous.\n"
	"SIZE is 4G, 1.5T, ..., or +10G for so much more than now; powers of 1024.\n\n"
	"  --dry-run          say what would be done\n"
	"  --json             say it in JSON\n"
	"  --data-root DIR    look for containers there, too (may be given more than once)\n\n"
	"Examples:\n"
	"  oci-thin-grow grow web 60G\n"
	"  oci-thin-grow grow docker:3f2a +20G\n"
	"  oci-thin-grow grow --pid 4711 60G\n\n"
	"Exit status: 0 done, 1 failed, 2 usage, 3 refused (also: smaller than now),\n"
	"4 no such container, or not on a thin device.\n";

struct options {
	struct target_args target;
	const char *size;
	const struct policy *policy;
	bool dry_run, json;
};

/* SIZE as bytes; "+SIZE" is on top of what @rootfs has. */
static int parse_size(const char *text, const struct rootfs *rootfs, uint64_t *ret, struct why *why)
{
	struct thin_device device;
	bool more = *text == '+';
	uint64_t bytes, now;
	int r = size_parse(text + more, &bytes, why);

	if (r < 0)
		return r;
	/* Not on a device-mapper device: the growth will say so. */
	thin_init();
	r = thin_lookup(rootfs->dev, &device, why);
	if (r < 0 && r != -ENODEV)
		return r;
	now = r < 0 ? 0 : device.sectors * SECTOR_BYTES;
	if (r == 0)
		thin_device_free(&device);
	if (more && __builtin_add_overflow(now, bytes, &bytes))
		return why_set(why, ERANGE, "%s more than there is now is too much", quote(text));
	if (bytes < now)
		return why_set(why, EDOM, "it has %s, and nothing here makes a disk smaller",
			       size_format(now));
	*ret = bytes;
	return 0;
}

static void print_text(const struct job *job)
{
	const struct grow_report *report = &job->report;

	if (job->outcome == JOB_KEPT) {
		printf("%s: has %s already\n", job->container,
		       size_format(report->device.sectors * SECTOR_BYTES));
		return;
	}
	if (job->dry_run) {
		printf("%s: would grow", job->container);
		if (report->plan.device_sectors)
			printf(" the device from %s to %s",
			       size_format(report->from_sectors * SECTOR_BYTES),
			       size_format(report->plan.device_sectors * SECTOR_BYTES));
		if (report->plan.fs_bytes)
			printf("%s its %s from %s to %s", report->plan.device_sectors ? " and" : "",
			       job->rootfs.fs_name, size_format(report->fs_before.bytes),
			       size_format(report->plan.fs_bytes));
		putchar('\n');
		return;
	}
	printf("%s: grown from %s to %s in %" PRIu64 " ms\n", job->container,
	       size_format(report->from_sectors * SECTOR_BYTES),
	       size_format(report->device.sectors * SECTOR_BYTES), job->took_ms);
}

static void write_json(struct json_writer *w, const struct job *job)
{
	const struct grow_report *report = &job->report;

	json_write_string(w, "container", job->container);
	json_write_string(w, "engine", job->engine);
	json_write_string(w, "action", job_action(job));
	json_write_bool(w, "dry_run", job->dry_run);
	json_write_u64(w, "requested_bytes", job->request.bytes);
	if (report->device.name) {
		json_write_string(w, "device", report->device.name);
		json_write_u64(w, "device_bytes_before", report->from_sectors * SECTOR_BYTES);
		json_write_u64(w, "device_bytes", report->device.sectors * SECTOR_BYTES);
		json_write_string(w, "filesystem", job->rootfs.fs_name);
		json_write_u64(w, "filesystem_bytes_before", report->fs_before.bytes);
		json_write_u64(w, "filesystem_bytes", report->fs.bytes);
	}
	if (job->dry_run) {
		json_write_u64(w, "plan_device_bytes", report->plan.device_sectors * SECTOR_BYTES);
		json_write_u64(w, "plan_filesystem_bytes", report->plan.fs_bytes);
	}
	json_write_string(w, "reason", job->outcome >= JOB_NOT_APPLICABLE ? job->why.text : NULL);
}

static int tell(const struct job *job, bool json)
{
	struct why message;
	int r = 0;

	if (!job->dry_run)
		job_log(job);
	job_message(job, &message);
	if (message.text[0])
		log_stderr("%s", message.text);
	if (job->report.warning.text[0])
		log_stderr("%s", job->report.warning.text);
	if (json) {
		struct json_writer *w = json_writer_begin();

		write_json(w, job);
		r = json_writer_end(w, stdout);
	} else if (job->outcome < JOB_NOT_APPLICABLE) {
		print_text(job);
		r = fflush(stdout) == 0 ? 0 : -EIO;
	}
	if (r < 0)
		log_stderr("standard output: %s", strerror(-r));
	return r;
}

/* Takes the rootfs over. */
static int grow_target(struct target *target, const struct options *options, uint64_t bytes)
{
	struct progress progress;
	struct job job = {
		.container = target->label,
		.bundle = "",
		.engine = target->container ? target->container->engine : "none",
		.dry_run = options->dry_run,
		.progress = progress_step,
		.progress_context = &progress,
		.request = {.asked = true,
			    .bytes = bytes,
			    .origin = "command",
			    .key = "grow",
			    .text = options->size},
		.rootfs = target->rootfs,
	};
	struct policy policy = *options->policy;
	int status;

	target->rootfs = (struct rootfs){.fd = -EBADF};
	policy.on_failure.request = policy.on_failure.not_applicable = ON_FAILURE_FAIL;
	progress_begin(&progress);
	job_grow(&job, &policy);
	progress_end(&progress);
	status = tell(&job, options->json) < 0 ? EXIT_FAILED : job_exit_status(&job, &policy);
	job_free(&job);
	return status;
}

static int grow(const struct options *options)
{
	struct target target;
	uint64_t bytes = 0;
	struct why why;
	int status, r = target_open(&options->target, &target, &why);

	if (r < 0) {
		log_stderr("grow: %s", why.text);
		status = target_exit_status(r);
	} else if ((r = parse_size(options->size, &target.rootfs, &bytes, &why)) < 0) {
		log_stderr("grow: %s: %s", quote(target.label), why.text);
		status = r == -EDOM			? EXIT_REFUSED
			 : r == -EINVAL || r == -ERANGE ? EXIT_USAGE
							: EXIT_FAILED;
	} else {
		status = grow_target(&target, options, bytes);
	}
	target_close(&target);
	return status;
}

static int usage(const struct why *why)
{
	if (why)
		log_stderr("grow: %s", why->text);
	log_stderr("grow: see oci-thin-grow grow --help");
	return EXIT_USAGE;
}

int role_grow(int argc, char *argv[])
{
	static const struct option long_options[] = {
		TARGET_OPTIONS,
		{"dry-run", no_argument, NULL, 'n'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct options options = {0};
	struct policy policy;
	struct why why;
	int c, status;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
		int r = target_option(&options.target, c, optarg, &why);

		if (r < 0)
			return usage(&why);
		if (c == 'n')
			options.dry_run = true;
		else if (c == 'j')
			options.json = true;
		else if (c == 'h')
			return fputs(help, stdout) < 0 ? EXIT_FAILED : EXIT_OK;
		else if (r == 0)
			return usage(NULL);
	}
	if (optind < argc && !options.target.pid && !options.target.path && !options.target.device)
		options.target.container = argv[optind++];
	if (argc - optind != 1)
		return usage(NULL);
	options.size = argv[optind];
	status = settings_load("grow", &policy);
	options.policy = options.target.policy = &policy;
	if (status == EXIT_OK)
		status = grow(&options);
	config_free(&policy);
	return status;
}
