/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/namespace.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ANCESTORS_MAX 64

/*
 * 1 and the identity of the mount namespace of @who ("self", "123"); 0 if there is no such process.
 */
static int mount_namespace(const char *proc_dir, const char *who, struct stat *ret)
{
	_cleanup_free_ char *path = process_path(proc_dir, who, "ns/mnt");

	if (!path)
		return -ENOMEM;
	if (stat(path, ret) == 0)
		return 1;
	return errno == ENOENT || errno == ESRCH ? 0 : -errno;
}

/*
 * A hook that the container's first process starts shares the mount namespace of that process, but
 * the runtime further up does not. Returns 1 if an ancestor is outside our mount namespace and the
 * process @pid (any, if 0) is below it.
 */
static int is_below(const char *proc_dir, const char *pid, const struct stat *self)
{
	_cleanup_free_ char *who = NULL;
	bool seen = strcmp(pid, "0") == 0;
	struct stat ns;

	for (int i = 0; i < ANCESTORS_MAX; i++) {
		char *parent = NULL;
		int r = process_status(proc_dir, who ? who : "self", "PPid", &parent);

		if (r == 0) {
			free(who);
			who = parent;
			r = mount_namespace(proc_dir, who, &ns);
		}
		if (r <= 0)
			return r == -ENOENT || r == -ESRCH ? 0 : r;
		if (!file_is_same(&ns, self))
			return seen;
		seen |= who && strcmp(who, pid) == 0;
	}
	return 0;
}

static int compare_namespaces(const char *proc_dir, int64_t pid, const struct stat *self,
			      enum namespace_relation *ret)
{
	struct stat theirs;
	char who[24];
	int r = 0;

	snprintf(who, sizeof(who), "%" PRId64, pid);
	if (pid) {
		r = mount_namespace(proc_dir, who, &theirs);
		if (r < 0)
			return r;
	}
	*ret = NAMESPACE_APART;
	if (pid && (r == 0 || !file_is_same(self, &theirs)))
		return 0;
	/* Pid 1 of this /proc: it is already the container's own /proc (startContainer). */
	if (pid == 1) {
		*ret = NAMESPACE_INSIDE;
		return 0;
	}
	r = is_below(proc_dir, who, self);
	if (r < 0)
		return r;
	if (r > 0)
		*ret = NAMESPACE_INSIDE;
	else if (pid)
		*ret = NAMESPACE_SHARED;
	return 0;
}

int namespace_find(const char *proc_dir, int64_t pid, enum namespace_relation *ret, struct why *why)
{
	_cleanup_free_ char *pids = NULL;
	struct stat self;
	int r;

	r = mount_namespace(proc_dir, "self", &self);
	if (r <= 0)
		return why_set(why, r ? -r : ENOENT, "%s/self/ns/mnt: %s", proc_dir,
			       strerror(r ? -r : ENOENT));
	r = process_status(proc_dir, "self", "NStgid", &pids);
	if (r < 0)
		return why_set(why, -r, "%s/self/status: %s", proc_dir, strerror(-r));
	/* Two ids: our pid namespace is a child of the one that this /proc shows. */
	if (strchr(pids, '\t')) {
		*ret = NAMESPACE_INSIDE;
		return 0;
	}
	r = compare_namespaces(proc_dir, pid, &self, ret);
	return r < 0 ? why_set(why, -r, "%s: %s", proc_dir, strerror(-r)) : 0;
}

bool namespace_is_hosts(const char *proc_dir)
{
	struct stat self, first;

	return mount_namespace(proc_dir, "self", &self) > 0 &&
	       mount_namespace(proc_dir, "1", &first) > 0 && file_is_same(&self, &first);
}

int namespace_is_rootless(const char *proc_dir, struct why *why)
{
	_cleanup_free_ char *path = NULL, *map = NULL;
	unsigned long inside, outside, count;
	size_t len;
	int r;

	if (geteuid() != 0) {
		why_set(why, 0, "only root can grow a disk, and this is user %u", geteuid());
		return 1;
	}
	path = process_path(proc_dir, "self", "uid_map");
	if (!path)
		return why_no_memory(why);
	r = file_read_at(AT_FDCWD, path, 64UL * 1024, &map, &len);
	if (r == -ENOENT) /* kernel without user namespaces */
		return 0;
	if (r < 0)
		return why_set(why, -r, "%s: %s", path, strerror(-r));
	if (sscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3 && inside == 0 &&
	    outside == 0 && count == UINT32_MAX)
		return 0;
	why_set(why, 0, "only the host's root can grow a disk, and this is a user namespace");
	return 1;
}
