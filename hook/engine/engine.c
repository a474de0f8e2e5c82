/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include "base/cleanup.h"
#include "base/engine-names.h"

#include <string.h>

static const char digits[] = "0123456789";

bool engine_is_remapped_root(const char *name)
{
	size_t uid = strspn(name, digits);
	const char *gid = name + uid + (name[uid] == '.');

	return uid && name[uid] == '.' && *gid && gid[strspn(gid, digits)] == '\0';
}

bool engine_is_dockers_namespace(const char *ns)
{
	static const char moby[] = "moby";
	size_t len = sizeof(moby) - 1;

	return strncmp(ns, moby, len) == 0 &&
	       (ns[len] == '\0' || (ns[len] == '-' && engine_is_remapped_root(ns + len + 1)));
}

bool engine_is_cris_namespace(const char *ns)
{
	return strcmp(ns, "k8s.io") == 0;
}

/* containerd's namespace, Docker's included; to be freed. NULL: not containerd. */
static char *namespace_of(const char *bundle)
{
	const char *found = strstr(bundle, ENGINE_TASKS);

	if (!found)
		return NULL;
	found += strlen(ENGINE_TASKS);
	return strndup(found, strcspn(found, "/"));
}

const char *engine_of_bundle(const char *bundle)
{
	static const char userdata[] = "/userdata";
	_cleanup_free_ char *ns = namespace_of(bundle);
	size_t len = strlen(bundle), tail = sizeof(userdata) - 1;

	if (ns)
		return engine_is_dockers_namespace(ns) ? ENGINE_DOCKER : ENGINE_CONTAINERD;
	if (strstr(bundle, "-containers/") && len > tail &&
	    strcmp(bundle + len - tail, userdata) == 0)
		return ENGINE_STORAGE;
	return ENGINE_RUNTIME;
}

char *engine_namespace_of_bundle(const char *bundle)
{
	_cleanup_free_ char *ns = namespace_of(bundle);

	return ns && !engine_is_dockers_namespace(ns) ? TAKE_PTR(ns) : NULL;
}

/* PREFIX-MAJOR:MINOR-INODE-ID, each part not empty */
static bool is_storage_name(const char *name, const char *prefix)
{
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

bool engine_names_snapshot(const char *name)
{
	static const char snap[] = "-snap-";
	const char *found = NULL;

	for (const char *at = name; (at = strstr(at, snap)); at++)
		found = at;
	if (!found || found == name)
		return false;
	found += sizeof(snap) - 1;
	return *found && found[strspn(found, digits)] == '\0';
}

bool engine_names_device(const char *name)
{
	return is_storage_name(name, "docker-") || is_storage_name(name, "container-") ||
	       engine_names_snapshot(name);
}
