/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/docker-daemon.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COMMAND_LINE (128UL * 1024)

/*
 * dockerd-current is Red Hat's name for it. Only root's process is trusted, since anybody can take
 * that name; one in a container has another root directory.
 */
static bool is_dockerd(const struct setup_place *place, const char *proc, const char *pid)
{
	_cleanup_free_ char *root = place_name(place, "/");

	return (process_is_called(proc, pid, "dockerd") ||
		process_is_called(proc, pid, "dockerd-current")) &&
	       process_is_roots(proc, pid) && root && process_links_to(proc, pid, "root", root);
}

/* "--@option VALUE" or "--@option=VALUE": the value; NULL: @arg is another option. */
static const char *value_of(const char *arg, const char *next, const char *option)
{
	size_t len = strlen(option);

	if (strncmp(arg, "--", 2) != 0 || strncmp(arg + 2, option, len) != 0)
		return NULL;
	if (arg[2 + len] == '=')
		return arg + 2 + len + 1;
	return arg[2 + len] == '\0' ? next : NULL;
}

static int keep(char **where, const char *text)
{
	if (!text)
		return 0;
	free(*where);
	*where = strdup(text);
	return *where ? 0 : -ENOMEM;
}

/* NAME=PATH */
static int read_runtime(const char *text, struct docker_daemon *daemon)
{
	static const char ours[] = SETUP_RUNTIME_NAME "=";

	if (!text || strncmp(text, ours, strlen(ours)) != 0)
		return 0;
	return keep(&daemon->runtime_path, text + strlen(ours));
}

/* The word @arg, and @next that follows. */
static int read_option(const char *arg, const char *next, const char *where,
		       struct docker_daemon *daemon)
{
	const char *by_default = value_of(arg, next, "default-runtime");
	const char *added = value_of(arg, next, "add-runtime");
	int r = keep(&daemon->config_file, value_of(arg, next, "config-file"));

	if (r == 0)
		r = keep(&daemon->data_root, value_of(arg, next, "data-root"));
	if (r == 0)
		r = keep(&daemon->default_runtime, by_default);
	if (r == 0)
		r = read_runtime(added, daemon);
	daemon->adds_runtimes = daemon->adds_runtimes || added;
	return r == 0 && (by_default || added) ? keep(&daemon->where, where) : r;
}

int docker_daemon_read(const char *args, size_t len, const char *where,
		       struct docker_daemon *daemon)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < len; at += strlen(args + at) + 1) {
		const char *arg = args + at, *next = arg + strlen(arg) + 1;

		r = read_option(arg, next < args + len ? next : "", where, daemon);
	}
	return r;
}

static int read_command_line(const char *proc, const char *pid, struct docker_daemon *daemon)
{
	_cleanup_free_ char *path = process_path(proc, pid, "cmdline"), *args = NULL;
	size_t len = 0;
	int r = path ? file_read_at(AT_FDCWD, path, MAX_COMMAND_LINE, &args, &len) : -ENOMEM;

	if (r < 0)
		return r == -ENOMEM ? r : 0;	  /* it has ended */
	daemon->pid = (int)strtol(pid, NULL, 10); /* digits, see docker_daemon_find() */
	daemon->arguments = TAKE_PTR(args);
	daemon->arguments_len = len;
	return docker_daemon_read(daemon->arguments, len, text("process %s", pid), daemon);
}

int docker_daemon_find(const struct setup_place *place, struct docker_daemon *ret)
{
	_cleanup_free_ char *name = place_name(place, "/proc"), *path = NULL;
	struct docker_daemon daemon = {0};
	DIR *proc = name && place_resolve(place, name, &path) == 0 ? opendir(path) : NULL;
	int r = name ? 0 : -ENOMEM;

	for (const struct dirent *e; proc && r == 0 && !daemon.pid && (e = readdir(proc));) {
		if (strspn(e->d_name, "0123456789") == strlen(e->d_name) &&
		    is_dockerd(place, path, e->d_name))
			r = read_command_line(path, e->d_name, &daemon);
	}
	if (proc)
		closedir(proc);
	if (r < 0)
		docker_daemon_free(&daemon);
	else
		*ret = daemon;
	return r;
}

void docker_daemon_free(struct docker_daemon *daemon)
{
	free(daemon->config_file);
	free(daemon->data_root);
	free(daemon->default_runtime);
	free(daemon->runtime_path);
	free(daemon->where);
	free(daemon->arguments);
	*daemon = (struct docker_daemon){0};
}
