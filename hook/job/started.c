/* SPDX-License-Identifier: Apache-2.0 */
#include "job/started.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/quote.h"
#include "base/text.h"
#include "disk/lock.h"
#include "engine/engine.h"
#include "policy/policy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

const struct started_dirs started_dirs = {STARTED_DIR, RUN_DIR "/started"};

/*
 * pkg/identifiers in containerd's source, without its length. A colon is not in it, so that a note
 * names one container; nor is a leading dot, which removed notes have.
 */
static bool is_identifier(const char *text)
{
	static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyz"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789";

	for (;;) {
		size_t len = strspn(text, alphanumeric);

		if (!len)
			return false;
		text += len;
		if (!*text)
			return true;
		if (!strchr("._-", *text++))
			return false;
	}
}

/* To be freed; NULL with a reason. */
static char *note_path(const char *dir, const char *ns, const char *id, struct why *why)
{
	char *path;

	if (!ns || !id || !is_identifier(ns) || !is_identifier(id)) {
		why_set(why, EINVAL, "namespace %s and id %s are not containerd's",
			quote(ns ? ns : ""), quote(id ? id : ""));
		return NULL;
	}
	path = text_new("%s/%s:%s", dir, ns, id);
	if (!path)
		why_no_memory(why);
	return path;
}

bool started_by_cri(const char *ns, const struct json *const annotations[], size_t n)
{
	return engine_is_cris_namespace(ns) &&
	       (policy_is_pods_container(annotations, n) || policy_is_sandbox(annotations, n));
}

static int add_link(const char *path, const char *root)
{
	return symlink(root, path) < 0 && errno != EEXIST ? -errno : 0;
}

static int flush(const char *dir)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int note_in(const char *dir, const char *ns, const char *id, const char *root, bool durable,
		   struct why *why)
{
	_cleanup_free_ char *path = note_path(dir, ns, id, why);
	int r;

	if (!path)
		return -EINVAL;
	r = add_link(path, root);
	if (r == -ENOENT) {
		r = file_make_directory(dir, 0700);
		if (r == 0)
			r = add_link(path, root);
	}
	if (r == 0 && durable)
		r = flush(dir);
	return r < 0 ? why_set(why, -r, "%s: %s", path, strerror(-r)) : 0;
}

int started_note(const struct started_dirs *dirs, const char *ns, const char *id, const char *root,
		 bool durable, struct why *why)
{
	int r = note_in(dirs->dir, ns, id, root, durable, why);
	struct why unused;

	if (r < 0)
		note_in(dirs->until_boot, ns, id, root, false, &unused);
	return r;
}

static int read_in(const char *dir, const char *ns, const char *id, struct why *why)
{
	_cleanup_free_ char *path = note_path(dir, ns, id, why);
	struct stat st;

	if (!path)
		return -EINVAL;
	if (lstat(path, &st) == 0)
		return 1;
	return errno == ENOENT ? 0 : why_set(why, errno, "%s: %s", path, strerror(errno));
}

int started_read(const struct started_dirs *dirs, const char *ns, const char *id, struct why *why)
{
	int r = read_in(dirs->until_boot, ns, id, why);

	return r != 0 ? r : read_in(dirs->dir, ns, id, why);
}

/* --- removing those of containers that are gone ---------------------------------------------- */

/* @name is that of the container, @link where its note is now. */
static bool is_gone(started_has *has, int dir_fd, const char *name, const char *link)
{
	_cleanup_free_ char *ns = text_new("%s", name);
	char *colon = ns ? strchr(ns, ':') : NULL, root[PATH_MAX];
	ssize_t n = readlinkat(dir_fd, link, root, sizeof(root));
	struct why unused;

	if (!colon || n <= 0 || (size_t)n >= sizeof(root) || root[0] != '/')
		return false;
	root[n] = '\0';
	*colon = '\0';
	return has(root, ns, colon + 1, &unused) == 0;
}

/*
 * After the database was read the container may have been re-created and started, which found the
 * note in place. So the note is put aside, and removed only if the database still does not have the
 * container.
 */
static void remove_note(started_has *has, int dir_fd, const char *name)
{
	_cleanup_free_ char *aside = text_new(".%s", name);

	if (!aside || renameat(dir_fd, name, dir_fd, aside) < 0)
		return;
	if (is_gone(has, dir_fd, name, aside))
		unlinkat(dir_fd, aside, 0);
	else
		renameat(dir_fd, aside, dir_fd, name);
}

static void prune_one(started_has *has, int dir_fd, const char *name)
{
	/* put aside by a run that was killed */
	if (*name == '.' && strchr(name, ':') && renameat(dir_fd, name, dir_fd, name + 1) == 0)
		name++;
	if (*name != '.' && is_gone(has, dir_fd, name, name))
		remove_note(has, dir_fd, name);
}

static int prune_in(const char *dir, started_has *has, struct why *why)
{
	struct dirent **entries = NULL;
	_cleanup_close_ int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n = dir_fd < 0 ? -1 : scandir(dir, &entries, NULL, alphasort);

	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return why_set(why, errno, "%s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		prune_one(has, dir_fd, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

int started_prune(const struct started_dirs *dirs, started_has *has, struct why *why)
{
	int r = prune_in(dirs->until_boot, has, why);

	return r < 0 ? r : prune_in(dirs->dir, has, why);
}
