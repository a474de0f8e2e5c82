/* SPDX-License-Identifier: Apache-2.0 */

/* Which container would not start again? */

#include "host/doctor.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/size.h"
#include "base/text.h"
#include "disk/ledger.h"
#include "host/risk.h"
#include "job/inventory.h"
#include "job/settings.h"

#include <string.h>

#define SHORT_ID 12

struct patient {
	const struct engine_container *container;
	const struct inventory *disk;
	struct doctor_device *device; /* NULL: it is not active */
	const char *name;	      /* for messages; quoted */
	uint64_t needed_bytes;	      /* how long its device must be */
};

/* In a virtual machine the filesystem is the guest's, who may not have grown it yet. */
static void report_short(struct doctor *doctor, const struct patient *patient, bool in_vm)
{
	const struct thin_device *device = &patient->device->device;
	uint64_t bytes = patient->device->risk.want_sectors * SECTOR_BYTES;

	patient->device->reported = true;
	findings_add(
		&doctor->findings, SEVERITY_BROKEN, "container-too-short", patient->container->id,
		text_new("%s%s: its device %s has %s and needs %s", patient->name,
			 in_vm ? "" : " cannot start", quote(device->name),
			 size_format(device->sectors * SECTOR_BYTES), size_format(bytes)),
		text_new(in_vm ? "it was re-created too short while healing was off, or could not "
				 "be extended before a start; if its guest has grown the "
				 "filesystem, it can no longer mount it"
			       : "its engine re-created the device too short while healing was "
				 "off; the filesystem is larger and cannot be mounted"),
		text_new("oci-thin-grow heal --all"));
}

static void report_unhealed(struct doctor *doctor, const struct patient *patient,
			    const struct healing *healing)
{
	const struct engine_container *container = patient->container;
	uint64_t remembered = container->remembered;
	bool fixable = *healing->fix.s;

	findings_add(&doctor->findings, SEVERITY_BROKEN, "container-at-risk", container->id,
		     text_new("%s would not start again: it needs a device of %s, and %s "
			      "re-creates it with %s",
			      patient->name, size_format(patient->needed_bytes), container->engine,
			      remembered ? size_format(remembered) : "its first size"),
		     text_new("nothing would heal it: %s%s", healing->why.text,
			      fixable ? ""
				      : "; copy its data out, or re-create it with an engine that "
					"waits for udev"),
		     fixable ? text_new("%s", healing->fix.s) : NULL);
}

static void examine(struct doctor *doctor, struct patient *patient, size_t *healed)
{
	const struct inventory *disk = patient->disk;
	struct ledger_entry entry;
	struct healing healing;
	struct why unused; /* doctor_ledger() reports a damaged entry */
	struct risk_facts facts = {
		.disk = disk,
		.daemon = settings_has_daemon(doctor->policy, doctor->run_dir),
		.device = patient->device ? &patient->device->risk : NULL,
		.entry = ledger_read(doctor->ledger_dir, disk->device, &entry, &unused) > 0 ? &entry
											    : NULL,
	};
	struct risk_verdict verdict;

	healing_device(&doctor->healing, disk->dev, disk->device, &healing);
	facts.healed = healing.armed;
	verdict = risk_judge(&facts);
	patient->needed_bytes = verdict.needed_bytes;
	*healed += verdict.grown && !verdict.unhealed;
	if (verdict.risk == RISK_TOO_SHORT && patient->device)
		report_short(doctor, patient, facts.entry && entry.in_vm);
	if (verdict.unhealed)
		report_unhealed(doctor, patient, &healing);
	if (verdict.risk == RISK_UNFINISHED && patient->device)
		patient->device->reported = true; /* by doctor_ledger() */
}

static char *name_of(const struct engine_container *container)
{
	if (!container->name)
		return text_new("%s container %s", container->engine, quote(container->id));
	return text_new("%s container %s (%s)", container->engine, quote(container->name),
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
		     text_new("%zu container%s on thin devices, %zu of them larger than their "
			      "engine remembers and healed when they start",
			      seen, seen == 1 ? "" : "s", healed),
		     NULL, NULL);
}
