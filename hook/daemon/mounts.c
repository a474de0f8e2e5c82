/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mounts.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/file.h"
#include "base/mountinfo.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define DEVICES_MAX_BYTES (64UL * 1024)

static const struct {
	const char *name;
	bool hides_device, has_inodes;
} types[] = {
	{"ext4", false, true}, {"ext3", false, true},  {"ext2", false, true},
	{"xfs", false, false}, {"btrfs", true, false},
};

const struct mount_point *mounts_find(const struct mount_list *list, dev_t dev)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->mounts[i].dev == dev)
			return &list->mounts[i];
	}
	return NULL;
}

static int add_mount(struct mount_list *list, const struct mountinfo *info,
		     const struct mount_point *mount)
{
	struct mount_point *more = realloc(list->mounts, (list->n + 1) * sizeof(*list->mounts));

	if (!more)
		return -ENOMEM;
	list->mounts = more;
	more[list->n] = *mount;
	more[list->n].path = strdup(info->path);
	more[list->n].source = strdup(info->source);
	list->n++;
	return more[list->n - 1].path && more[list->n - 1].source ? 0 : -ENOMEM;
}

static int add_disk(const struct mountinfo *info, unsigned int dm_major,
		    dev_t (*device_of)(const char *path), struct mount_list *list)
{
	struct mount_point mount = {.dev = info->dev};
	size_t i = 0;

	while (i < COUNT(types) && strcmp(info->type, types[i].name) != 0)
		i++;
	/* A directory inside the filesystem is mounted elsewhere, too. */
	if (i == COUNT(types) || strcmp(info->root, "/") != 0)
		return 0;
	mount.hides_device = types[i].hides_device;
	mount.has_inodes = types[i].has_inodes;
	if (mount.hides_device)
		mount.dev = device_of(info->source);
	if (major(mount.dev) != dm_major || mounts_find(list, mount.dev))
		return 0;
	return add_mount(list, info, &mount);
}

int mounts_parse(char *mountinfo, unsigned int dm_major, dev_t (*device_of)(const char *path),
		 struct mount_list *ret)
{
	struct mountinfo info;
	int r = 0;

	*ret = (struct mount_list){0};
	while (r == 0 && mountinfo_next(&mountinfo, &info))
		r = add_disk(&info, dm_major, device_of, ret);
	return r;
}

static dev_t device_at(const char *path)
{
	struct stat st;

	return *path == '/' && stat(path, &st) == 0 && S_ISBLK(st.st_mode) ? st.st_rdev : 0;
}

/* "253 device-mapper" in /proc/devices; 0, which no block device has, if there is none. */
static unsigned int find_dm_major(void)
{
	_cleanup_free_ char *text = NULL;
	const char *found;
	size_t len;

	if (file_read_at(AT_FDCWD, "/proc/devices", DEVICES_MAX_BYTES, &text, &len) < 0)
		return 0;
	found = strstr(text, " device-mapper\n");
	if (!found)
		return 0;
	while (found > text && found[-1] != '\n')
		found--;
	return (unsigned int)strtoul(found, NULL, 10);
}

int mounts_read(int fd, struct mount_list *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	*ret = (struct mount_list){0};
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	r = file_read(fd, MOUNTINFO_MAX_BYTES, &text, &len);
	return r < 0 ? r : mounts_parse(text, find_dm_major(), device_at, ret);
}

void mounts_free(struct mount_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->mounts[i].path);
		free(list->mounts[i].source);
	}
	free(list->mounts);
	*list = (struct mount_list){0};
}
