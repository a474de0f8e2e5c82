/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/ours.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "setup/place.h"

#include <string.h>

#define STOCK_RUNTIME "runc"

bool setup_is_ours(const struct setup_place *place, const char *path, const char *installed,
		   struct why *why)
{
	_cleanup_free_ char *program = place_find_program(place, path),
			    *ours = place_find_program(place, installed);

	if (!program && strcmp(path, installed) == 0)
		why_set(why, 0, "is missing; reinstall oci-thin-grow");
	else if (!program)
		why_set(why, 0, "does not exist or cannot be executed");
	else if (!ours)
		why_set(why, 0, "is not %s, which is not installed", installed);
	else if (strcmp(program, ours) != 0)
		why_set(why, 0, "is another program, not %s", installed);
	else
		return true;
	return false;
}

bool setup_is_runtime(const struct setup_place *place, const char *path, struct why *why)
{
	const char *slash = strrchr(path, '/'), *name = strrchr(RUNTIME_PATH, '/') + 1;

	if (!setup_is_ours(place, path, RUNTIME_PATH, why))
		return false;
	if (strcmp(slash ? slash + 1 : path, name) == 0)
		return true;
	why_set(why, 0, "does not end in %s, the name by which it acts as a runtime", name);
	return false;
}

int setup_check_default(const char *present, bool force, const char *instead, struct why *why)
{
	if (force || strcmp(present, STOCK_RUNTIME) == 0)
		return 0;
	return why_set(why, EEXIST,
		       "its default runtime is %s, which " SETUP_RUNTIME_NAME " would replace: %s",
		       quote(present), instead);
}

int setup_check_kept_default(const char *engine, const char *present, const char *kept,
			     struct why *why)
{
	present = present ? present : STOCK_RUNTIME;
	kept = kept ? kept : STOCK_RUNTIME;
	if (strcmp(present, kept) == 0)
		return 0;
	return why_set(why, EEXIST,
		       "its default runtime has become %s since \"enable\", and \"disable\" would "
		       "restore %s: run \"oci-thin-grow disable %s\" first, with the same --file "
		       "and without a restart of the engine, and then enable again all that was "
		       "enabled",
		       quote(present), quote(kept), engine);
}
