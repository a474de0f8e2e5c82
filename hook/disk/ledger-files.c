/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/ledger-files.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "disk/ledger.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

/* The PID in ".NAME.PID.new", the temporary files of ledger_write(); 0: another name. */
static pid_t writer_of(const char *name)
{
	size_t len = strlen(name);
	long pid;

	if (name[0] != '.' || len < sizeof("..1.new") - 1 || strcmp(name + len - 4, ".new") != 0)
		return 0;
	name += len - 4;
	while (name[-1] >= '0' && name[-1] <= '9')
		name--;
	pid = strtol(name, NULL, 10);
	return name[-1] == '.' && pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

/* false: a writer is using it, or it is gone. */
static bool look_at_file(const char *dir, int dir_fd, struct ledger_file *file)
{
	pid_t writer = writer_of(file->name);
	struct stat st;

	if (fstatat(dir_fd, file->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	file->inode = st.st_ino;
	if (writer) {
		file->state = LEDGER_FILE_LEFTOVER;
		return kill(writer, 0) < 0 && errno == ESRCH;
	}
	if (ledger_read(dir, file->name, &file->entry, &file->why) > 0)
		return true;
	file->state = S_ISREG(st.st_mode) && !file_is_ours_alone(&st) ? LEDGER_FILE_OPEN_TO_OTHERS
								      : LEDGER_FILE_DAMAGED;
	return true;
}

/* NULL and errno as described in ledger_files(). */
static DIR *open_directory(const char *dir)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	DIR *directory;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	if (!file_is_ours_alone(&st)) {
		errno = EPERM;
		return NULL;
	}
	directory = fdopendir(fd);
	if (directory)
		TAKE_FD(fd);
	return directory;
}

int ledger_files(const char *dir, void (*visit)(const struct ledger_file *file, void *context),
		 void *context, struct why *why)
{
	DIR *directory = open_directory(dir);
	const struct dirent *next;

	if (!directory && errno == ENOENT)
		return 0;
	if (!directory)
		return why_set(why, errno, "ledger %s: %s", dir,
			       errno == EPERM ? "owned by another user, or writable by others"
					      : strerror(errno));
	while ((next = readdir(directory))) { /* NOLINT(concurrency-mt-unsafe) */
		struct ledger_file file = {.name = next->d_name};

		if (strcmp(file.name, ".") != 0 && strcmp(file.name, "..") != 0 &&
		    look_at_file(dir, dirfd(directory), &file))
			visit(&file, context);
	}
	closedir(directory);
	return 0;
}
