/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-runtime.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/engine-names.h"
#include "base/quote.h"
#include "base/text.h"
#include "setup/real-runtime.h"

#include <string.h>

/*
 * k3s and RKE2 ship their own runc, which their containerd finds first. Their configuration is in
 * DATA/agent/etc/containerd. The path, to be freed; NULL: there is none.
 */
static char *find_bundled_runc(const struct setup_place *place)
{
	static const char *const names[] = {"data/current/bin/runc", "bin/runc"};
	size_t root = place->root ? strlen(place->root) : 0;
	const char *file = place->file, *end;

	if (file && root && strncmp(file, place->root, root) == 0)
		file += root;
	end = file ? strstr(file, "/agent/etc/containerd/") : NULL;
	for (size_t i = 0; end && i < COUNT(names); i++) {
		_cleanup_free_ char *path = text_new("%.*s/%s", (int)(end - file), file, names[i]);
		_cleanup_free_ char *program = path ? place_find_program(place, path) : NULL;

		if (program)
			return TAKE_PTR(path);
	}
	return NULL;
}

int containerd_plan_runtime(const struct setup_place *place, const struct containerd_config *config,
			    const struct setup_options *options, struct setup_plan *plan,
			    struct why *why)
{
	const char *binary = containerd_value(config, config->like, CONTAINERD_BINARY);
	_cleanup_free_ char *now = NULL, *bundled = binary ? NULL : find_bundled_runc(place);
	struct text owner;
	const struct real_runtime replaced = {
		.engine = ENGINE_CONTAINERD,
		.owner = owner.s,
		.word = binary	  ? binary
			: bundled ? bundled
				  : CONTAINERD_RUNC,
	};

	if (!options->runtime_now)
		return 0;
	now = place_find_program(place, options->runtime_now);
	/* An existing handler is complete, even if the copied one was removed since. */
	if (now && !options->runtime && !options->like &&
	    containerd_has_handler(config, SETUP_RUNTIME_NAME))
		return 0;
	text_into(&owner, "the handler %s", quote(config->like));
	return real_runtime_plan(place, options, &replaced, plan, why);
}
