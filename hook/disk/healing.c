/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/healing.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "disk/rule-file.h"

#include <libudev.h>
#include <string.h>
#include <unistd.h>

#define RELOAD "udevadm control --reload"
#define MARK   "OCI_THIN_GROW_COOKIE" /* the rule's property */

/* DM_COOKIE of libdm.h: flags in the upper half; if the lower half is 0, nobody waits. */
#define COOKIE_NUMBER 0xffff

/* An event that libdm did not send, such as `udevadm trigger`: it says nothing about the engine. */
#define MARK_OTHER "none"

/* --- the host -------------------------------------------------------------------------------- */

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static void add_command_for_udevd(struct healing *to)
{
	static const char *const daemons[] = {
		"/usr/lib/systemd/systemd-udevd",
		"/lib/systemd/systemd-udevd",
		"/sbin/udevd",
	};

	if (exists("/run/systemd/system")) {
		text_into(&to->fix, "systemctl restart systemd-udevd");
		return;
	}
	for (size_t i = 0; i < COUNT(daemons); i++) {
		if (!exists(daemons[i]))
			continue;
		text_into(&to->fix, "%s --daemon", daemons[i]);
		return;
	}
	to->hint = "install the package udev";
}

void healing_udevd(struct healing *ret)
{
	int r = udevd_check(UDEV_CONTROL);

	*ret = (struct healing){.armed = r == 0};
	if (r == 0)
		return;
	why_set(&ret->why, 0, "no systemd-udevd answers at " UDEV_CONTROL ": %s", strerror(-r));
	add_command_for_udevd(ret);
}

static void add_command_for_rule(struct healing *to, const char *path, bool udevd_answers)
{
	const char *reload = udevd_answers ? " && " RELOAD : ""; /* a start reads them */

	if (path && strcmp(path, RULE_HOME) != 0)
		text_into(&to->fix, "rm %s%s", path, reload);
	else if (exists(RULE_COPY))
		/* install(1) would write through the link to /dev/null. */
		text_into(&to->fix, "%sinstall -D -m 0644 " RULE_COPY " " RULE_HOME "%s",
			  path ? "rm -f " RULE_HOME " && " : "", reload);
	else
		to->hint = "install the package oci-thin-grow again";
}

static void describe_rule(const struct rule_file *rule, struct why *why)
{
	switch (rule->state) {
	case RULE_FILE_GOOD:
		why_set(why, 0, "%s", "");
		return;
	case RULE_FILE_MISSING:
		why_set(why, 0, "the udev rule " RULE_NAME " is missing");
		return;
	case RULE_FILE_MASKED:
		why_set(why, 0, "the udev rule is switched off by %s, which is empty", rule->path);
		return;
	case RULE_FILE_OTHER:
		why_set(why, 0, "the udev rule %s does not run \"" PROGRAM_PATH " heal\"",
			rule->path);
		return;
	}
}

void healing_rule(bool udevd_answers, struct healing *ret)
{
	struct rule_file rule = {0};
	int r = rule_file_find("", &rule);

	*ret = (struct healing){.armed = r == 0 && rule.state == RULE_FILE_GOOD};
	if (r < 0) {
		why_set(&ret->why, 0, "the udev rule " RULE_NAME " cannot be read: %s",
			strerror(-r));
		ret->hint = "install the package oci-thin-grow again";
	} else if (!ret->armed) {
		describe_rule(&rule, &ret->why);
		add_command_for_rule(ret, rule.path, udevd_answers);
	}
	free(rule.path);
}

void healing_host(struct healing *ret)
{
	struct healing udevd, rule;

	healing_udevd(&udevd);
	healing_rule(udevd.armed, &rule);
	*ret = udevd.armed ? rule : udevd;
	if (udevd.armed || rule.armed)
		return;
	why_set(&ret->why, 0, "%s, and %s", rule.why.text, udevd.why.text);
	if (*rule.fix.s && *udevd.fix.s)
		text_into(&ret->fix, "%s && %s", rule.fix.s, udevd.fix.s);
}

/* --- one device ------------------------------------------------------------------------------ */

static void cleanup_udev(struct udev **udev)
{
	udev_unref(*udev);
}

static void cleanup_device(struct udev_device **device)
{
	udev_device_unref(*device);
}

/* Ignore what an earlier udevd recorded about another device with this number. */
static bool is_named(struct udev_device *device, const char *name)
{
	const char *known = udev_device_get_property_value(device, "DM_NAME");

	return !known || strcmp(known, name) == 0;
}

/* Was the device activated by a program that did not wait for udev? */
static bool engine_does_not_wait(dev_t dev, const char *name)
{
	_cleanup_(cleanup_udev) struct udev *udev = udev_new();
	_cleanup_(cleanup_device) struct udev_device *device =
		udev ? udev_device_new_from_devnum(udev, 'b', dev) : NULL;
	const char *mark;

	if (!device || udev_device_get_is_initialized(device) <= 0 || !is_named(device, name))
		return false;
	mark = udev_device_get_property_value(device, MARK);
	return mark && strcmp(mark, MARK_OTHER) != 0 && !(strtoul(mark, NULL, 10) & COOKIE_NUMBER);
}

void healing_device(const struct healing *host, dev_t dev, const char *name, struct healing *ret)
{
	*ret = *host;
	if (!host->armed || !dev || !engine_does_not_wait(dev, name))
		return;
	ret->armed = false;
	ret->hint = "use an engine that waits for udev";
	why_set(&ret->why, 0,
		"its engine does not wait for udev (for Docker see \"Udev Sync Supported\" in "
		"docker info)");
}
