/* SPDX-License-Identifier: Apache-2.0 */
#include "host/outlook-text.h"

#include "base/size.h"
#include "base/terminal.h"
#include "engine/engine.h"
#include "job/tell.h"

#include <string.h>
#include <time.h>

#define IN_VM "given to a virtual machine: only its guest can grow the filesystem"

static bool is_engines(const struct outlook *outlook)
{
	return outlook->disk.device && engine_names_device(outlook->disk.device);
}

static void print_use(const struct inventory *disk, FILE *out)
{
	unsigned int percent = inventory_used_percent(disk);

	if (disk->used_bytes + disk->available_bytes == 0)
		return;
	fputs("; ", out);
	terminal_print(out, style_of_use(percent), "%s used (%u %%)", size_format(disk->used_bytes),
		       percent);
	fprintf(out, ", %s available", size_format(disk->available_bytes));
}

static void print_size(const struct outlook *outlook, FILE *out)
{
	const struct inventory *disk = &outlook->disk;

	fprintf(out, OUTLOOK_LINE, "size");
	if (!outlook->size_bytes) {
		fputs("not known: neither the ledger nor its engine's files say\n", out);
		return;
	}
	fputs(size_format(outlook->size_bytes), out);
	if (disk->filesystem)
		fprintf(out, ", %s", disk->filesystem);
	else if (!disk->device_bytes)
		fprintf(out, ", as %s says", outlook->noted ? "the ledger" : "its engine");
	print_use(disk, out);
	fputc('\n', out);
}

/* "annotation:KEY" as words: "annotation KEY". */
static void print_source(const char *source, FILE *out)
{
	const char *colon = strchr(source, ':');

	if (!*source)
		fputs(" (by whom is not known)", out);
	else if (strcmp(source, "command:grow") == 0)
		fputs(" by \"oci-thin-grow grow\"", out);
	else if (colon)
		fprintf(out, " by %.*s %s", (int)(colon - source), source, colon + 1);
	else
		fprintf(out, " by %s", source);
}

static void print_time(uint64_t seconds, FILE *out)
{
	time_t when = (time_t)seconds;
	char stamp[sizeof("2026-01-01 00:00:00")];
	struct tm tm;

	if (seconds && localtime_r(&when, &tm) &&
	    strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &tm))
		fprintf(out, ", %s", stamp);
}

/* What becomes of a growth that was started and not finished. */
static void print_unfinished(const struct outlook *outlook, FILE *out)
{
	bool mounted = outlook->disk.filesystem;

	if (outlook_grows_later(outlook))
		fprintf(out, "; the filesystem has %s, and oci-thin-growd goes on %s",
			outlook_progress(outlook),
			mounted ? "in the background" : "when the container runs again");
	else if (outlook_is_unfinished(outlook))
		fputs(mounted ? "; if it is not under way: oci-thin-grow heal --all"
			      : "; the next start finishes it",
		      out);
}

static void print_grown(const struct outlook *outlook, FILE *out)
{
	const struct ledger_entry *entry = &outlook->entry;

	fprintf(out, OUTLOOK_LINE, "grown");
	if (!outlook->noted) {
		fputs(outlook->verdict.grown ? "yes, but not by oci-thin-grow\n" : "no\n", out);
		return;
	}
	if (entry->in_vm && !entry->first_sectors) {
		fprintf(out, "no\n" OUTLOOK_LINE IN_VM "\n", "");
		return;
	}
	if (outlook_is_unfinished(outlook) && !outlook_grows_later(outlook))
		terminal_print(out, STYLE_WARN, "UNFINISHED: ");
	if (entry->first_sectors)
		fprintf(out, "from %s ", size_format(entry->first_sectors * SECTOR_BYTES));
	fprintf(out, "to %s", size_format(entry->sectors * SECTOR_BYTES));
	print_source(entry->source, out);
	print_time(entry->time, out);
	print_unfinished(outlook, out);
	if (entry->in_vm)
		fprintf(out, "\n" OUTLOOK_LINE IN_VM, "");
	fputc('\n', out);
}

static void print_engine(const struct outlook *outlook, FILE *out)
{
	const char *engine = outlook->disk.container->engine;

	fprintf(out, OUTLOOK_LINE, "engine");
	if (!is_engines(outlook))
		fprintf(out, "none: the device is not named the way engines name them\n");
	else if (outlook->engine_bytes)
		fprintf(out, "%s re-creates the device with %s\n", engine,
			size_format(outlook->engine_bytes));
	else
		fprintf(out, "%s does not say with what size it re-creates the device\n", engine);
}

