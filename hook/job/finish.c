/* SPDX-License-Identifier: Apache-2.0 */
#include "job/finish.h"

#include "base/cleanup.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/size.h"
#include "disk/lock.h"
#include "job/settings.h"
#include "job/target.h"

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
		log_stderr("heal: %s", why.text);
	finisher->listed = true;
	for (size_t i = 0; i < finisher->list.n; i++) {
		const struct engine_container *container = &finisher->list.containers[i];

		if (container->device && strcmp(container->device, device) == 0)
			return container;
	}
	return NULL;
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
static int check_policy(struct finisher *finisher, const char *device, uint64_t bytes,
			struct why *why)
{
	if (settings_switched_off(finisher->policy, RUN_DIR, why))
		return -EPERM;
	if (finisher->policy->broken)
		return why_set(why, EPERM, "the configuration is broken: %s",
			       finisher->policy->broken);
	return ask_policy(finisher, device, bytes > ROUNDING_BYTES ? bytes - ROUNDING_BYTES : bytes,
			  why);
}

static void report_not_allowed(const char *device, uint64_t bytes, const struct why *why,
			       bool dry_run, FILE *out)
{
	struct log_line line;

	fprintf(out, "%s: a growth to %s was started and is not finished: %s\n", device,
		size_format(bytes), why->text);
	if (dry_run)
		return;
	log_begin(&line, "skip");
	log_add(&line, "device", device);
	log_add_u64(&line, "to", bytes);
	log_add(&line, "reason", why->text);
	log_end(&line, LOG_WARNING);
}

static int cannot_finish(const char *device, const char *action, const struct why *why)
{
	struct log_line line;

	log_begin(&line, action);
	log_add(&line, "device", device);
	log_add(&line, "reason", why->text);
	log_end(&line, LOG_WARNING);
	log_stderr("device %s: an earlier growth is not finished: %s", quote(device), why->text);
	return EXIT_FAILED;
}

static void report_finished(const struct grow_report *report, FILE *out)
{
	struct log_line line;

	log_begin(&line, "finish");
	log_add(&line, "device", report->device.name);
	log_add_u64(&line, "to", report->device.sectors * SECTOR_BYTES);
	log_add_u64(&line, "fs_from", report->fs_before.bytes);
	log_add_u64(&line, "fs_to", report->fs.bytes);
	log_end(&line, LOG_INFO);
	fprintf(out, "%s: finished an earlier growth, to %s\n", report->device.name,
		size_format(report->fs.bytes));
}

static int finish(const struct policy *policy, const struct thin_device *device, uint64_t bytes,
		  FILE *out)
{
	_cleanup_(grow_report_free) struct grow_report report = {0};
	struct grow_order order = settings_order(policy);
	struct rootfs rootfs;
	struct why why;
	int r = rootfs_open_device(device, &rootfs, &why);

	order.want_bytes = bytes;
	if (r == -ENOENT || r == -ESTALE) {
		fprintf(out,
			"%s: an earlier growth is not finished; the next start of its container "
			"finishes it\n",
			device->name);
		return EXIT_OK;
	}
	if (r == 0) {
		r = grow_rootfs(&rootfs, &order, &report, &why);
		rootfs_close(&rootfs);
	}
	if (report.pool_denied)
		policy_deny_pool(policy, report.pool.name, &why);
	if (r < 0 || report.result >= GROW_NOT_APPLICABLE)
		return cannot_finish(device->name,
				     report.result == GROW_POSTPONED ? "postpone" : "fail", &why);
	if (report.result == GROW_KEPT && report.warning.text[0])
		return cannot_finish(device->name, "fail", &report.warning);
	if (report.result == GROW_DONE)
		report_finished(&report, out);
	return EXIT_OK;
}

int finish_growth(struct finisher *finisher, const struct thin_device *device, uint64_t sectors)
{
	uint64_t bytes = sectors * SECTOR_BYTES;
	struct why why;
	int r = check_policy(finisher, device->name, bytes, &why);

	if (r == -EPERM) {
		report_not_allowed(device->name, bytes, &why, finisher->dry_run, finisher->out);
		return EXIT_OK;
	}
	if (r < 0)
		return cannot_finish(device->name, "fail", &why);
	if (finisher->dry_run) {
		fprintf(finisher->out, "%s: would finish an earlier growth\n", device->name);
		return EXIT_OK;
	}
	return finish(finisher->policy, device, bytes, finisher->out);
}
