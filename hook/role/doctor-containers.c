/* SPDX-License-Identifier: Apache-2.0 */

/* Which container would not start again? */

#include "role/doctor.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "disk/ledger.h"
#include "disk/rule.h"
#include "policy/size.h"
#include "role/inventory.h"

#include <string.h>

#define SHORT_ID 12

struct patient {
	const struct engine_container *container;
	const struct inventory *disk;
	struct doctor_device *device; /* NULL: it is not active */
	const char *name;	      /* for people; quoted */
	uint64_t needed_bytes;	      /* how long its device must be */
	bool in_ledger;
};

/* The larger of what is live, what the superblock says and what the ledger says. */
static void find_need(struct patient *patient, const char *ledger_dir)
{
	struct ledger_entry entry;
	struct why unused; /* a damaged entry is told with the ledger */

	patient->needed_bytes = patient->disk->filesystem_bytes;
	if (patient->device && patient->device->want_sectors * SECTOR_BYTES > patient->needed_bytes)
		patient->needed_bytes = patient->device->want_sectors * SECTOR_BYTES;
	if (ledger_read(ledger_dir, patient->disk->device, &entry, &unused) <= 0)
		return;
	patient->in_ledger = true;
	if (!patient->device && entry.sectors * SECTOR_BYTES > patient->needed_bytes)
		patient->needed_bytes = entry.sectors * SECTOR_BYTES;
}

/* Is its filesystem larger than what the engine will make its device? */
static bool needs_healing(const struct patient *patient)
{
	uint64_t remembered = patient->container->remembered;

	/* Where the engine's files do not say, what we grew is what it does not know of. */
	return remembered ? patient->needed_bytes > remembered : patient->in_ledger;
}

static void tell_short(struct doctor *doctor, const struct patient *patient)
{
	const struct thin_device *device = &patient->device->device;
	uint64_t bytes = patient->device->want_sectors * SECTOR_BYTES;

	patient->device->told = true;
	findings_add(&doctor->findings, SEVERITY_BROKEN, "container-too-short",
		     patient->container->id,
		     finding_text("%s does not start: its device %s has %s, and must have %s",
				  patient->name, quote(device->name),
				  size_format(device->sectors * SECTOR_BYTES), size_format(bytes)),
		     finding_text("the device was made again while nothing healed; its filesystem "
				  "is larger and cannot be mounted"),
		     finding_text("oci-thin-grow heal --all"));
}

static void tell_risk(struct doctor *doctor, const struct patient *patient, const char *cause,
		      const char *command)
{
	const struct engine_container *container = patient->container;
	uint64_t remembered = container->remembered;

	findings_add(
		&doctor->findings, SEVERITY_BROKEN, "container-at-risk", container->id,
		finding_text("%s would not start again: it needs a device of %s, and %s makes it "
			     "again with %s",
			     patient->name, size_format(patient->needed_bytes), container->engine,
			     remembered ? size_format(remembered) : "what it was at first"),
		finding_text("nothing would heal it: %s%s", cause,
			     command ? ""
				     : "; copy out what it holds beyond its first size, or let an "
				       "engine that waits make it again"),
		command ? strdup(command) : NULL);
}

/* Will it be healed? As udev saw its device, and as the host is now. */
static bool check_healing(struct doctor *doctor, const struct patient *patient)
{
	const struct inventory *disk = patient->disk;
	struct why why;

	if (!doctor->heals) {
		tell_risk(doctor, patient, doctor->unhealed ? doctor->unhealed : "see above",
			  doctor->mend_healing);
		return false;
	}
	/* That the rule has not seen it says nothing of the next time; that nobody waited does. */
	if (!disk->dev || rule_check(disk->dev, disk->device, &why) != -ENOTSUP)
		return true;
	tell_risk(doctor, patient, why.text, NULL);
	return false;
}

static void examine(struct doctor *doctor, struct patient *patient, size_t *healed)
{
	find_need(patient, doctor->ledger_dir);
	if (patient->device && patient->device->healing == HEAL_DONE)
		tell_short(doctor, patient);
	if (needs_healing(patient))
		*healed += check_healing(doctor, patient);
}

static char *name_of(const struct engine_container *container)
{
	if (!container->name)
		return finding_text("%s container %s", container->engine, quote(container->id));
	return finding_text("%s container %s (%s)", container->engine, quote(container->name),
			    quote_n(container->id, strnlen(container->id, SHORT_ID)));
}

void doctor_containers(struct doctor *doctor)
{
	size_t seen = 0, healed = 0;

	for (size_t i = 0; i < doctor->containers.n; i++) {
		const struct engine_container *container = &doctor->containers.containers[i];
		_cleanup_(inventory_free) struct inventory disk = {0};
		_cleanup_free_ char *name = name_of(container);

		if (!name || !inventory_look(container, doctor->policy, &disk) || !disk.device)
			continue;
		seen++;
		examine(doctor,
			&(struct patient){
				.container = container,
				.disk = &disk,
				.device = doctor_device_named(doctor, disk.device),
				.name = name,
			},
			&healed);
	}
	findings_add(&doctor->findings, SEVERITY_OK, "containers", NULL,
		     finding_text("%zu container%s on thin devices, %zu of them larger than their "
				  "engine remembers and healed when they start",
				  seen, seen == 1 ? "" : "s", healed),
		     NULL, NULL);
}
