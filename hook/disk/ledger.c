/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/ledger.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/quote.h"
#include "base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#define BOOT_ID	       "/proc/sys/kernel/random/boot_id"
#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define OPEN_ENTRY     (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* doctor reports a directory that others can write to: each entry is checked on its own. */
static int open_dir(const char *dir, struct why *why)
{
	_cleanup_close_ int fd = open(dir, OPEN_DIRECTORY | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return why_set(why, errno, "%s", strerror(errno));
	if (st.st_uid != geteuid())
		return why_set(why, EPERM,
			       "owned by user %u, not by root; see oci-thin-grow doctor",
			       st.st_uid);
	return TAKE_FD(fd);
}

/* Prefixes the reason with the ledger's path. */
static int blame_directory(struct why *why, int r, const char *dir)
{
	return why_prefix(why, r, text("ledger %s", dir));
}

/* Prefixes the reason with the path of the entry. */
static int blame(struct why *why, int r, const char *dir, const char *device)
{
	return why_prefix(why, r, text("ledger entry %s/%s", dir, device));
}

/* 1 and the text of an entry that only we can have written; 0: there is none. */
static int read_entry_file(int dir_fd, const char *device, char **ret_text, size_t *ret_len,
			   struct why *why)
{
	_cleanup_close_ int fd = openat(dir_fd, device, OPEN_ENTRY);
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 && errno == ELOOP)
		return why_set(why, EINVAL, "a symbolic link, not a file");
	if (fd < 0 || fstat(fd, &st) < 0)
		return why_set(why, errno, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return why_set(why, EINVAL, "not a regular file");
	if (!file_is_ours_alone(&st))
		return why_set(why, EINVAL, "owned by another user, or writable by others");
	r = file_read(fd, LEDGER_MAX_BYTES, ret_text, ret_len);
	if (r == -EFBIG)
		return why_set(why, EINVAL, "too long for an entry");
	return r < 0 ? why_set(why, -r, "%s", strerror(-r)) : 1;
}

int ledger_read(const char *dir, const char *device, struct ledger_entry *ret, struct why *why)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -EBADF;
	struct ledger_entry entry;
	size_t len = 0;
	int r;

	if (!ledger_name_is_valid(device))
		return why_set(why, EINVAL, "ledger %s: no entry can be named %s", dir,
			       quote(device));
	fd = open_dir(dir, why);
	if (fd == -ENOENT)
		return 0;
	r = fd < 0 ? fd : read_entry_file(fd, device, &text, &len, why);
	if (r == 0)
		return 0;
	if (r > 0)
		r = ledger_parse(text, len, &entry, why);
	if (r == 0 && strcmp(entry.device, device) != 0)
		r = why_set(why, EINVAL, "of another device, %s", quote(entry.device));
	if (r < 0)
		return blame(why, r, dir, device);
	*ret = entry;
	return 1;
}

/* For writing: creates the directory if it is missing, and makes it ours. */
static int open_or_make_dir(const char *dir, struct why *why)
{
	int fd = file_open_private(dir, why), r;

	if (fd != -ENOENT)
		return fd;
	r = file_make_directory(dir, 0700);
	return r < 0 ? why_set(why, -r, "%s", strerror(-r)) : file_open_private(dir, why);
}

static bool is_unchanged(int dir_fd, const char *device, const char *text, size_t len)
{
	_cleanup_free_ char *old = NULL;
	size_t old_len = 0;
	struct why unused;

	return read_entry_file(dir_fd, device, &old, &old_len, &unused) == 1 && old &&
	       old_len == len && memcmp(old, text, len) == 0;
}

int ledger_write(const char *dir, const struct ledger_entry *entry, struct why *why)
{
	_cleanup_close_ int fd = -EBADF;
	char text[LEDGER_MAX_BYTES];
	int len = ledger_format(entry, text), r = 0;

	if (len < 0)
		return why_set(
			why, EINVAL, "ledger %s: no valid entry for %s", dir,
			quote_n(entry->device, strnlen(entry->device, LEDGER_MAX_NAME_BYTES)));
	fd = open_or_make_dir(dir, why);
	if (fd < 0)
		return blame(why, fd, dir, entry->device);
	/* Shared among writers; exclusive in ledger_prune(). */
	if (flock(fd, LOCK_SH) < 0)
		r = -errno;
	if (r == 0 && !is_unchanged(fd, entry->device, text, (size_t)len))
		r = file_replace_at(fd, entry->device, text, (size_t)len, 0600, true);
	else if (r == 0 &&
		 fsync(fd) < 0) /* the writer may have been killed right after the rename */
		r = -errno;
	if (r < 0)
		return blame(why, why_set(why, -r, "%s", strerror(-r)), dir, entry->device);
	return 0;
}

