/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/ledger.h"

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/quote.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#define FIRST_LINE	"oci-thin-grow ledger 1\n"
#define LAST_LINE_BYTES (sizeof("crc32c=00000000\n") - 1)
#define UUID_TEXT_BYTES 37
#define MAX_SECTORS	(UINT64_C(1) << 54) /* 8 EiB */
#define BOOT_ID		"/proc/sys/kernel/random/boot_id"
#define OPEN_FOLDER	(O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define OPEN_ENTRY	(O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define OPEN_NEW	(O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

static const char *const state_names[] = {
	[LEDGER_INTENDED] = "intended",
	[LEDGER_DONE] = "done",
};

/* --- the text -------------------------------------------------------------------------------- */

/* A leading dot is for temporary files, and keeps "." and ".." out. */
static bool name_is_valid(const char *name)
{
	size_t len = strnlen(name, LEDGER_MAX_NAME_BYTES);

	if (len == 0 || len == LEDGER_MAX_NAME_BYTES || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c < ' ' || c == 0x7f || c == '/')
			return false;
	}
	return true;
}

static bool parse_hex(char c, uint8_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	const char *digit = memchr(digits, c, sizeof(digits) - 1);

	if (digit)
		*ret = (uint8_t)(digit - digits);
	return digit;
}

static bool parse_uuid(const char *text, uint8_t ret[16])
{
	for (int i = 0; i < 16; i++, text += 2) {
		uint8_t high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;
		if (!parse_hex(text[0], &high) || !parse_hex(text[1], &low))
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return !*text;
}

static void format_uuid(const uint8_t uuid[16], char out[UUID_TEXT_BYTES])
{
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		out += snprintf(out, 3, "%02x", uuid[i]);
	}
}

static void format_last_line(const char *text, size_t len, char out[LAST_LINE_BYTES + 1])
{
	snprintf(out, LAST_LINE_BYTES + 1, "crc32c=%08" PRIx32 "\n", crc32c(0, text, len));
}

int ledger_format(const struct ledger_entry *entry, char *out)
{
	char uuid[UUID_TEXT_BYTES], last[LAST_LINE_BYTES + 1];
	uint8_t boot_id[16];
	int len;

	if (!name_is_valid(entry->device) || !name_is_valid(entry->pool) || entry->sectors == 0 ||
	    entry->sectors > MAX_SECTORS || !parse_uuid(entry->boot_id, boot_id) ||
	    (entry->state != LEDGER_INTENDED && entry->state != LEDGER_DONE))
		return -EINVAL;
	format_uuid(entry->fs_uuid, uuid);
	len = snprintf(out, LEDGER_MAX_BYTES,
		       FIRST_LINE "device=%s\npool=%s\nthin_id=%" PRIu32 "\nfs_uuid=%s\n"
				  "sectors=%" PRIu64 "\nstate=%s\nboot_id=%s\n"
				  "mount_count=%" PRIu32 "\n",
		       entry->device, entry->pool, entry->thin_id, uuid, entry->sectors,
		       state_names[entry->state], entry->boot_id, entry->mount_count);
	format_last_line(out, (size_t)len, last);
	memcpy(out + len, last, sizeof(last));
	return len + (int)LAST_LINE_BYTES;
}

/* The fields, with no more care than memory needs: no number is wide enough to overflow. */
static bool scan(const char *text, struct ledger_entry *ret)
{
	char uuid[UUID_TEXT_BYTES], state[sizeof("intended")];
	uint64_t thin_id, mount_count;

	if (sscanf(text,
		   FIRST_LINE "device=%127[^\n]\npool=%127[^\n]\nthin_id=%10" SCNu64
			      "\nfs_uuid=%36s\nsectors=%17" SCNu64 "\nstate=%8s\nboot_id=%36s\n"
			      "mount_count=%10" SCNu64,
		   ret->device, ret->pool, &thin_id, uuid, &ret->sectors, state, ret->boot_id,
		   &mount_count) != 8)
		return false;
	ret->thin_id = (uint32_t)thin_id;
	ret->mount_count = (uint32_t)mount_count;
	ret->state = strcmp(state, state_names[LEDGER_DONE]) == 0 ? LEDGER_DONE : LEDGER_INTENDED;
	return parse_uuid(uuid, ret->fs_uuid);
}

