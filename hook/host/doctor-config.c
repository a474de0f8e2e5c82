/* SPDX-License-Identifier: Apache-2.0 */

/* The configuration: is it valid, does it take effect, and is the program switched off? */

#include "host/doctor.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"
#include "disk/growd-lock.h"
#include "host/daemon-state.h"
#include "job/settings.h"
#include "policy/config-check.h"
#include "policy/config.h"

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
		     text_new("hook, wrappers and daemon are %s", why.text),
		     text_new("size requests have no effect, and nothing grows before it is "
			      "full; healing goes on"),
		     doctor->policy->enabled ? text_new("rm %s/" SWITCH_NAME, doctor->run_dir)
					     : NULL);
}

/* What gives containers a maximum up to which they grow by themselves; no file: nothing does. */
static struct config_origin autogrow_origin(const struct policy *policy)
{
	if (policy->autogrow.max_bytes)
		return config_origin(policy, "autogrow.max");
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule *rule = &policy->rules[i];

		if (rule->autogrow.max_bytes)
			return (struct config_origin){rule->file, rule->line};
	}
	return (struct config_origin){0};
}

static void check_autogrow(struct doctor *doctor)
{
	struct config_origin origin = autogrow_origin(doctor->policy);

	if (!origin.file)
		return;
	if (growd_is_running(doctor->run_dir))
		findings_add(&doctor->findings, SEVERITY_OK, "autogrow", NULL,
			     text_new("oci-thin-growd runs"), NULL, NULL);
	else
		findings_add(
			&doctor->findings, SEVERITY_WARNING, "autogrow", NULL,
			text_new("autogrow.max is set (%s:%u), and oci-thin-growd does not run",
				 origin.file, origin.line),
			text_new("containers are not grown before they are full"),
			text_new("systemctl enable --now oci-thin-growd"));
}

static char *find_nri_engine(const struct doctor *doctor)
{
	struct daemon_state state = {0};
	char *engine = NULL;

	if (daemon_state_now(doctor->run_dir, &state) > 0)
		engine = TAKE_PTR(state.nri);
	daemon_state_free(&state);
	return engine;
}

static void report_no_nri(struct doctor *doctor)
{
	bool runs = growd_is_running(doctor->run_dir);

	findings_add(
		&doctor->findings, SEVERITY_WARNING, "nri", NULL,
		runs ? text_new("no engine asks oci-thin-growd by NRI at %s", doctor->policy->nri)
		     : text_new("nri is set, and oci-thin-growd does not run"),
		text_new("size requests of pods have no effect by NRI%s",
			 runs ? "; enable it in the engine and restart that (containerd 1.7: "
				"disable = false in [plugins.\"io.containerd.nri.v1.nri\"]; CRI-O: "
				"enable_nri = true in [crio.nri]), or set \"nri\" to its "
				"socket's path"
			      : ""),
		runs ? NULL : text_new("systemctl enable --now oci-thin-growd"));
}

static void check_nri(struct doctor *doctor)
{
	if (!doctor->policy->nri)
		return;
	doctor->nri = find_nri_engine(doctor);
	if (doctor->nri)
		findings_add(&doctor->findings, SEVERITY_OK, "nri", NULL,
			     text_new("%s asks oci-thin-growd about pods, by NRI",
				      quote_unless_printable(doctor->nri)),
			     NULL, NULL);
	else
		report_no_nri(doctor);
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
	check_autogrow(doctor);
	check_nri(doctor);
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
