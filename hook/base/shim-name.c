/* SPDX-License-Identifier: Apache-2.0 */
#include "base/shim-name.h"

#include <string.h>

bool shim_name_is_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_";
	size_t len = strlen(name);

	return len > 0 && len < SHIM_NAME_SIZE && strspn(name, allowed) == len;
}

bool shim_name_wrapped(const char *program, char ret[SHIM_NAME_SIZE])
{
	static const char prefix[] = SHIM_PREFIX SHIM_OURS, suffix[] = SHIM_SUFFIX;
	const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
	size_t len = strlen(name), around = sizeof(prefix) - 1 + sizeof(suffix) - 1;
	char wrapped[SHIM_NAME_SIZE] = "";

	if (len <= around || len - around >= SHIM_NAME_SIZE ||
	    strncmp(name, prefix, sizeof(prefix) - 1) != 0 ||
	    strcmp(name + len - (sizeof(suffix) - 1), suffix) != 0)
		return false;
	memcpy(wrapped, name + sizeof(prefix) - 1, len - around);
	if (!shim_name_is_valid(wrapped))
		return false;
	memcpy(ret, wrapped, sizeof(wrapped));
	return true;
}

bool shim_type_is_ours(const char *runtime)
{
	static const char type[] = "io.containerd." SHIM_OURS, version[] = ".v2";
	size_t len = strlen(runtime), around = sizeof(type) - 1 + sizeof(version) - 1;
	char name[SHIM_NAME_SIZE] = "";

	if (*runtime == '/')
		return shim_name_wrapped(runtime, name);
	if (len <= around || len - around >= SHIM_NAME_SIZE ||
	    strncmp(runtime, type, sizeof(type) - 1) != 0 ||
	    strcmp(runtime + len - (sizeof(version) - 1), version) != 0)
		return false;
	memcpy(name, runtime + sizeof(type) - 1, len - around);
	return shim_name_is_valid(name);
}