static int each_file(int dir_fd, int (*visit)(const char *name, void *context), void *context)
{
	int fd = openat(dir_fd, ".", OPEN_DIRECTORY), r = 0;
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0) {
		const struct dirent *file;

		errno = 0;
		file = readdir(directory); /* NOLINT(concurrency-mt-unsafe) */
		if (!file) {
			r = -errno;
			break;
		}
		r = visit(file->d_name, context);
	}
	closedir(directory);
	return r;
}

struct leftovers {
	int dir_fd;
	const char *device;
};

/* Only digits between the dots: ".a.b.7.new" belongs to "a.b", not to "a". */
static int remove_leftover(const char *name, void *context)
{
	const struct leftovers *of = context;
	size_t len = strlen(of->device), digits;

	if (name[0] != '.' || strncmp(name + 1, of->device, len) != 0 || name[1 + len] != '.')
		return 0;
	digits = strspn(name + 2 + len, "0123456789");
	if (digits == 0 || strcmp(name + 2 + len + digits, ".new") != 0)
		return 0;
	return unlinkat(of->dir_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_entry(int dir_fd, const char *device)
{
	int r = each_file(dir_fd, remove_leftover, &(struct leftovers){dir_fd, device});

	if (r < 0)
		return r;
	if (unlinkat(dir_fd, device, 0) < 0)
		return -errno;
	return fsync(dir_fd) < 0 ? -errno : 1;
}

/* 1; 0: no entry with this name, or not a sound one. */
static int read_sound(int dir_fd, const char *name, struct ledger_entry *ret)
{
	_cleanup_free_ char *text = NULL;
	struct why unused;
	size_t len = 0;

	return ledger_name_is_valid(name) &&
	       read_entry_file(dir_fd, name, &text, &len, &unused) > 0 &&
	       ledger_parse(text, len, ret, &unused) == 0 && strcmp(ret->device, name) == 0;
}

struct walker {
	int dir_fd;
	void (*visit)(const struct ledger_entry *entry, void *context);
	void *context;
};

static int visit_file_named(const char *name, void *context)
{
	const struct walker *walker = context;
	struct ledger_entry entry;

	if (read_sound(walker->dir_fd, name, &entry))
		walker->visit(&entry, walker->context);
	return 0;
}

int ledger_each(const char *dir, void (*visit)(const struct ledger_entry *entry, void *context),
		void *context, struct why *why)
{
	_cleanup_close_ int fd = open_dir(dir, why);
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : blame_directory(why, fd, dir);
	r = each_file(fd, visit_file_named, &(struct walker){fd, visit, context});
	return r < 0 ? why_set(why, -r, "ledger %s: %s", dir, strerror(-r)) : 0;
}

struct pruner {
	int dir_fd, count;
	bool (*is_gone)(const struct ledger_entry *entry, void *context);
	void *context;
};

/* One entry at a time under the lock, so that no writer waits long. */
static int prune_entry(const char *name, void *context)
{
	struct pruner *pruner = context;
	struct ledger_entry entry;
	int r = 0;

	if (!ledger_name_is_valid(name))
		return 0;
	if (flock(pruner->dir_fd, LOCK_EX) < 0)
		return -errno;
	if (read_sound(pruner->dir_fd, name, &entry) && pruner->is_gone(&entry, pruner->context))
		r = remove_entry(pruner->dir_fd, name);
	flock(pruner->dir_fd, LOCK_UN);
	pruner->count += r > 0;
	return r < 0 ? r : 0;
}

int ledger_prune(const char *dir, bool (*is_gone)(const struct ledger_entry *entry, void *context),
		 void *context, struct why *why)
{
	struct pruner pruner = {.is_gone = is_gone, .context = context};
	_cleanup_close_ int fd = open_dir(dir, why);
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : blame_directory(why, fd, dir);
	pruner.dir_fd = fd;
	r = each_file(fd, prune_entry, &pruner);
	if (r < 0)
		return why_set(why, -r, "ledger %s: %s", dir, strerror(-r));
	return pruner.count;
}

bool ledger_is_cut_short(const struct ledger_entry *entry)
{
	char boot_id[sizeof(entry->boot_id)];

	return entry->state == LEDGER_INTENDED && !entry->paused_sectors &&
	       (ledger_boot_id(boot_id) < 0 || strcmp(entry->boot_id, boot_id) != 0);
}

int ledger_boot_id(char ret[37])
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = file_read_at(AT_FDCWD, BOOT_ID, 37, &text, &len);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	if (!ledger_boot_id_is_valid(text))
		return -EINVAL;
	memcpy(ret, text, 37);
	return 0;
}
