/* SPDX-License-Identifier: Apache-2.0 */
#include "job/finish.h"

#include "base/cleanup.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/size.h"
#include "base/syscalls.h"
#include "disk/frozen.h"
#include "disk/lock.h"
#include "job/request.h"
#include "job/settings.h"
#include "job/target.h"

#include <stdarg.h>
#include <string.h>

/* The intended length is the requested one, rounded up to a filesystem block of 64 KiB at most. */
#define ROUNDING_BYTES UINT64_C(65535)

void finisher_free(struct finisher *finisher)
{
	engine_list_free(&finisher->list);
}

static const struct engine_container *find_container(struct finisher *finisher, const char *device)
{
	const struct target_args args = {.policy = finisher->policy};
	struct why why;

	if (!finisher->listed && target_list(&args, &finisher->list, &why) < 0)
		log_stderr("containers cannot be listed: %s", why.text);
	finisher->listed = true;
	return engine_list_find_device(&finisher->list, device);
}

/* If the device's container is not known, only rules without conditions match. */
static int ask_policy(struct finisher *finisher, const char *device, uint64_t bytes,
		      struct why *why)
{
	const struct engine_container *container = find_container(finisher, device);
	_cleanup_(target_close) struct target target = {.rootfs.fd = -EBADF};
	struct facts facts = {0};
	struct job job;
	int r;

	if (!container)
		return policy_allow_again(finisher->policy, &facts, bytes, why);
	r = target_of(container, &target, why);
	if (r < 0)
		return r;
	job = target_job(&target);
	facts = job_facts(&job, finisher->policy);
	r = policy_allow_again(finisher->policy, &facts, bytes, why);
	job_free(&job);
	return r;
}

/* The growth was allowed when it began; the configuration may have changed since. */
int finish_check(struct finisher *finisher, const char *device, uint64_t sectors, struct why *why)
{
	uint64_t bytes = sectors * SECTOR_BYTES;

	if (settings_switched_off(finisher->policy, RUN_DIR, why))
		return -EPERM;
	if (finisher->policy->broken)
		return why_set(why, EPERM, "the configuration is broken: %s",
			       finisher->policy->broken);
	return ask_policy(finisher, device, bytes > ROUNDING_BYTES ? bytes - ROUNDING_BYTES : bytes,
			  why);
}

__attribute__((format(printf, 2, 3))) static void print(FILE *out, const char *format, ...)
{
	va_list ap;

	if (!out)
		return;
	va_start(ap, format);
	vfprintf(out, format, ap);
	va_end(ap);
}

static enum finish_result denied(const struct finisher *finisher, const char *device,
				 uint64_t bytes, const struct why *why)
{
	struct log_line line;

	print(finisher->out, "%s: a growth to %s was started and is not finished: %s\n", device,
	      size_format(bytes), why->text);
	if (finisher->dry_run)
		return FINISH_DENIED;
	log_begin(&line, "skip");
	log_add(&line, "device", device);
	log_add_u64(&line, "to", bytes);
	log_add(&line, "reason", why->text);
	log_end(&line, LOG_WARNING);
	return FINISH_DENIED;
}

static enum finish_result cannot_finish(const char *device, enum finish_result result,
					const struct why *why)
{
	struct log_line line;

	log_begin(&line, result == FINISH_BLOCKED ? "postpone" : "fail");
	log_add(&line, "device", device);
	log_add(&line, "reason", why->text);
	log_end(&line, result == FINISH_BLOCKED ? LOG_WARNING : LOG_ERR);
	log_stderr("device %s: an earlier growth is not finished: %s", quote(device), why->text);
	return result;
}

static enum finish_result made_step(const struct grow_report *report, FILE *out)
{
	struct log_line line;

