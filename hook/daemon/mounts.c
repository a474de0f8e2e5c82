/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mounts.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define MAX_BYTES (64UL * 1024 * 1024)

static const struct {
	const char *name;
	bool hides_device, has_inodes;
} types[] = {
	{"ext4", false, true}, {"ext3", false, true},  {"ext2", false, true},
	{"xfs", false, false}, {"btrfs", true, false},
};

/* The fields of a line that matter. */
struct line {
	unsigned int major, minor;
	const char *root, *type;
	char *path, *source;
};

/* Ends the next of the words that blanks separate, and returns it; NULL: there is no more. */
static char *next_word(char **rest)
{
	char *word = *rest, *end;

	if (!word || !*word)
		return NULL;
	end = strchr(word, ' ');
	*rest = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return word;
}

static bool parse_number(const char **text, char after, unsigned int *ret)
{
	char *end;
	unsigned long n = strtoul(*text, &end, 10);

	if (end == *text || *end != after || n > UINT16_MAX * 64UL)
		return false;
	*text = end + 1;
	*ret = (unsigned int)n;
	return true;
}

static int octal_at(const char *text)
{
	int n = 0;

	for (int i = 0; i < 3; i++) {
		if (text[i] < '0' || text[i] > '7')
			return -1;
		n = n * 8 + (text[i] - '0');
	}
	return n > 0 && n < 256 ? n : -1;
}

/* The kernel writes blanks and backslashes as \040. */
static void unescape(char *text)
{
	char *out = text;

	while (*text) {
		int byte = *text == '\\' ? octal_at(text + 1) : -1;

		if (byte >= 0) {
			*out++ = (char)byte;
			text += 4;
		} else {
			*out++ = *text++;
		}
	}
	*out = '\0';
}

/* "36 35 253:3 / /mnt rw,noatime shared:1 - ext4 /dev/mapper/x rw" */
static bool parse_line(char *text, struct line *ret)
{
	char *rest = text;
	const char *device, *word;

	next_word(&rest); /* its id, and that of its parent */
	next_word(&rest);
	device = next_word(&rest);
	if (!device || !parse_number(&device, ':', &ret->major) ||
	    !parse_number(&device, '\0', &ret->minor))
		return false;
	ret->root = next_word(&rest);
	ret->path = next_word(&rest);
	do
		word = next_word(&rest);
	while (word && strcmp(word, "-") != 0);
	ret->type = next_word(&rest);
	ret->source = next_word(&rest);
	if (!ret->source)
		return false;
	unescape(ret->path);
	unescape(ret->source);
	return true;
}

const struct mount_point *mounts_find(const struct mount_list *list, dev_t dev)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->mounts[i].dev == dev)
			return &list->mounts[i];
	}
	return NULL;
}

static int add_mount(struct mount_list *list, const struct mount_point *mount)
{
	struct mount_point *more = realloc(list->mounts, (list->n + 1) * sizeof(*list->mounts));

	if (!more)
		return -ENOMEM;
	list->mounts = more;
	more[list->n] = *mount;
	more[list->n].path = strdup(mount->path);
	more[list->n].source = strdup(mount->source);
	list->n++;
	return more[list->n - 1].path && more[list->n - 1].source ? 0 : -ENOMEM;
}

static int add_line(const struct line *line, unsigned int dm_major,
		    dev_t (*device_of)(const char *path), struct mount_list *list)
{
	struct mount_point mount = {.dev = makedev(line->major, line->minor)};
	size_t i = 0;

	while (i < COUNT(types) && strcmp(line->type, types[i].name) != 0)
		i++;
	/* A directory inside the filesystem is mounted elsewhere, too. */
	if (i == COUNT(types) || strcmp(line->root, "/") != 0)
		return 0;
	mount.hides_device = types[i].hides_device;
	mount.has_inodes = types[i].has_inodes;
	mount.path = line->path;
	mount.source = line->source;
	if (mount.hides_device)
		mount.dev = device_of(line->source);
	if (major(mount.dev) != dm_major || mounts_find(list, mount.dev))
		return 0;
	return add_mount(list, &mount);
}

int mounts_parse(const char *mountinfo, unsigned int dm_major, dev_t (*device_of)(const char *path),
		 struct mount_list *ret)
{
	int r = 0;

	*ret = (struct mount_list){0};
	while (*mountinfo && r == 0) {
		size_t len = strcspn(mountinfo, "\n");
		_cleanup_free_ char *text = strndup(mountinfo, len);
		struct line line;

		if (!text)
			return -ENOMEM;
		mountinfo += len + (mountinfo[len] == '\n');
		if (parse_line(text, &line))
			r = add_line(&line, dm_major, device_of, ret);
	}
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

	if (file_read_at(AT_FDCWD, "/proc/devices", MAX_BYTES, &text, &len) < 0)
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
	r = file_read(fd, MAX_BYTES, &text, &len);
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
