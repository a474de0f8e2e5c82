/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include <string.h>

const char *engine_of_bundle(const char *bundle)
{
	static const char task[] = "/io.containerd.runtime.v2.task/";
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