	log_begin(&line, report->put_off ? "step" : "finish");
	log_add(&line, "device", report->device.name);
	log_add_u64(&line, "to", report->device.sectors * SECTOR_BYTES);
	log_add_u64(&line, "fs_from", report->fs_before.bytes);
	log_add_u64(&line, "fs_to", report->fs.bytes);
	log_end(&line, LOG_INFO);
	if (report->put_off)
		return FINISH_MORE;
	print(out, "%s: finished an earlier growth, to %s\n", report->device.name,
	      size_format(report->fs.bytes));
	return FINISH_DONE;
}

/* XFS grows in one step, which nothing can tear: each one would freeze the container's disk. */
static int grow_one_step(struct rootfs *rootfs, struct grow_order *order,
			 struct grow_report *report, struct why *why)
{
	struct growfs fs;
	int r = growfs_read(rootfs, &fs, why);

	if (r < 0)
		return r;
	if (!fs.needs_settling)
		order->fs_limit_bytes = fs.bytes + FINISH_STEP_BYTES;
	return grow_rootfs(rootfs, order, report, why);
}

static enum finish_result finish_mounted(const struct finisher *finisher, struct rootfs *rootfs,
					 const char *device, uint64_t bytes)
{
	_cleanup_(grow_report_free) struct grow_report report = {0};
	struct grow_order order = settings_order(finisher->policy);
	struct why why;
	int r;

	order.want_bytes = bytes;
	r = grow_one_step(rootfs, &order, &report, &why);
	if (report.pool_denied)
		policy_deny_pool(finisher->policy, report.pool.name, &why);
	if (r == 0 && report.result == GROW_POSTPONED)
		return cannot_finish(device, FINISH_BLOCKED, &why);
	if (r < 0 || report.result >= GROW_NOT_APPLICABLE)
		return cannot_finish(device, FINISH_FAILED, &why);
	if (report.result == GROW_KEPT && report.warning.text[0])
		return cannot_finish(device, FINISH_FAILED, &report.warning);
	if (report.result == GROW_DONE)
		return made_step(&report, finisher->out);
	/* Another run may have made this step while we waited for the lock. */
	return report.put_off ? FINISH_MORE : FINISH_DONE;
}

static enum finish_result finish_device(const struct finisher *finisher,
					const struct thin_device *device, uint64_t bytes)
{
	_cleanup_(rootfs_close) struct rootfs rootfs = {.fd = -EBADF};
	struct why why;
	int r = rootfs_open_device(device, &rootfs, &why);

	if (r == -ENOENT || r == -ESTALE) {
		print(finisher->out,
		      "%s: an earlier growth is not finished; the next start of its container "
		      "finishes it\n",
		      device->name);
		return FINISH_ABSENT;
	}
	if (r < 0)
		return cannot_finish(device->name, FINISH_FAILED, &why);
	if (finisher->dry_run) {
		print(finisher->out, "%s: would finish an earlier growth\n", device->name);
		return FINISH_DONE;
	}
	if (finisher->idle) {
		frozen_wait(rootfs.fd);
		/* That may have been long. */
		if (settings_switched_off(finisher->policy, RUN_DIR, &why))
			return denied(finisher, device->name, bytes, &why);
	}
	return finish_mounted(finisher, &rootfs, device->name, bytes);
}

enum finish_result finish_step(struct finisher *finisher, const struct thin_device *device,
			       uint64_t sectors)
{
	uint64_t bytes = sectors * SECTOR_BYTES;
	struct why why;
	int r = finish_check(finisher, device->name, sectors, &why);

	if (r == -EPERM)
		return denied(finisher, device->name, bytes, &why);
	if (r < 0)
		return cannot_finish(device->name, FINISH_FAILED, &why);
	if (finisher->idle)
		call_set_idle_io(); /* without it everything works as well */
	return finish_device(finisher, device, bytes);
}

int finish_growth(struct finisher *finisher, const struct thin_device *device, uint64_t sectors)
{
	enum finish_result result;

	do
		result = finish_step(finisher, device, sectors);
	while (result == FINISH_MORE);
	return result >= FINISH_BLOCKED ? EXIT_FAILED : EXIT_OK;
}