int ledger_parse(const char *text, size_t len, struct ledger_entry *ret, struct why *why)
{
	char copy[LEDGER_MAX_BYTES + 1] = "", last[LAST_LINE_BYTES + 1];
	struct ledger_entry entry = {0};

	if (len < LAST_LINE_BYTES || len > LEDGER_MAX_BYTES)
		return why_set(why, EINVAL, "damaged: %zu bytes cannot be an entry", len);
	memcpy(copy, text, len);
	format_last_line(copy, len - LAST_LINE_BYTES, last);
	if (strcmp(copy + len - LAST_LINE_BYTES, last) != 0)
		return why_set(why, EINVAL, "damaged: its checksum is wrong");
	if (strncmp(copy, FIRST_LINE, sizeof(FIRST_LINE) - 1) != 0)
		return why_set(why, EINVAL, "not of this version: it does not begin as it should");
	/* What we would not write ourselves, letter by letter, is none of ours. */
	if (!scan(copy, &entry) || ledger_format(&entry, copy) != (int)len ||
	    memcmp(copy, text, len) != 0)
		return why_set(why, EINVAL, "damaged: not what a ledger entry looks like");
	*ret = entry;
	return 0;
}

bool ledger_matches(const struct ledger_entry *entry, const char *device, const char *pool,
		    uint32_t thin_id, const uint8_t fs_uuid[16])
{
	return strcmp(entry->device, device) == 0 && strcmp(entry->pool, pool) == 0 &&
	       entry->thin_id == thin_id && memcmp(entry->fs_uuid, fs_uuid, 16) == 0;
}

/* --- the files ------------------------------------------------------------------------------- */

