/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>

#define MAX_BYTES (64UL * 1024)

char *process_path(const char *proc, const char *pid, const char *name)
{
	return text_new("%s/%s/%s", proc, pid, name);
}

int process_status(const char *proc, const char *pid, const char *field, char **ret)
{
	_cleanup_free_ char *path = process_path(proc, pid, "status"), *text = NULL;
	const char *start = text("\n%s:\t", field), *found;
	size_t len;
	int r;

	if (!path)
		return -ENOMEM;
	r = file_read_at(AT_FDCWD, path, MAX_BYTES, &text, &len);
	if (r < 0)
		return r;
	/* The file also has the process' name, but with newlines escaped. */
	found = strstr(text, start);
	if (!found)
		return -ENODATA;
	found += strlen(start);
	*ret = strndup(found, strcspn(found, "\n"));
	return *ret ? 0 : -ENOMEM;
}

bool process_is_called(const char *proc, const char *pid, const char *name)
{
	_cleanup_free_ char *path = process_path(proc, pid, "comm"), *comm = NULL;
	size_t len;

	return path && file_read_at(AT_FDCWD, path, MAX_BYTES, &comm, &len) == 0 &&
	       len == strlen(name) + 1 && strncmp(comm, name, len - 1) == 0;
}

bool process_is_roots(const char *proc, const char *pid)
{
	_cleanup_free_ char *uids = NULL;
	unsigned int real, effective;

	return process_status(proc, pid, "Uid", &uids) == 0 &&
	       sscanf(uids, "%u\t%u", &real, &effective) == 2 && effective == 0;
}

bool process_links_to(const char *proc, const char *pid, const char *name, const char *path)
{
	_cleanup_free_ char *link = process_path(proc, pid, name);
	struct stat theirs, other;

	return link && stat(link, &theirs) == 0 && stat(path, &other) == 0 &&
	       file_is_same(&theirs, &other);
}

bool process_is_hosts(const char *proc, const char *pid)
{
	static const char *const links[] = {"ns/pid", "ns/user", "root"};

	for (size_t i = 0; i < COUNT(links); i++) {
		_cleanup_free_ char *ours = process_path(proc, "self", links[i]);

		if (!ours || !process_links_to(proc, pid, links[i], ours))
			return false;
	}
	return process_is_roots(proc, pid);
}

bool process_start(pid_t pid, uint64_t *ret_ticks)
{
	enum { STATE = 3, START = 22 };
	_cleanup_free_ char *text = NULL;
	char path[32];
	const char *field;
	size_t len = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (file_read_at(AT_FDCWD, path, MAX_BYTES, &text, &len) < 0)
		return false;
	/* The second field is set by the process: it may contain spaces and parentheses. */
	field = strrchr(text, ')');
	if (!field || field[1] != ' ' || strchr("ZXx", field[2]))
		return false;
	field += 2;
	for (int i = STATE; i < START; i++) {
		field = strchr(field, ' ');
		if (!field++)
			return false;
	}
	*ret_ticks = strtoull(field, NULL, 10);
	return true;
}
