/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/remembered-roots.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/walk.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

static bool is_usual(const char *root)
{
	for (size_t i = 0; i < engine_default_roots.n; i++) {
		if (strcmp(root, engine_default_roots.dirs[i]) == 0)
			return true;
	}
	return false;
}

/* To be freed; NULL: out of memory. */
static char *link_name(const char *root)
{
	char *name = calloc(1, 3 * strlen(root) + 1), *at = name;

	for (; name && *root; root++) {
		if (*root == '/' || *root == '%')
			at = stpcpy(at, *root == '/' ? "%2F" : "%25");
		else
			*at++ = *root;
	}
	return name;
}

static bool has(const char *root, const char *file)
{
	_cleanup_free_ char *path = text_new("%s/%s", root, file);

	return path && access(path, F_OK) == 0;
}

/* Of one that is only the snapshotter's, too */
static bool is_containerds(const char *root)
{
	return has(root, "io.containerd.metadata.v1.bolt/meta.db") || has(root, "metadata.db");
}

static int add_link(const char *dir, const char *name, const char *root)
{
	_cleanup_close_ int dir_fd = -EBADF;
	struct why why;
	int r = file_make_directory(dir, 0700);

	if (r < 0)
		return r;
	dir_fd = file_open_private(dir, &why);
	if (dir_fd < 0)
		return dir_fd;
	if (symlinkat(root, dir_fd, name) < 0)
		return errno == EEXIST ? 0 : -errno;
	return fsync(dir_fd) < 0 ? -errno : 0;
}

int remembered_roots_note(const char *dir, const char *root)
{
	_cleanup_free_ char *name = NULL, *path = NULL;
	struct stat st;

	if (*root != '/' || is_usual(root))
		return 0;
	name = link_name(root);
	path = name ? text_new("%s/%s", dir, name) : NULL;
	if (!path)
		return -ENOMEM;
	if (lstat(path, &st) == 0 || !is_containerds(root))
		return 0;
	return add_link(dir, name, root);
}

struct place {
	int dir_fd;
	struct engine_root_set *set;
};

static int visit_link(const char *name, void *context)
{
	const struct place *place = context;
	char root[PATH_MAX];
	ssize_t n = readlinkat(place->dir_fd, name, root, sizeof(root));

	if (n <= 0 || (size_t)n == sizeof(root))
		return 0;
	root[n] = '\0';
	return engine_roots_add(place->set, root);
}

int remembered_roots_add(const char *dir, struct engine_root_set *set)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !file_is_ours_alone(&st))
		return 0;
	return walk_entries(dir, visit_link, &(struct place){fd, set});
}
