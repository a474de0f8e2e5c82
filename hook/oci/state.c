/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/state.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/quote.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

static int need_string(const struct json *root, const char *key, const char **ret, struct why *why)
{
	int r = json_string(root, key, ret, why);

	if (r == 0)
		return why_set(why, EINVAL, "no %s", quote(key));
	return r;
}

static int state_fill(struct oci_state *state, struct why *why)
{
	const struct json *root = json_root(state->doc);
	int r;

	state->status = "";
	if ((r = need_string(root, "id", &state->id, why)) < 0 ||
	    (r = need_string(root, "bundle", &state->bundle, why)) < 0 ||
	    (r = json_string(root, "status", &state->status, why)) < 0 ||
	    (r = json_integer(root, "pid", &state->pid, why)) < 0 ||
	    (r = json_member(root, "annotations", JSON_OBJECT, &state->annotations, why)) < 0)
		return r;
	if (strlen(state->id) > STATE_MAX_ID)
		return why_set(why, EINVAL, "\"id\" has %zu characters, more than %d",
			       strlen(state->id), STATE_MAX_ID);
	if (*state->bundle && *state->bundle != '/')
		return why_set(why, EINVAL, "\"bundle\" is no absolute path: %s",
			       quote(state->bundle));
	if (state->pid < 0 || state->pid > INT32_MAX)
		return why_set(why, EINVAL, "\"pid\" is out of range: %" PRId64, state->pid);
	return 0;
}

int oci_state_read(int fd, struct oci_state *ret, struct why *why)
{
	_cleanup_(oci_state_free) struct oci_state state = {0};
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	r = file_read(fd, STATE_MAX_BYTES, &text, &len);
	if (r == -EFBIG)
		return why_set(why, EFBIG, "larger than %lu bytes: too much at byte %lu",
			       STATE_MAX_BYTES, STATE_MAX_BYTES);
	if (r < 0)
		return why_set(why, -r, "cannot be read: %s", strerror(-r));
	r = json_parse(text, len, &state.doc, why);
	if (r < 0)
		return r;
	r = state_fill(&state, why);
	if (r < 0)
		return r;
	*ret = state;
	state.doc = NULL;
	return 0;
}

void oci_state_free(struct oci_state *state)
{
	json_free(TAKE_PTR(state->doc));
}

/* 1 and the identity of the mount namespace of @who ("self", "123"); 0 if there is no such process.
 */
static int mount_namespace(const char *proc_dir, const char *who, struct stat *ret)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/%s/ns/mnt", proc_dir, who) < 0)
		return -ENOMEM;
	if (stat(path, ret) == 0)
		return 1;
	return errno == ENOENT || errno == ESRCH ? 0 : -errno;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* What follows @field ("\nName:\t") in /proc/PID/status, up to the line's end; the caller frees. */
static int status_field(const char *proc_dir, const char *who, const char *field, char **ret)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	const char *line;
	size_t len;
	int r;

	if (asprintf(&path, "%s/%s/status", proc_dir, who) < 0)
		return -ENOMEM;
	r = file_read_at(AT_FDCWD, path, 64UL * 1024, &text, &len);
	if (r < 0)
		return r;
	/* The name of the process is in there, too, but with its line ends escaped. */
	line = strstr(text, field);
	if (!line)
		return -ENODATA;
	line += strlen(field);
	*ret = strndup(line, strcspn(line, "\n"));
	return *ret ? 0 : -ENOMEM;
}

/*
 * A hook that the container's first process starts (createContainer) is in the container's mount
 * namespace, and so is its parent; but the parent of that, the runtime, is not.
 */
static int parent_unshared(const char *proc_dir, const struct stat *self)
{
	_cleanup_free_ char *parent = NULL, *grandparent = NULL;
	struct stat ns;
	int r;

	if ((r = status_field(proc_dir, "self", "\nPPid:\t", &parent)) < 0 ||
	    (r = status_field(proc_dir, parent, "\nPPid:\t", &grandparent)) < 0)
		return r == -ENOENT || r == -ESRCH ? 0 : r;
	r = mount_namespace(proc_dir, grandparent, &ns);
	return r <= 0 ? r : !same_file(&ns, self);
}

int oci_state_in_container(const struct oci_state *state, const char *proc_dir, struct why *why)
{
	_cleanup_free_ char *pids = NULL;
	char who[16];
	struct stat self, theirs;
	int r;

	r = mount_namespace(proc_dir, "self", &self);
	if (r <= 0)
		return why_set(why, r ? -r : ENOENT, "%s/self/ns/mnt: %s", proc_dir,
			       strerror(r ? -r : ENOENT));
	r = status_field(proc_dir, "self", "\nNStgid:\t", &pids);
	if (r < 0)
		return why_set(why, -r, "%s/self/status: %s", proc_dir, strerror(-r));
	/* Two ids: we are in a pid namespace below the one that this /proc shows. */
	if (strchr(pids, '\t'))
		return 1;
	if (state->pid == 0) {
		r = parent_unshared(proc_dir, &self);
	} else {
		snprintf(who, sizeof(who), "%" PRId64, state->pid);
		r = mount_namespace(proc_dir, who, &theirs);
		if (r > 0)
			r = same_file(&self, &theirs);
	}
	if (r < 0)
		return why_set(why, -r, "%s: %s", proc_dir, strerror(-r));
	return r;
}
