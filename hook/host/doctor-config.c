/* SPDX-License-Identifier: Apache-2.0 */

/* The configuration, and whether the program is switched off. */

#include "host/doctor.h"

#include "base/text.h"
#include "job/settings.h"
#include "policy/config-check.h"
#include "policy/config.h"

#include <stdlib.h>
#include <string.h>

static void report_doubt(const struct why *why, void *context)
{
	struct doctor *doctor = context;

	findings_add(&doctor->findings, SEVERITY_WARNING, "config", NULL, text_new("%s", why->text),
		     text_new("valid, but probably not what you meant"), NULL);
}

static void check_switch(struct doctor *doctor)
{
	struct why why;

	if (!settings_switched_off(doctor->policy, doctor->run_dir, &why))
		return;
	findings_add(&doctor->findings, SEVERITY_WARNING, "switched-off", NULL,
		     text_new("hook and wrapper are %s", why.text),
		     text_new("size requests have no effect; healing goes on"),
		     doctor->policy->enabled ? text_new("rm %s/" SWITCH_NAME, doctor->run_dir)
					     : NULL);
}

void doctor_config(struct doctor *doctor)
{
	const struct config_listener listener = {report_doubt, doctor};

	if (doctor->policy->broken)
		findings_add(&doctor->findings, SEVERITY_BROKEN, "config", NULL,
			     text_new("the configuration is broken: %s", doctor->policy->broken),
			     text_new("the built-in defaults are in force, without your limits and "
				      "rules; \"oci-thin-grow config check\" lists all errors"),
			     NULL);
	else if (config_warn(doctor->policy, &listener) == 0)
		findings_add(&doctor->findings, SEVERITY_OK, "config", NULL,
			     text_new("the configuration is in order"), NULL, NULL);
	check_switch(doctor);
}

void doctor_runtime(struct doctor *doctor)
{
	bool configured = strcmp(doctor->policy->runtime, policy_builtin.runtime) != 0;
	struct why why;

	if (config_check_runtime(doctor->policy, &why) == 0 || !(configured || doctor->wraps))
		return;
	findings_add(&doctor->findings, SEVERITY_BROKEN, "runtime", doctor->policy->runtime,
		     text_new("%s", why.text),
		     text_new("oci-thin-grow-runtime executes it for every container: with an "
			      "engine that calls the wrapper, no container starts or stops; "
			      "install it, or set \"runtime\" in the configuration to the real "
			      "runtime"),
		     NULL);
}
