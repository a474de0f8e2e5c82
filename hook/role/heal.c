/* SPDX-License-Identifier: Apache-2.0 */

/* `heal DEVICE | --all`: from udev, before an engine mounts a device that it has made again. */

#include "disk/heal.h"
#include "base/log.h"
#include "base/quote.h"
#include "disk/ledger.h"
#include "disk/lock.h"
#include "engine/engine.h"
#include "policy/policy.h"
#include "policy/size.h"
#include "role/role.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

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

static void print_report(const struct heal_report *report, bool dry_run)
{
	const char *name = report->device.name;

	if (report->result == HEAL_DONE)
		printf("%s: %s from %s to %s (%s)\n", name, dry_run ? "would be healed" : "healed",
		       size_format(report->from_sectors * SECTOR_BYTES),
		       size_format(report->want_sectors * SECTOR_BYTES), report->source);
	if (report->warning.text[0])
		log_stderr("device %s: %s", quote(name), report->warning.text);
}

static int heal(dev_t dev, bool dry_run)
{
	const struct heal_order order = {
		.is_engines = engine_names_device,
		.max_bytes = policy_builtin.max_bytes,
		.timeout_ms = policy_builtin.timeout_ms,
		.dry_run = dry_run,
		.run_dir = RUN_DIR,
		.ledger_dir = LEDGER_DIR,
	};
	struct heal_report report;
	struct why why;
	int r = heal_device(dev, &order, &report, &why);

	if (r < 0) {
		log_report(&report, &why);
		log_stderr("heal: %s", why.text);
	} else if (report.result == HEAL_DONE || report.warning.text[0]) {
		if (!dry_run)
			log_report(&report, NULL);
		print_report(&report, dry_run);
	}
	heal_report_free(&report);
	return r < 0 ? EXIT_FAILED : EXIT_OK;
}

static int visit(dev_t dev, void *context)
{
	const bool *dry_run = context;

	return heal(dev, *dry_run);
}

static int heal_all(bool dry_run)
{
	struct why why;
	int r;

	thin_init();
	r = thin_each(visit, &dry_run, &why);

	if (r < 0) {
		log_stderr("heal: %s", why.text);
		return EXIT_FAILED;
	}
	return r > 0 ? EXIT_FAILED : EXIT_OK;
}

static int heal_path(const char *path, bool dry_run)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		log_stderr("heal: %s: %s", quote(path), strerror(errno));
		/* udev may come late: a device that is gone needs no healing. */
		return errno == ENOENT ? EXIT_NOT_APPLICABLE : EXIT_FAILED;
	}
	if (!S_ISBLK(st.st_mode)) {
		log_stderr("heal: %s is no block device", quote(path));
		return EXIT_NOT_APPLICABLE;
	}
	return heal(st.st_rdev, dry_run);
}

int role_heal(int argc, char *argv[])
{
	static const struct option options[] = {
		{"all", no_argument, NULL, 'a'},
		{"dry-run", no_argument, NULL, 'n'},
		{NULL, 0, NULL, 0},
	};
	bool all = false, dry_run = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'a')
			all = true;
		else if (c == 'n')
			dry_run = true;
		else
			return EXIT_USAGE;
	}
	if (argc - optind != (all ? 0 : 1)) {
		log_stderr("heal: usage: oci-thin-grow heal [--dry-run] DEVICE | --all");
		return EXIT_USAGE;
	}
	return all ? heal_all(dry_run) : heal_path(argv[optind], dry_run);
}
