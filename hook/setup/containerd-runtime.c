/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-runtime.h"

#include "base/cleanup.h"
#include "base/engine-names.h"
#include "base/quote.h"
#include "base/text.h"
#include "setup/real-runtime.h"

int containerd_plan_runtime(const struct setup_place *place, const struct containerd_config *config,
			    const struct setup_options *options, struct setup_plan *plan,
			    struct why *why)
{
	const char *handler = options->like ? options->like : CONTAINERD_RUNC;
	const char *binary = containerd_value(config, handler, CONTAINERD_BINARY);
	_cleanup_free_ char *now = NULL;
	struct text owner;
	const struct real_runtime replaced = {
		.engine = ENGINE_CONTAINERD,
		.owner = owner.s,
		.word = binary ? binary : CONTAINERD_RUNC,
		.hint = "; k3s has one at /var/lib/rancher/k3s/data/current/bin/runc",
	};

	if (!options->runtime_now)
		return 0;
	now = place_find_program(place, options->runtime_now);
	/* A handler that has been here for long may have lost its model, but has what it needs. */
	if (now && !options->runtime && !options->like &&
	    containerd_has_handler(config, SETUP_RUNTIME_NAME))
		return 0;
	text_into(&owner, "the handler %s", quote(handler));
	return real_runtime_plan(place, options, &replaced, plan, why);
}
