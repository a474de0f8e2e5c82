/* SPDX-License-Identifier: Apache-2.0 */
#include "job/tell.h"

#include "base/quote.h"
#include "base/size.h"
#include "base/terminal.h"

#include <inttypes.h>
#include <string.h>

void tell_label(const char *label, FILE *out)
{
	if (quote_is_plain(label))
		fputs(label, out);
	else
		quote_write(out, label);
}

static void tell_plan(const struct job *job, FILE *out)
{
	const struct grow_report *report = &job->report;

	terminal_print(out, STYLE_GOOD, "would %s",
		       report->unfinished ? "finish a growth" : "grow");
	if (report->plan.device_sectors)
		fprintf(out, " the device from %s to %s",
			size_format(report->from_sectors * SECTOR_BYTES),
			size_format(report->plan.device_sectors * SECTOR_BYTES));
	if (report->plan.fs_bytes)
		fprintf(out, "%s its %s from %s to %s", report->plan.device_sectors ? " and" : "",
			job->rootfs.fs_name, size_format(report->fs_before.bytes),
			size_format(report->plan.fs_bytes));
}

static void tell_growth(const struct job *job, FILE *out)
{
	const struct grow_report *report = &job->report;
	uint64_t now = report->device.sectors * SECTOR_BYTES;

	if (report->unfinished)
		terminal_print(out, STYLE_GOOD, "finished an earlier growth, to %s",
			       size_format(now));
	else if (report->from_sectors == report->device.sectors)
		terminal_print(out, STYLE_GOOD, "its %s is grown from %s to %s",
			       job->rootfs.fs_name, size_format(report->fs_before.bytes),
			       size_format(report->fs.bytes));
	else
		terminal_print(out, STYLE_GOOD, "grown from %s to %s",
			       size_format(report->from_sectors * SECTOR_BYTES), size_format(now));
	fprintf(out, " in %" PRIu64 " ms", job->took_ms);
}

/* Of what an operator has just typed no origin need be told. */
static void tell_origin(const struct job *job, FILE *out)
{
	if (job->request.origin != ORIGIN_COMMAND)
		fprintf(out, " (%s)", request_source(&job->request, ' '));
}

void tell_text(const struct job *job, FILE *out)
{
	tell_label(job->container, out);
	fputs(": ", out);
	if (job->outcome == JOB_KEPT)
		fprintf(out, "has %s already",
			size_format(job->report.device.sectors * SECTOR_BYTES));
	else if (job->dry_run)
		tell_plan(job, out);
	else
		tell_growth(job, out);
	if (job->outcome != JOB_KEPT)
		tell_origin(job, out);
	fputc('\n', out);
}

static void json_disk(const struct job *job, struct json_writer *w)
{
	const struct grow_report *report = &job->report;

	json_write_string(w, "device", report->device.name);
	json_write_u64(w, "device_bytes_before", report->from_sectors * SECTOR_BYTES);
	json_write_u64(w, "device_bytes", report->device.sectors * SECTOR_BYTES);
	json_write_string(w, "filesystem", job->rootfs.fs_name);
	json_write_u64(w, "filesystem_bytes_before", report->fs_before.bytes);
	json_write_u64(w, "filesystem_bytes", report->fs.bytes);
	if (job->dry_run) {
		json_write_u64(w, "plan_device_bytes", report->plan.device_sectors * SECTOR_BYTES);
		json_write_u64(w, "plan_filesystem_bytes", report->plan.fs_bytes);
	}
}

void tell_json(const struct job *job, struct json_writer *w)
{
	const struct request *request = &job->request;

	json_write_string(w, "container", job->container);
	json_write_string(w, "engine", job->engine);
	json_write_string(w, "action", job_action(job));
	json_write_bool(w, "dry_run", job->dry_run);
	json_write_string(w, "source",
			  request_exists(request) ? request_source(request, ':') : NULL);
	json_write_u64(w, "requested_bytes", request->bytes);
	if (job->report.device.name)
		json_disk(job, w);
	json_write_string(w, "reason", job->outcome >= JOB_NOT_APPLICABLE ? job->why.text : NULL);
	json_write_string(w, "warning", job_warning(job));
}