/* mkdir -p. A folder is durable only once its parent is. */
static int make_folder(const char *dir)
{
	_cleanup_free_ char *copy = strdup(dir);
	_cleanup_close_ int fd = -EBADF;
	const char *parent;

	if (!copy)
		return -ENOMEM;
	parent = dirname(copy);
	if (mkdir(dir, 0700) < 0) {
		int r = -errno;

		if (r == -ENOENT && strcmp(parent, dir) != 0)
			r = make_folder(parent);
		if (r < 0)
			return r == -EEXIST ? 0 : r;
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	fd = open(parent, OPEN_FOLDER);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static bool is_ours_alone(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int open_folder(const char *dir, struct why *why)
{
	_cleanup_close_ int fd = open(dir, OPEN_FOLDER | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return why_set(why, errno, "%s", strerror(errno));
	if (!is_ours_alone(&st))
		return why_set(why, EPERM, "the folder must be ours, and writable by nobody else");
	return TAKE_FD(fd);
}

/* Puts the path of the entry before the reason. */
static int blame(struct why *why, int r, const char *dir, const char *device)
{
	struct why inner = *why;

	return why_set(why, -r, "ledger entry %s/%s: %s", dir, device, inner.text);
}

/* 1 and the text of an entry that nobody but us can have written; 0: there is none. */
static int read_entry(int dir_fd, const char *device, char **ret_text, size_t *ret_len,
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
	if (!is_ours_alone(&st))
		return why_set(why, EINVAL, "another user's, or writable by others");
	r = file_read(fd, LEDGER_MAX_BYTES, ret_text, ret_len);
	if (r == -EFBIG)
		return why_set(why, EINVAL, "longer than an entry can be");
	return r < 0 ? why_set(why, -r, "%s", strerror(-r)) : 1;
}

int ledger_read(const char *dir, const char *device, struct ledger_entry *ret, struct why *why)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -EBADF;
	struct ledger_entry entry;
	size_t len = 0;
	int r;

	if (!name_is_valid(device))
		return why_set(why, EINVAL, "ledger %s: no entry can be named %s", dir,
			       quote(device));
	fd = open_folder(dir, why);
	if (fd == -ENOENT)
		return 0;
	r = fd < 0 ? fd : read_entry(fd, device, &text, &len, why);
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

static int write_new(int dir_fd, const char *name, const char *text, size_t len)
{
	_cleanup_close_ int fd = openat(dir_fd, name, OPEN_NEW, 0600);

	if (fd < 0)
		return -errno;
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int replace_entry(int dir_fd, const char *device, const char *text, size_t len)
{
	char temporary[LEDGER_MAX_NAME_BYTES + sizeof("..-2147483648.new")];
	int r;

	snprintf(temporary, sizeof(temporary), ".%s.%d.new", device, getpid());
	unlinkat(dir_fd, temporary, 0); /* of a killed writer that had our pid */
	r = write_new(dir_fd, temporary, text, len);
	if (r == 0 && renameat(dir_fd, temporary, dir_fd, device) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir_fd, temporary, 0);
	return r;
}

/* Makes the folder if it is missing. */
static int open_or_make_folder(const char *dir, struct why *why)
{
	int fd = open_folder(dir, why), r;

	if (fd != -ENOENT)
		return fd;
	r = make_folder(dir);
	return r < 0 ? why_set(why, -r, "%s", strerror(-r)) : open_folder(dir, why);
}

static bool stands_already(int dir_fd, const char *device, const char *text, size_t len)
{
	_cleanup_free_ char *old = NULL;
	size_t old_len = 0;
	struct why unused;

	return read_entry(dir_fd, device, &old, &old_len, &unused) == 1 && old && old_len == len &&
	       memcmp(old, text, len) == 0;
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
	fd = open_or_make_folder(dir, why);
	if (fd < 0)
		return blame(why, fd, dir, entry->device);
	if (!stands_already(fd, entry->device, text, (size_t)len))
		r = replace_entry(fd, entry->device, text, (size_t)len);
	/* Also for one that stands: its writer may have been killed right after the rename. */
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r < 0)
		return blame(why, why_set(why, -r, "%s", strerror(-r)), dir, entry->device);
	return 0;
}

static int each_file(int dir_fd, int (*visit)(const char *name, void *context), void *context)
{
	int fd = openat(dir_fd, ".", OPEN_FOLDER), r = 0;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (!folder) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0) {
		const struct dirent *file;

		errno = 0;
		file = readdir(folder); /* NOLINT(concurrency-mt-unsafe) */
		if (!file) {
			r = -errno;
			break;
		}
		r = visit(file->d_name, context);
	}
	closedir(folder);
	return r;
}

struct leftovers {
	int dir_fd;
	const char *device;
};

/* Digits only between the dots: ".a.b.7.new" is not of "a", but of "a.b". */
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

int ledger_remove(const char *dir, const char *device)
{
	_cleanup_close_ int fd = -EBADF;
	struct why unused;
	int r;

	if (!name_is_valid(device))
		return -EINVAL;
	fd = open_folder(dir, &unused);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = each_file(fd, remove_leftover, &(struct leftovers){fd, device});
	if (r < 0)
		return r;
	if (unlinkat(fd, device, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

struct visitor {
	int (*visit)(const char *device, void *context);
	void *context;
};

static int visit_entry(const char *name, void *context)
{
	const struct visitor *visitor = context;

	return name_is_valid(name) ? visitor->visit(name, visitor->context) : 0;
}

int ledger_each(const char *dir, int (*visit)(const char *device, void *context), void *context)
{
	_cleanup_close_ int fd = -EBADF;
	struct why unused;

	fd = open_folder(dir, &unused);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return each_file(fd, visit_entry, &(struct visitor){visit, context});
}

int ledger_boot_id(char ret[37])
{
	_cleanup_free_ char *text = NULL;
	uint8_t bytes[16];
	size_t len = 0;
	int r = file_read_at(AT_FDCWD, BOOT_ID, UUID_TEXT_BYTES, &text, &len);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	if (!parse_uuid(text, bytes))
		return -EINVAL;
	memcpy(ret, text, UUID_TEXT_BYTES);
	return 0;
}
