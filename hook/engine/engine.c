/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include <string.h>

static const char task[] = "/io.containerd.runtime.v2.task/";

const char *engine_of_bundle(const char *bundle)
{
	static const char userdata[] = "/userdata";
	const char *found = strstr(bundle, task);
	size_t len = strlen(bundle), tail = sizeof(userdata) - 1;

	if (found)
		return strncmp(found + sizeof(task) - 1, "moby/", 5) == 0 ? "docker" : "containerd";
	if (strstr(bundle, "-containers/") && len > tail &&
	    strcmp(bundle + len - tail, userdata) == 0)
		return "storage";
	return "runtime";
}

char *engine_namespace_of_bundle(const char *bundle)
{
	const char *found = strstr(bundle, task);

	if (!found || strcmp(engine_of_bundle(bundle), "containerd") != 0)
		return NULL;
	found += sizeof(task) - 1;
	return strndup(found, strcspn(found, "/"));
}

/* PREFIX-MAJOR:MINOR-INODE-ID with something for each */
static bool is_storage_name(const char *name, const char *prefix)
{
	static const char digits[] = "0123456789";
	static const char separators[] = ":--";
	size_t len = strlen(prefix);

	if (strncmp(name, prefix, len) != 0)
		return false;
	name += len;
	for (const char *separator = separators; *separator; separator++) {
		len = strspn(name, digits);
		if (len == 0 || name[len] != *separator)
			return false;
		name += len + 1;
	}
	return *name != '\0';
}

static bool is_snapshot_name(const char *name)
{
	static const char snap[] = "-snap-";
	const char *found = NULL;

	for (const char *at = name; (at = strstr(at, snap)); at++)
		found = at;
	if (!found || found == name)
		return false;
	found += sizeof(snap) - 1;
	return *found && found[strspn(found, "0123456789")] == '\0';
}

bool engine_names_device(const char *name)
{
	return is_storage_name(name, "docker-") || is_storage_name(name, "container-") ||
	       is_snapshot_name(name);
}
