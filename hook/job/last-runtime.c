/* SPDX-License-Identifier: Apache-2.0 */
#include "job/last-runtime.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define LINK	 "runtime"
#define NEW_LINK ".runtime.new"

int last_runtime_read(const char *state_dir, char **ret)
{
	_cleanup_close_ int dir = open(state_dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (dir < 0 || fstat(dir, &st) < 0)
		return -errno;
	if (!file_is_ours_alone(&st))
		return -EPERM;
	n = readlinkat(dir, LINK, target, sizeof(target));
	if (n < 0)
		return -errno;
	if (n == sizeof(target) || target[0] != '/')
		return -EINVAL;
	*ret = strndup(target, (size_t)n);
	return *ret ? 0 : -ENOMEM;
}

static int replace_link(int dir, const char *runtime)
{
	/* Of two processes at once, the later one may fail; both write the same link. */
	if (unlinkat(dir, NEW_LINK, 0) < 0 && errno != ENOENT)
		return -errno;
	if (symlinkat(runtime, dir, NEW_LINK) < 0 || renameat(dir, NEW_LINK, dir, LINK) < 0 ||
	    fsync(dir) < 0)
		return -errno;
	return 0;
}

int last_runtime_note(const char *state_dir, const char *runtime)
{
	_cleanup_free_ char *last = NULL;
	_cleanup_close_ int dir = -EBADF;
	struct why why;
	int r;

	if (last_runtime_read(state_dir, &last) == 0 && last && strcmp(last, runtime) == 0)
		return 0;
	if (access(runtime, X_OK) < 0)
		return -errno;
	r = file_make_directory(state_dir, 0700);
	if (r < 0)
		return r;
	dir = file_open_private(state_dir, &why);
	return dir < 0 ? dir : replace_link(dir, runtime);
}

/* Another runtime does not know the container, and its engine would conclude that it is deleted. */
const char *last_runtime_choose(const char *state_dir, const struct policy *policy,
				char **ret_remembered)
{
	if (!policy->broken)
		last_runtime_note(state_dir, policy->runtime);
	else if (last_runtime_read(state_dir, ret_remembered) == 0)
		return *ret_remembered;
	return policy->runtime;
}
