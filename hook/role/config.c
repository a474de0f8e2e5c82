/* SPDX-License-Identifier: Apache-2.0 */

/* `config check | show`: is the configuration in order, and what does it come to? */

#include "policy/config.h"
#include "base/log.h"
#include "job/settings.h"
#include "policy/config-check.h"
#include "policy/config-keys.h"
#include "role/role.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"Usage: oci-thin-grow [--config FILE] config check | show\n"
	"check tells all that is wrong with the configuration, by file, line and key; and of "
	"rules\n"
	"that can never match. show prints what counts, with the place that each value came from,\n"
	"as a file that could be used in the place of those that there are.\n\n"
	"Read are " CONFIG_DIR "/config.json, then " CONFIG_DIR "/config.d/*.json in order;\n"
	"or only FILE.\n\n"
	"Examples:\n"
	"  oci-thin-grow config check && systemctl reload myfleet\n"
	"  oci-thin-grow --config new.json config check\n"
	"  oci-thin-grow config show\n\n"
	"Exit status: 0 in order (also with warnings), 2 broken.\n";

static void tell_warning(const struct why *why, void *context)
{
	(void)context;
	log_stderr("config: warning: %s", why->text);
}

static void check(const struct policy *policy)
{
	const struct config_listener listener = {tell_warning, NULL};
	unsigned int warnings = config_warn(policy, &listener);
	struct why why;

	if (config_check_runtime(policy, &why) < 0) {
		warnings++;
		tell_warning(&why, NULL);
	}
	printf("in order: %zu rule%s, %u warning%s\n", policy->n_rules,
	       policy->n_rules == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
}

static int run(const struct arguments *args)
{
	const char *what = args->operands[0];

	if (strcmp(what, "check") == 0)
		check(args->policy);
	else if (strcmp(what, "show") == 0)
		config_show(args->policy, stdout);
	else
		return exit_usage("config", "say check or show");
	if (fflush(stdout) != 0) {
		log_stderr("config: standard output: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

const struct command command_config = {
	.name = "config",
	.arguments = "check | show",
	.what = "validate the configuration, or print what counts",
	.help = help,
	.min_operands = 1,
	.max_operands = 1,
	.policy = POLICY_SOUND,
	.run = run,
};
