/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The program's own files: runtimes and udevd call them by these paths, as root. A missing file
 * stops every container on some engines and fails silently on others; whoever can write to one can
 * run commands as root.
 */

#include "host/doctor.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/quote.h"
#include "base/text.h"

#include <string.h>
#include <sys/stat.h>

static const struct program_link {
	const char *directory, *name, *target, *used_by;
} links[] = {
	{SBIN_DIR, "oci-thin-grow-runtime", "oci-thin-grow",
	 "Docker and containerd call it as their runtime, and cannot start a container"},
	{HOOK_DIR, "oci-thin-grow", "../../../sbin/oci-thin-grow",
	 "podman, CRI-O and bundles call it as a hook"},
};

/* These determine what root runs, or how long a device becomes. */
static const char *const guarded[] = {
	PROGRAM_PATH,
	SBIN_DIR,
	HOOK_DIR,
	"/usr/share/containers/oci/hooks.d/50-oci-thin-grow.json",
	"/etc/containers/oci/hooks.d/50-oci-thin-grow.json",
	"/etc/udev/rules.d/94-oci-thin-grow.rules",
	UDEV_RULES_DIR "/94-oci-thin-grow.rules",
	SHARE_DIR "/94-oci-thin-grow.rules",
	CONFIG_DIR,
	CONFIG_DIR "/config.json",
	CONFIG_DIR "/config.d",
	"/var/lib/oci-thin-grow",
	"/run/oci-thin-grow",
};

static void bad_file(struct doctor *doctor, const char *id, const char *path, char *what,
		     const char *why, char *command)
{
	findings_add(&doctor->findings, SEVERITY_BROKEN, id, path, what, text_new("%s", why),
		     command);
}

/* Restores it from the program that is running; NULL if that is the deleted one. */
static char *command_for_program(void)
{
	_cleanup_free_ char *self = realpath("/proc/self/exe", NULL);
	_cleanup_free_ char *word = self ? quote_word(self) : NULL;

	return word ? text_new("install -D -m 0755 %s " PROGRAM_PATH, word) : NULL;
}

static bool check_program(struct doctor *doctor, const char *root, struct stat *ret)
{
	_cleanup_free_ char *path = text_new("%s" PROGRAM_PATH, root);
	int err = !path ? ENOMEM : stat(path, ret) < 0 ? errno : 0;

	if (err) {
		bad_file(doctor, "file-missing", PROGRAM_PATH,
			 text_new(PROGRAM_PATH ": %s", strerror(err)),
			 "udevd, runtimes and hooks call the program by this path",
			 command_for_program());
		return false;
	}
	if (S_ISREG(ret->st_mode) && (ret->st_mode & S_IXUSR))
		return true;
	bad_file(doctor, "file-access", PROGRAM_PATH, text_new(PROGRAM_PATH " cannot be executed"),
		 "udevd, runtimes and hooks call the program by this path",
		 text_new("chmod 0755 " PROGRAM_PATH));
	return true;
}

/* Does it lead to the program? */
static bool check_link(struct doctor *doctor, const char *root, const struct program_link *link,
		       const struct stat *program)
{
	_cleanup_free_ char *path = text_new("%s%s/%s", root, link->directory, link->name);
	const char *shown = path ? path + strlen(root) : "";
	struct stat st;
	int err = 0;

	if (!path || stat(path, &st) < 0)
		err = path ? errno : ENOMEM;
	else if (file_is_same(&st, program))
		return true;
	bad_file(doctor, "file-link", shown,
		 err ? text_new("%s, a link to the program: %s", shown, strerror(err))
		     : text_new("%s does not lead to " PROGRAM_PATH, shown),
		 link->used_by,
		 text_new("mkdir -p %s && ln -sfn %s %s", link->directory, link->target, shown));
	return false;
}

static bool check_access(struct doctor *doctor, const char *root, const char *path)
{
	_cleanup_free_ char *full = text_new("%s%s", root, path);
	struct stat st;

	if (!full || stat(full, &st) < 0 || S_ISCHR(st.st_mode))
		return true; /* other checks report required files that are missing */
	if (file_is_ours_alone(&st))
		return true;
	bad_file(doctor, "file-access", path,
		 st.st_uid != geteuid()
			 ? text_new("%s is owned by user %u, not by root", path, st.st_uid)
			 : text_new("%s is writable by others (mode %04o)", path,
				    st.st_mode & ALLPERMS),
		 "whoever can write it can run commands as root",
		 text_new("chown root:root %s && chmod go-w %s", path, path));
	return false;
}

void doctor_files(struct doctor *doctor, const char *root)
{
	bool good = true;
	struct stat program;

	if (check_program(doctor, root, &program)) {
		for (size_t i = 0; i < COUNT(links); i++)
			good &= check_link(doctor, root, &links[i], &program);
	} else {
		good = false;
	}
	for (size_t i = 0; i < COUNT(guarded); i++)
		good &= check_access(doctor, root, guarded[i]);
	if (good)
		findings_add(&doctor->findings, SEVERITY_OK, "files", NULL,
			     text_new("the program and its links are in place, and only root can "
				      "write to them"),
			     NULL, NULL);
}
