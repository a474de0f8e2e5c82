/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/docker-runtime.h"

#include "base/cleanup.h"
#include "base/engine-names.h"
#include "base/quote.h"
#include "base/text.h"
#include "setup/real-runtime.h"

#include <string.h>

#define RUNC	  "runc"
#define RUNC_SHIM "io.containerd.runc."

/* The default runtime; NULL: it is runc or ours. */
static const char *other_default(const struct docker_config *config)
{
	const char *name = config->default_runtime;

	if (!name || docker_is_default(config) || strcmp(name, RUNC) == 0)
		return NULL;
	return strncmp(name, RUNC_SHIM, strlen(RUNC_SHIM)) == 0 ? NULL : name;
}

/* The program of the runtime @name. -EEXIST: it has none that ours could become. */
static int program_of(const struct docker_config *config, const char *name, const char **ret,
		      struct why *why)
{
	const struct json *runtime = NULL, *args = NULL;
	int r = 0;

	if (config->runtimes)
		r = json_member(config->runtimes, name, JSON_OBJECT, &runtime, why);
	if (r > 0)
		r = json_member(runtime, "runtimeArgs", JSON_ARRAY, &args, why);
	if (r >= 0 && args && args->first)
		return why_set(why, EEXIST,
			       "the default runtime %s has runtimeArgs, which ours would not pass "
			       "on: use --no-default",
			       quote(name));
	if (r >= 0 && runtime)
		r = docker_runtime_program(runtime, ret, why);
	if (r < 0 || *ret)
		return r;
	return why_set(why, EEXIST,
		       "the default runtime %s has no program that ours could become: use "
		       "--no-default, or --runtime PATH",
		       quote(name));
}

int docker_plan_runtime(const struct setup_place *place, const struct docker_config *config,
			const struct setup_options *options, struct setup_plan *plan,
			struct why *why)
{
	const char *name = options->by_default ? other_default(config) : NULL, *word = NULL;
	_cleanup_free_ char *now = NULL;
	struct text owner = {"Docker"};
	int r = 0;

	if (!options->runtime_now)
		return 0;
	now = place_find_program(place, options->runtime_now);
	/* instead of runc, whatever is configured was chosen by the operator */
	if (now && !options->runtime && !name)
		return 0;
	if (name)
		text_into(&owner, "the default runtime %s", quote(name));
	if (name && !options->runtime)
		r = program_of(config, name, &word, why);
	const struct real_runtime replaced = {
		.engine = ENGINE_DOCKER,
		.owner = owner.s,
		.word = word ? word : RUNC,
	};

	return r < 0 ? r : real_runtime_plan(place, options, &replaced, plan, why);
}