void outlook_print_size(const struct outlook *outlook, FILE *out)
{
	print_size(outlook, out);
	print_grown(outlook, out);
	print_engine(outlook, out);
}

static void print_failure(const struct outlook *outlook, FILE *out)
{
	const char *needed = size_format(outlook->verdict.needed_bytes);

	terminal_print(out, STYLE_BAD, "WON'T START");
	if (outlook->verdict.risk == RISK_TOO_SHORT)
		fprintf(out,
			": the device has %s and must have %s. Fix: oci-thin-grow heal --all\n",
			size_format(outlook->disk.device_bytes), needed);
	else
		fprintf(out, ": the device must have %s, and nothing extends it to that\n", needed);
}

static void print_healing(const struct outlook *outlook, FILE *out)
{
	const struct healing *healing = &outlook->healing;

	if (!outlook_needs_healing(outlook))
		return;
	fprintf(out, OUTLOOK_LINE, "healing");
	if (healing->armed) {
		fputs("by the udev rule, before the device is mounted\n", out);
		return;
	}
	terminal_print(out, outlook->verdict.grown ? STYLE_BAD : STYLE_WARN, "NONE");
	fprintf(out, ": %s. Fix: %s\n", healing->why.text, healing_advice(healing));
}

void outlook_print_next(const struct outlook *outlook, const char *then, FILE *out)
{
	fprintf(out, OUTLOOK_LINE, "next start");
	switch (outlook->next) {
	case NEXT_FAILS:
		print_failure(outlook, out);
		break;
	case NEXT_NEW_DISK:
		fputs("with a new disk: a pod's container is re-created\n", out);
		break;
	case NEXT_STARTS:
		fprintf(out, "%s%s\n",
			outlook->next_bytes ? size_format(outlook->next_bytes) : "not known", then);
		break;
	}
	print_healing(outlook, out);
}

/* --- as JSON --------------------------------------------------------------------------------- */

static void json_use(const struct inventory *disk, struct json_writer *w)
{
	bool known = disk->used_bytes + disk->available_bytes != 0;

	json_write_u64_if(w, "used_bytes", known, disk->used_bytes);
	json_write_u64_if(w, "available_bytes", known, disk->available_bytes);
	json_write_u64_if(w, "used_percent", known, inventory_used_percent(disk));
}

static void json_grown(const struct outlook *outlook, struct json_writer *w)
{
	const struct ledger_entry *entry = &outlook->entry;

	if (!outlook->noted) {
		json_write_string(w, "grown", NULL);
		return;
	}
	json_write_object(w, "grown");
	json_write_string(w, "source", *entry->source ? entry->source : NULL);
	json_write_known_u64(w, "time", entry->time);
	json_write_known_u64(w, "from_bytes", entry->first_sectors * SECTOR_BYTES);
	json_write_u64(w, "to_bytes", entry->sectors * SECTOR_BYTES);
	json_write_bool(w, "finished", !outlook_is_unfinished(outlook));
	json_write_bool(w, "in_background", outlook_grows_later(outlook));
	json_write_close(w);
}

void outlook_json(const struct outlook *outlook, struct json_writer *w)
{
	const struct inventory *disk = &outlook->disk;

	json_write_string(w, "device", disk->device);
	json_write_known_u64(w, "device_bytes", disk->device_bytes);
	json_write_known_u64(w, "size_bytes", outlook->size_bytes);
	json_write_string(w, "filesystem", disk->filesystem);
	json_write_known_u64(w, "filesystem_bytes", disk->filesystem_bytes);
	json_use(disk, w);
	json_write_known_u64(w, "requested_bytes", disk->requested_bytes);
	json_write_known_u64(w, "engine_bytes", outlook->engine_bytes);
	json_grown(outlook, w);
	json_write_bool(w, "given_to_vm", outlook->noted && outlook->entry.in_vm);
	json_write_bool(w, "in_vm", outlook->in_vm);
	if (outlook->next == NEXT_NEW_DISK || !disk->device)
		json_write_string(w, "starts_again", NULL);
	else
		json_write_bool(w, "starts_again", outlook->next == NEXT_STARTS);
	json_write_known_u64(w, "next_bytes", outlook->next_bytes);
	tell_healing_json(outlook_needs_healing(outlook) ? &outlook->healing : NULL, w);
}
