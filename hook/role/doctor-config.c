/* SPDX-License-Identifier: Apache-2.0 */

/* The configuration, and whether the program is switched off. */

#include "role/doctor.h"

#include "policy/config-check.h"
#include "policy/config.h"
#include "role/settings.h"

#include <stdlib.h>

static void tell_doubt(const struct why *why, void *context)
{
	struct doctor *doctor = context;

	findings_add(&doctor->findings, SEVERITY_WARNING, "config", NULL,
		     finding_text("%s", why->text),
		     finding_text("it is no error, but it cannot be meant"), NULL);
}

static void check_switch(struct doctor *doctor)
{
	struct why why;

	if (!settings_switched_off(doctor->policy, doctor->run_dir, &why))
		return;
	findings_add(&doctor->findings, SEVERITY_WARNING, "switched-off", NULL,
		     finding_text("hook and wrapper are %s", why.text),
		     finding_text("what containers ask for is not looked at; heal goes on"),
		     doctor->policy->enabled ? finding_text("rm %s/" SWITCH_NAME, doctor->run_dir)
					     : NULL);
}

void doctor_config(struct doctor *doctor)
{
	const struct config_listener listener = {tell_doubt, doctor};

	if (doctor->policy->broken)
		findings_add(
			&doctor->findings, SEVERITY_BROKEN, "config", NULL,
			finding_text("the configuration is broken: %s", doctor->policy->broken),
			finding_text("what is built in counts instead, limits and rules do "
				     "not; \"oci-thin-grow config check\" tells all that is "
				     "wrong in it"),
			NULL);
	else if (config_warn(doctor->policy, &listener) == 0)
		findings_add(&doctor->findings, SEVERITY_OK, "config", NULL,
			     finding_text("the configuration is in order"), NULL, NULL);
	check_switch(doctor);
}
