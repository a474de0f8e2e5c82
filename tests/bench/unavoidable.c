/* SPDX-License-Identifier: Apache-2.0 */

/*
 * unavoidable MOUNT_POINT MAJOR MINOR PARAMS SECTORS ext4|xfs BLOCKS [settle]: grows a filesystem
 * on a thin device with the calls that cannot be left out, through the library that the hook uses.
 * It gets everything as an argument, and looks up, checks and locks nothing.
 */

#include <fcntl.h>
#include <libdevmapper.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <xfs/xfs.h>

#ifndef EXT4_IOC_RESIZE_FS /* fs/ext4/ext4.h; not in the headers that Debian 12 has */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)
#endif

static int dev_major, dev_minor;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct dm_task *task_for(int type)
{
	struct dm_task *task = dm_task_create(type);

	if (!task || !dm_task_set_major_minor(task, dev_major, dev_minor, 0))
		die("dm_task_create");
	return task;
}

static void run(struct dm_task *task, const char *what)
{
	if (!dm_task_run(task))
		die(what);
	dm_task_destroy(task);
}

static void load(uint64_t sectors, const char *params)
{
	struct dm_task *task = task_for(DM_DEVICE_RELOAD);

	if (!dm_task_add_target(task, 0, sectors, "thin", params))
		die("dm_task_add_target");
	run(task, "load");
}

static void swap(int freeze)
{
	struct dm_task *task = task_for(DM_DEVICE_RESUME);

	if (!freeze && !dm_task_skip_lockfs(task))
		die("dm_task_skip_lockfs");
	run(task, "resume");
}

static void grow_ext4(int fd, uint64_t blocks)
{
	if (ioctl(fd, EXT4_IOC_RESIZE_FS, &blocks) < 0)
		die("EXT4_IOC_RESIZE_FS");
}

static void grow_xfs(int fd, uint64_t blocks)
{
	struct xfs_growfs_data request = {.newblocks = blocks, .imaxpct = 25};

	if (ioctl(fd, XFS_IOC_FSGROWFSDATA, &request) < 0)
		die("XFS_IOC_FSGROWFSDATA");
}

int main(int argc, char *argv[])
{
	uint64_t sectors, blocks;
	int fd;

	if (argc < 8)
		return 2;
	dev_major = atoi(argv[2]);
	dev_minor = atoi(argv[3]);
	sectors = strtoull(argv[5], NULL, 10);
	blocks = strtoull(argv[7], NULL, 10);
	dm_udev_set_sync_support(0);

	fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		die(argv[1]);
	load(sectors, argv[4]);
	swap(0);
	if (strcmp(argv[6], "ext4") == 0)
		grow_ext4(fd, blocks);
	else
		grow_xfs(fd, blocks);
	if (argc > 8) {
		load(sectors, argv[4]);
		swap(1);
	}
	return 0;
}
