/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/roots.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/walk.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

static const char *const usual[] = {
	"/var/lib/docker",
	"/var/lib/docker/containerd/daemon",
	"/run/docker/containerd/daemon",
	"/var/lib/containerd",
	"/run/containerd",
	"/var/lib/containers/storage",
	"/run/containers/storage",
	"/run/runc",
	"/run/crun",
};

const struct engine_roots engine_default_roots = {usual, COUNT(usual)};

#define CMDLINE_MAX_BYTES (256UL * 1024)

int engine_roots_add(struct engine_root_set *set, const char *dir)
{
	struct stat st, other;
	char **more, *copy;

	if (*dir != '/' || stat(dir, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	for (size_t i = 0; i < set->roots.n; i++) {
		if (stat(set->dirs[i], &other) == 0 && file_is_same(&st, &other))
			return 0;
	}
	copy = strdup(dir);
	more = copy ? reallocarray(set->dirs, set->roots.n + 1, sizeof(char *)) : NULL;
	if (!more) {
		free(copy);
		return -ENOMEM;
	}
	set->dirs = more;
	more[set->roots.n++] = copy;
	set->roots.dirs = (const char *const *)more;
	return 0;
}

void engine_roots_free(struct engine_root_set *set)
{
	for (size_t i = 0; i < set->roots.n; i++)
		free(set->dirs[i]);
	free(set->dirs);
	*set = (struct engine_root_set){0};
}

/* --- running engines ---------------------------------------------------------------------------*/

struct process {
	struct engine_root_set *set;
	const char *proc, *pid;
	bool is_containerd;
};

/* The target of the link, to be freed; NULL if unknown. */
static char *read_link(const struct process *process, const char *name)
{
	_cleanup_free_ char *path = process_path(process->proc, process->pid, name);
	char target[PATH_MAX];
	ssize_t len = path ? readlink(path, target, sizeof(target)) : -1;

	return len > 0 && (size_t)len < sizeof(target) ? strndup(target, (size_t)len) : NULL;
}

/* Adds the part of @path before its last @mark. 1: found; 0; -ENOMEM. */
static int add_before(const struct process *process, const char *path, const char *mark,
		      bool at_end)
{
	_cleanup_free_ char *root = NULL;
	const char *found = NULL;

	for (const char *at = path; (at = strstr(at, mark)); at++)
		found = at;
	if (*path != '/' || !found || found == path || (at_end && strcmp(found, mark) != 0))
		return 0;
	root = strndup(path, (size_t)(found - path));
	return root && engine_roots_add(process->set, root) == 0 ? 1 : -ENOMEM;
}

/* Other snapshotters have a file of this name, too, in directories with their own names. */
static bool is_other_snapshotter(const char *path)
{
	return strstr(path, "/io.containerd.snapshotter.v1.") != NULL;
}

/*
 * Its metadata.db is opened when the first snapshot is asked for; <pool>.db, next to it, before the
 * first device is activated.
 */
static int add_snapshotter(const struct process *process, const char *path)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
	_cleanup_free_ char *directory = slash ? strndup(path, (size_t)(slash - path)) : NULL;
	_cleanup_free_ char *index = directory ? text_new("%s/metadata.db", directory) : NULL;
	int r;

	if (!dot || strcmp(dot, ".db") != 0)
		return 0;
	r = add_before(process, path, "/io.containerd.snapshotter.v1.devmapper/", false);
	if (r != 0 || is_other_snapshotter(path))
		return r;
	r = add_before(process, path, "/metadata.db", true);
	return r == 0 && index && access(index, F_OK) == 0
		       ? engine_roots_add(process->set, directory)
		       : r;
}

static int visit_fd(const char *name, void *context)
{
	static const char *const dockers[] = {"/volumes/metadata.db", "/network/files/local-kv.db"};
	const struct process *process = context;
	_cleanup_free_ char *fd = text_new("fd/%s", name), *path = NULL;
	int r;

	if (!fd)
		return -ENOMEM;
	path = read_link(process, fd);
	if (!path)
		return 0;
	if (process->is_containerd) {
		r = add_before(process, path, "/io.containerd.metadata.v1.bolt/meta.db", true);
		if (r == 0)
			r = add_snapshotter(process, path);
	} else {
		r = add_before(process, path, dockers[0], true);
		if (r == 0)
			r = add_before(process, path, dockers[1], true);
	}
	return r < 0 ? r : 0;
}

static int look_at_files(struct process *process)
{
	_cleanup_free_ char *path = process_path(process->proc, process->pid, "fd");

	return path ? walk_entries(path, visit_fd, process) : -ENOMEM;
}

static int look_at_directory(const struct process *process)
{
	_cleanup_free_ char *path = read_link(process, "cwd");
	int r = path ? add_before(process, path, ENGINE_TASKS, false) : 0;

	return r < 0 ? r : 0;
}

static int look_at_arguments(const struct process *process)
{
	_cleanup_free_ char *path = process_path(process->proc, process->pid, "cmdline"),
			    *text = NULL;
	size_t len;
	int r = 0;

	if (!path || file_read_at(AT_FDCWD, path, CMDLINE_MAX_BYTES, &text, &len) < 0)
		return path ? 0 : -ENOMEM;
	for (size_t at = 0; at < len && r >= 0; at += strlen(text + at) + 1)
		r = add_before(process, text + at, "/devicemapper-containers/", false);
	return r < 0 ? r : 0;
}

static int visit_process(const char *pid, void *context)
{
	struct process process = *(struct process *)context;
	_cleanup_free_ char *path = NULL, *comm = NULL;
	bool docker, shim, conmon;

	if (pid[strspn(pid, "0123456789")])
		return 0;
	process.pid = pid;
	path = process_path(process.proc, pid, "comm");
	comm = path ? walk_read_line(path) : NULL;
	if (!comm)
		return 0;
	docker = strcmp(comm, "dockerd") == 0;
	process.is_containerd = strcmp(comm, "containerd") == 0;
	shim = strcmp(comm, "containerd-shim") == 0; /* the kernel truncates longer names */
	conmon = strcmp(comm, "conmon") == 0;
	if (!(docker || process.is_containerd || shim || conmon) ||
	    !process_is_hosts(process.proc, pid))
		return 0;
	if (shim)
		return look_at_directory(&process);
	return conmon ? look_at_arguments(&process) : look_at_files(&process);
}

int engine_roots_add_running(struct engine_root_set *set, const char *proc)
{
	struct process process = {.set = set, .proc = proc};

	return walk_entries(proc, visit_process, &process);
}
