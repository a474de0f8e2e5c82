/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `heal DEVICE`: from udev, before an engine mounts a device that it has re-created. `heal --all`:
 * all devices, from a shell or a timer; it also finishes interrupted growths (job/finish.h), and
 * removes ledger entries of devices that are gone.
 */

#include "disk/heal.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/size.h"
#include "disk/ledger.h"
#include "disk/prune.h"
#include "engine/containerd-find.h"
#include "job/finish.h"
#include "job/settings.h"
#include "job/started.h"
#include "job/target.h"
#include "job/tell.h"
#include "oci/json.h"
#include "policy/policy.h"
#include "role/role.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
	"Usage: oci-thin-grow heal [--dry-run] DEVICE | --all [--json]\n"
	"Extends a thin device that its engine has re-created too short to the length\n"
	"that its filesystem's superblock or the ledger requires. The udev rule calls it\n"
	"for each device.\n\n"
	"  --all              every thin device; also finish interrupted growths, and\n"
	"                     remove ledger entries of devices that no longer exist\n"
	"  --dry-run          only say what would be done\n"
	"  --json             with --all: what was healed and removed, as one object\n\n"
	"Examples:\n"
	"  oci-thin-grow heal --all --dry-run\n"
	"  oci-thin-grow heal /dev/mapper/docker-8:1-42-base\n\n"
	"Exit status: 0 done, or nothing to do; 1 failed; 2 usage; 4 no such device.\n";

/* udev kills a program after 180 s, and then the log would not say why the device is too short. */
#define MAX_WAIT_MS 150000

static void log_report(const struct heal_report *report, const struct why *failed)
{
	struct log_line line;

	log_begin(&line, failed ? "fail" : report->result == HEAL_DONE ? "heal" : "skip");
	if (report->device.name)
		log_add(&line, "device", report->device.name);
	log_add_u64(&line, "from", report->from_sectors * SECTOR_BYTES);
	if (report->result == HEAL_DONE) {
		log_add_u64(&line, "to", report->want_sectors * SECTOR_BYTES);
		log_add(&line, "source", report->source);
	}
	if (report->warning.text[0])
		log_add(&line, "warning", report->warning.text);
	if (failed)
		log_add(&line, "reason", failed->text);
	log_end(&line, failed ? LOG_ERR : report->warning.text[0] ? LOG_WARNING : LOG_INFO);
}

static void print_report(const struct heal_report *report, bool dry_run, FILE *out)
{
	const char *name = report->device.name;

	if (report->result == HEAL_DONE)
		fprintf(out, "%s: %s from %s to %s (%s)\n", name,
			dry_run ? "would be healed" : "healed",
			size_format(report->from_sectors * SECTOR_BYTES),
			size_format(report->want_sectors * SECTOR_BYTES), report->source);
	if (report->warning.text[0])
		log_stderr("device %s: %s", quote(name), report->warning.text);
}

/* A pool that resumes its devices sends no event: nothing else would try again. */
static void say_what_next(struct why *why)
{
	struct why reason = *why;

	why_set(why, 0, "%s; later run \"oci-thin-grow heal --all\"", reason.text);
}

static void log_broken(const struct policy *policy)
{
	struct log_line line;

	if (!policy->broken)
		return;
	log_begin(&line, "warn");
	log_add(&line, "reason", policy->broken);
	log_add(&line, "warning", "the configuration is broken, see oci-thin-grow config check");
	log_end(&line, LOG_WARNING);
}

/* Heals a device, and reports it. 0 or -errno. */
static int heal_and_report(const struct policy *policy, dev_t dev, uint64_t timeout_ms,
			   bool dry_run, FILE *out, struct heal_report *report)
{
	struct heal_order order = settings_heal_order(policy);
	struct why why;
	int r;

	order.timeout_ms = timeout_ms;
	order.dry_run = dry_run;
	r = heal_device(dev, &order, report, &why);
	if (r == -ETIMEDOUT || r == -EINTR)
		say_what_next(&why);
	/* once for each device that is reported, not for all that udev adds */
	if (r < 0 || report->result == HEAL_DONE || report->warning.text[0])
		log_broken(policy);
	if (r < 0) {
		log_report(report, &why);
		log_stderr("heal: %s", why.text);
	} else if (report->result == HEAL_DONE || report->warning.text[0]) {
		if (!dry_run)
			log_report(report, NULL);
		print_report(report, dry_run, out);
	}
	return r;
}

/* --- heal --all: what udev's call has no time for -------------------------------------------- */

#define WAIT_AGAIN_MS 1000

struct all {
	const struct policy *policy;
	struct finisher finisher;
	bool dry_run;
	uint64_t timeout_ms;
	FILE *out;		  /* for text */
	struct json_writer *json; /* NULL: text */
	unsigned int checked, healed, begun, removed, failed;
	struct why broke_off; /* "": all devices and the whole ledger were checked */
};

static void add_healed(struct all *all, const struct heal_report *report)
{
	all->healed++;
	json_write_object(all->json, NULL);
	json_write_string(all->json, "device", report->device.name);
	json_write_u64(all->json, "from_bytes", report->from_sectors * SECTOR_BYTES);
	json_write_u64(all->json, "to_bytes", report->want_sectors * SECTOR_BYTES);
	json_write_string(all->json, "source", report->source);
	json_write_close(all->json);
}

