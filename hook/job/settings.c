/* SPDX-License-Identifier: Apache-2.0 */
#include "job/settings.h"

#include "base/cleanup.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/text.h"
#include "disk/growd-lock.h"
#include "disk/ledger.h"
#include "disk/lock.h"
#include "engine/engine.h"
#include "job/superblock-trust.h"

static void tell_stderr(const struct why *why, void *context)
{
	log_stderr("%s: %s", *(const char **)context, why->text);
}

int settings_load(const char *command, const char *file, struct policy *ret)
{
	const struct config_listener listener = {tell_stderr, &command};

	return config_load(CONFIG_DIR, file, &listener, ret) < 0 ? EXIT_USAGE : EXIT_OK;
}

void settings_load_anyway(const char *file, struct policy *ret)
{
	const struct config_listener nobody = {NULL, NULL};

	config_load(CONFIG_DIR, file, &nobody, ret);
}

bool settings_switched_off(const struct policy *policy, const char *run_dir, struct why *why)
{
	_cleanup_free_ char *path = text_new("%s/" SWITCH_NAME, run_dir);

	if (!policy->enabled) {
		why_set(why, 0, "switched off by \"enabled\": false in the configuration");
		return true;
	}
	if (!path || access(path, F_OK) < 0)
		return false;
	why_set(why, 0, "switched off by %s, until that is removed", path);
	return true;
}

bool settings_has_daemon(const struct policy *policy, const char *run_dir)
{
	struct why unused;

	return growd_is_running(run_dir) && !settings_switched_off(policy, run_dir, &unused);
}

struct grow_order settings_order(const struct policy *policy)
{
	return (struct grow_order){
		.marks = {policy->pool_guard.data_percent, policy->pool_guard.metadata_percent,
			  policy->pool_guard.overcommit_thousandths},
		.allows_pool = policy_allows_pool,
		.allows_pool_context = policy,
		.timeout_ms = policy->timeout_ms,
		.run_dir = RUN_DIR,
		.ledger_dir = LEDGER_DIR,
	};
}

unsigned int settings_autogrow_mark(const struct policy *policy)
{
	const struct pool_guard *guard = &policy->pool_guard;

	return guard->autogrow_data_percent < guard->data_percent ? guard->autogrow_data_percent
								  : guard->data_percent;
}

struct grow_order settings_autogrow_order(const struct policy *policy)
{
	struct grow_order order = settings_order(policy);

	order.marks.data_percent = settings_autogrow_mark(policy);
	return order;
}

static uint64_t trusts(const struct thin_device *device, const void *context, struct why *why)
{
	return superblock_trust(device, context, LEDGER_DIR, why);
}

struct heal_order settings_heal_order(const struct policy *policy)
{
	return (struct heal_order){
		.is_engines = engine_names_device,
		.max_bytes = policy_largest_bytes(policy),
		.trusts = trusts,
		.trusts_context = policy,
		.timeout_ms = policy->timeout_ms,
		.run_dir = RUN_DIR,
		.ledger_dir = LEDGER_DIR,
	};
}
