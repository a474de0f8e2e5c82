/* SPDX-License-Identifier: Apache-2.0 */

/* The ledger: is it sound, and does it have interrupted growths? */

#include "host/doctor.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/size.h"
#include "base/text.h"
#include "disk/ledger-files.h"
#include "disk/rootfs.h"
#include "job/finish.h"
#include "job/settings.h"

#include <inttypes.h>

struct reader {
	struct doctor *doctor;
	const char *dir;
	size_t sound;
	bool trouble;
};

/* Names the file by its inode if its name is not safe on a terminal. */
static char *command_to_remove(const struct reader *reader, const struct ledger_file *file)
{
	_cleanup_free_ char *path = text_new("%s/%s", reader->dir, file->name);
	_cleanup_free_ char *word = path ? quote_word(path) : NULL;

	if (word)
		return text_new("rm -r %s", word);
	return text_new("find %s -maxdepth 1 -inum %" PRIuMAX " -delete", reader->dir,
			(uintmax_t)file->inode);
}

static char *command_to_guard(const struct reader *reader, const struct ledger_file *file)
{
	return text_new("find %s -maxdepth 1 -inum %" PRIuMAX
			" -exec chown root:root {} + -exec chmod 0600 {} +",
			reader->dir, (uintmax_t)file->inode);
}

/* If it is mounted, heal --all can finish the growth now. */
static bool is_mounted(const struct doctor_device *device)
{
	struct rootfs rootfs;
	struct why unused;

	if (!device || rootfs_open_device(&device->device, &rootfs, &unused) < 0)
		return false;
	rootfs_close(&rootfs);
	return true;
}

/* A large growth may have been put off at the start of its container, and goes on as intended. */
static void report_in_background(struct doctor *doctor, const struct ledger_entry *entry)
{
	findings_add(&doctor->findings, SEVERITY_OK, "growth-in-background", entry->device,
		     text_new("device %s: oci-thin-growd grows it to %s in the background",
			      quote(entry->device), size_format(entry->sectors * SECTOR_BYTES)),
		     NULL, NULL);
}

static void report_unfinished(struct doctor *doctor, const struct ledger_entry *entry)
{
	const struct doctor_device *device = doctor_device_named(doctor, entry->device);
	bool mounted = device && device->risk.intended && is_mounted(device);

	findings_add(&doctor->findings, SEVERITY_WARNING, "growth-unfinished", entry->device,
		     text_new("device %s: a growth to %s was started and not finished",
			      quote(entry->device), size_format(entry->sectors * SECTOR_BYTES)),
		     mounted ? text_new("if no growth is running now, it was interrupted; the "
					"filesystem may be smaller than requested")
			     : text_new("the device is not mounted now; the next start of its "
					"container finishes the growth"),
		     mounted ? text_new("oci-thin-grow heal --all") : NULL);
}

static void report_denied(struct doctor *doctor, const struct ledger_entry *entry,
			  const struct why *why)
{
	findings_add(&doctor->findings, SEVERITY_WARNING, "growth-unfinished", entry->device,
		     text_new("device %s: a growth to %s was started, and may not be finished: %s",
			      quote(entry->device), size_format(entry->sectors * SECTOR_BYTES),
			      why->text),
		     text_new("the filesystem may be smaller than requested"), NULL);
}

static void report_growth(struct doctor *doctor, const struct ledger_entry *entry)
{
	struct finisher finisher = {
		.policy = doctor->policy, .list = doctor->containers, .listed = true};
	struct why why;

	if (finish_check(&finisher, entry->device, entry->sectors, &why) == -EPERM)
		report_denied(doctor, entry, &why);
	else if (settings_has_daemon(doctor->policy, doctor->run_dir) &&
		 !ledger_is_cut_short(entry))
		report_in_background(doctor, entry);
	else
		report_unfinished(doctor, entry);
}

static void report_file(const struct ledger_file *file, void *context)
{
	struct reader *reader = context;
	struct findings *to = &reader->doctor->findings;

	switch (file->state) {
	case LEDGER_FILE_SOUND:
		reader->sound++;
		if (file->entry.state == LEDGER_INTENDED)
			report_growth(reader->doctor, &file->entry);
		return;
	case LEDGER_FILE_DAMAGED:
		findings_add(
			to, SEVERITY_BROKEN, "ledger-entry", file->name,
			text_new("%s", file->why.text),
			text_new("the entry is ignored: only the superblock says how long the "
				 "device must be, and XFS's may be out of date after a power cut"),
			command_to_remove(reader, file));
		break;
	case LEDGER_FILE_OPEN_TO_OTHERS:
		findings_add(to, SEVERITY_BROKEN, "ledger-entry", file->name,
			     text_new("%s", file->why.text),
			     text_new("the entry is ignored, because others could have changed it"),
			     command_to_guard(reader, file));
		break;
	case LEDGER_FILE_LEFTOVER:
		findings_add(to, SEVERITY_WARNING, "ledger-leftover", file->name,
			     text_new("ledger: %s was left by a process that was killed",
				      quote(file->name)),
			     text_new("harmless"), command_to_remove(reader, file));
		break;
	}
	reader->trouble = true;
}

static void report_directory(struct doctor *doctor, const char *dir, int r, const struct why *why)
{
	char *command = NULL;

	if (r == -EPERM)
		command = text_new("chown root:root %s && chmod 0700 %s", dir, dir);
	else if (r == -ENOTDIR || r == -ELOOP)
		command = text_new("mv %s %s.not-a-directory", dir, dir);
	findings_add(
		&doctor->findings, SEVERITY_BROKEN, "ledger-directory", dir,
		text_new("%s", why->text),
		text_new("nothing can be grown without the ledger, and its entries are ignored"),
		command);
}

void doctor_ledger(struct doctor *doctor)
{
	struct reader reader = {.doctor = doctor, .dir = doctor->ledger_dir};
	struct why why;
	int r = ledger_files(doctor->ledger_dir, report_file, &reader, &why);

	if (r < 0)
		report_directory(doctor, doctor->ledger_dir, r, &why);
	else if (!reader.trouble)
		findings_add(&doctor->findings, SEVERITY_OK, "ledger", doctor->ledger_dir,
			     text_new("the ledger has %zu valid entr%s", reader.sound,
				      reader.sound == 1 ? "y" : "ies"),
			     NULL, NULL);
}