static void heal_one_of_all(struct all *all, dev_t dev)
{
	_cleanup_(heal_report_free) struct heal_report report = {0};
	int r = heal_and_report(all->policy, dev, all->timeout_ms, all->dry_run, all->out, &report);

	/* A pool may have a thousand devices: it is waited for once. */
	if (r == -ETIMEDOUT && all->timeout_ms > WAIT_AGAIN_MS)
		all->timeout_ms = WAIT_AGAIN_MS;
	all->checked += r < 0 || report.result != HEAL_NOT_APPLICABLE;
	if (r == 0 && report.result == HEAL_DONE)
		add_healed(all, &report);
	if (r == 0 && report.intended_sectors) {
		all->begun++;
		r = finish_growth(&all->finisher, &report.device, report.intended_sectors);
	}
	all->failed += r != 0;
}

static void report_pruned(const char *device, void *context)
{
	struct all *all = context;
	struct log_line line;

	all->removed++;
	json_write_string(all->json, NULL, device);
	fprintf(all->out, "%s: gone for good, its ledger entry %s\n", device,
		all->dry_run ? "would be removed" : "is removed");
	if (all->dry_run)
		return;
	log_begin(&line, "prune");
	log_add(&line, "device", device);
	log_end(&line, LOG_INFO);
}

static int prune_all(struct all *all, struct why *why)
{
	const struct prune_order prune = {
		.ledger_dir = LEDGER_DIR,
		.dry_run = all->dry_run,
		.report = report_pruned,
		.context = all,
	};

	int r = prune_ledger(&prune, why);

	return r < 0 || all->dry_run ? r : started_prune(&started_dirs, containerd_has, why);
}

/* Devices first, then the ledger. 0; -errno, which is reported. */
static int heal_and_prune(struct all *all)
{
	_cleanup_(thin_list_free) struct thin_list list = {0};
	struct why why;
	int r = thin_list(&list, &why);

	json_write_array(all->json, "healed");
	for (size_t i = 0; i < list.n; i++)
		heal_one_of_all(all, list.devs[i]);
	json_write_array_close(all->json);
	json_write_array(all->json, "removed");
	if (r >= 0)
		r = prune_all(all, &why);
	json_write_array_close(all->json);
	if (r < 0) {
		log_stderr("heal: %s", why.text);
		all->broke_off = why;
	}
	return r;
}

static int sum_up(const struct all *all)
{
	if (all->json) {
		json_write_u64(all->json, "checked", all->checked);
		json_write_u64(all->json, "failed", all->failed);
		json_write_bool(all->json, "dry_run", all->dry_run);
		json_write_string(all->json, "reason",
				  all->broke_off.text[0] ? all->broke_off.text : NULL);
		return tell_end("heal", all->json, all->json);
	}
	printf("checked %u thin device%s of engines: ", all->checked, all->checked == 1 ? "" : "s");
	if (all->healed + all->begun + all->removed + all->failed == 0)
		puts("nothing to do");
	else
		printf("%u %s, %u failed\n", all->healed,
		       all->dry_run ? "would be healed" : "healed", all->failed);
	return tell_end("heal", false, NULL);
}

/* When the host boots, devices are healed before containerd shows its directories. */
static void remember_roots(const struct policy *policy)
{
	_cleanup_(engine_roots_free) struct engine_root_set set = {0};
	const struct target_args args = {.policy = policy};

	target_roots(&args, &set);
}

static int heal_all(const struct policy *policy, bool dry_run, bool json)
{
	struct all all = {
		.policy = policy,
		.dry_run = dry_run,
		.timeout_ms = policy->timeout_ms,
		.out = json ? stderr : stdout,
		.json = json ? json_writer_begin() : NULL,
	};
	int r;

	all.finisher = (struct finisher){.policy = policy, .dry_run = dry_run, .out = all.out};
	if (!dry_run)
		remember_roots(policy);
	r = heal_and_prune(&all);
	finisher_free(&all.finisher);
	if (sum_up(&all) < 0 || r < 0 || all.failed)
		return EXIT_FAILED;
	return EXIT_OK;
}

/* --- heal DEVICE ----------------------------------------------------------------------------- */

static int heal_path(const struct policy *policy, const char *path, bool dry_run)
{
	_cleanup_(heal_report_free) struct heal_report report = {0};
	struct stat st;

	if (stat(path, &st) < 0) {
		int err = errno;

		log_stderr("heal: %s: %s", quote(path), strerror(err));
		/* udev may come late: a device that is gone needs no healing. */
		return err == ENOENT ? EXIT_NOT_APPLICABLE : EXIT_FAILED;
	}
	if (!S_ISBLK(st.st_mode)) {
		log_stderr("heal: %s is not a block device", quote(path));
		return EXIT_NOT_APPLICABLE;
	}
	return heal_and_report(policy, st.st_rdev, policy->timeout_ms, dry_run, stdout, &report) < 0
		       ? EXIT_FAILED
		       : EXIT_OK;
}

static int run_heal(const struct arguments *args)
{
	struct policy policy = *args->policy;

	if (args->n_operands != (args->all ? 0 : 1))
		return tell_usage("heal", args->json, "name one device, or --all");
	if (args->json && !args->all)
		return tell_usage("heal", args->json, "--json is for --all only");
	if (policy.timeout_ms > MAX_WAIT_MS)
		policy.timeout_ms = MAX_WAIT_MS;
	if (args->all && policy.broken)
		log_stderr("heal: %s: using the built-in defaults", policy.broken);
	return args->all ? heal_all(&policy, args->dry_run, args->json)
			 : heal_path(&policy, args->operands[0], args->dry_run);
}

const struct command command_heal = {
	.name = "heal",
	.arguments = "DEVICE | --all",
	.what = "extend a re-created device",
	.help = help,
	.options = {"all", "dry-run", "json"},
	.max_operands = 1,
	.needs_root = true,
	.policy = POLICY_ANY,
	.run = run_heal,
};
