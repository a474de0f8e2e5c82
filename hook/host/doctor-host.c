/* SPDX-License-Identifier: Apache-2.0 */
#include "base/count.h"
#include "base/text.h"
#include "host/doctor.h"

#include "base/cleanup.h"
#include "disk/growfs.h"
#include "disk/rule-file.h"

#include <string.h>

#define RELOAD "udevadm control --reload"

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

void doctor_privileges(struct doctor *doctor)
{
	struct why why;

	if (growfs_check_privileges(&why) < 0)
		findings_add(&doctor->findings, SEVERITY_BROKEN, "privileges", NULL,
			     text_new("%s", why.text),
			     text_new("no filesystem can be grown with these privileges"), NULL);
}

bool doctor_kernel(struct doctor *doctor)
{
	/* There also where it is no module. */
	if (exists("/sys/module/dm_thin_pool")) {
		findings_add(&doctor->findings, SEVERITY_OK, "dm-thin", NULL,
			     text_new("the kernel has dm-thin"), NULL, NULL);
		return true;
	}
	findings_add(&doctor->findings, SEVERITY_BROKEN, "dm-thin", NULL,
		     text_new("the kernel has no device-mapper target thin, or has not loaded "
			      "it: no container's disk is a thin device"),
		     text_new("nothing can be grown on this host"),
		     text_new("modprobe -a dm-mod dm-thin-pool"));
	return false;
}

static char *command_for_udevd(void)
{
	static const char *const daemons[] = {
		"/usr/lib/systemd/systemd-udevd",
		"/lib/systemd/systemd-udevd",
		"/sbin/udevd",
	};

	if (exists("/run/systemd/system"))
		return text_new("systemctl restart systemd-udevd");
	for (size_t i = 0; i < COUNT(daemons); i++) {
		if (exists(daemons[i]))
			return text_new("%s --daemon", daemons[i]);
	}
	return NULL;
}

static char *command_for_rule(const struct rule_file *rule, bool udevd)
{
	_cleanup_free_ char *word = rule->path ? finding_word(rule->path) : NULL;
	bool foreign = rule->path && strcmp(rule->path, RULE_HOME) != 0;
	const char *reload = udevd ? " && " RELOAD : ""; /* it reads all rules when it starts */

	if (foreign)
		return word ? text_new("rm %s%s", word, reload) : NULL;
	if (!exists(RULE_COPY))
		return NULL;
	/* install(1) would write through a link to /dev/null. */
	return text_new("%sinstall -D -m 0644 " RULE_COPY " " RULE_HOME "%s",
			rule->path ? "rm -f " RULE_HOME " && " : "", reload);
}

static char *describe_rule(const struct rule_file *rule)
{
	switch (rule->state) {
	case RULE_FILE_GOOD:
		return text_new("%s calls heal", rule->path);
	case RULE_FILE_MISSING:
		return text_new("the udev rule " RULE_NAME " is missing");
	case RULE_FILE_MASKED:
		return text_new("the udev rule is switched off by %s, which is empty", rule->path);
	case RULE_FILE_OTHER:
		break;
	}
	return text_new("the udev rule %s does not run \"" PROGRAM_PATH " heal\"", rule->path);
}

static void blame(struct doctor *doctor, const char *id, char *what, const char *hint,
		  char *command)
{
	/* The first cause is told with the containers. */
	if (doctor->heals) {
		doctor->heals = false;
		doctor->unhealed = what ? strdup(what) : NULL;
		doctor->mend_healing = command ? strdup(command) : NULL;
	}
	findings_add(&doctor->findings, SEVERITY_BROKEN, id, NULL, what,
		     text_new("engines make devices again with the size that they remember; "
			      "nothing on this host would make those of grown containers long "
			      "enough, and these would not start again%s%s",
			      command ? "" : ": ", command ? "" : hint),
		     command);
}

static void check_rule(struct doctor *doctor, bool udevd)
{
	static const char hint[] = "install the package oci-thin-grow again";
	struct rule_file rule = {0};
	int r = rule_file_find("", &rule);

	if (r < 0)
		blame(doctor, "udev-rule",
		      text_new("the udev rule " RULE_NAME " cannot be read: %s", strerror(-r)),
		      hint, NULL);
	else if (rule.state != RULE_FILE_GOOD)
		blame(doctor, "udev-rule", describe_rule(&rule), hint,
		      command_for_rule(&rule, udevd));
	else
		findings_add(&doctor->findings, SEVERITY_OK, "udev-rule", rule.path,
			     describe_rule(&rule), NULL, NULL);
	free(rule.path);
}

void doctor_healing(struct doctor *doctor)
{
	int udevd = udevd_check(UDEV_CONTROL);

	doctor->heals = true;
	if (udevd == 0)
		findings_add(&doctor->findings, SEVERITY_OK, "udevd", NULL,
			     text_new("systemd-udevd answers"), NULL, NULL);
	else
		blame(doctor, "udevd",
		      text_new("no systemd-udevd answers at " UDEV_CONTROL ": %s",
			       strerror(-udevd)),
		      "install the package udev", command_for_udevd());
	check_rule(doctor, udevd == 0);
}
