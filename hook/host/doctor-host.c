/* SPDX-License-Identifier: Apache-2.0 */
#include "host/doctor.h"

#include "base/text.h"
#include "disk/growfs.h"
#include "disk/rule-file.h"

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
	/* Exists also if dm-thin is built into the kernel. */
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

static void blame(struct doctor *doctor, const char *id, const struct healing *healing)
{
	bool fixable = *healing->fix.s;

	findings_add(&doctor->findings, SEVERITY_BROKEN, id, NULL,
		     text_new("%s", healing->why.text),
		     text_new("engines re-create devices with the size that they remember; nothing "
			      "on this host would extend those of grown containers, which would "
			      "not start again%s%s",
			      fixable ? "" : ": ", fixable ? "" : healing->hint),
		     fixable ? text_new("%s", healing->fix.s) : NULL);
}

void doctor_healing(struct doctor *doctor)
{
	struct healing udevd, rule;

	healing_udevd(&udevd);
	if (udevd.armed)
		findings_add(&doctor->findings, SEVERITY_OK, "udevd", NULL,
			     text_new("systemd-udevd answers"), NULL, NULL);
	else
		blame(doctor, "udevd", &udevd);
	healing_rule(udevd.armed, &rule);
	if (rule.armed)
		findings_add(&doctor->findings, SEVERITY_OK, "udev-rule", NULL,
			     text_new("the udev rule " RULE_NAME " calls heal"), NULL, NULL);
	else
		blame(doctor, "udev-rule", &rule);
	healing_host(&doctor->healing);
}
