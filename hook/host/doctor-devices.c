/* SPDX-License-Identifier: Apache-2.0 */

/* The host's device-mapper devices, and what heal would do with engines' devices. */

#include "host/doctor.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/size.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static void note_device(struct doctor *doctor, dev_t dev)
{
	struct doctor_device *found = &doctor->devices[doctor->n_devices];
	struct why unused;

	/* It may have been removed meanwhile. */
	if (thin_lookup(dev, &found->device, &unused) < 0)
		return;
	found->risk.healing = HEAL_NOT_APPLICABLE;
	if (found->device.pool)
		risk_look(&found->device, doctor->policy, doctor->run_dir, doctor->ledger_dir,
			  &found->risk);
	doctor->n_devices++;
}

void doctor_read_devices(struct doctor *doctor)
{
	_cleanup_(thin_list_free) struct thin_list list = {0};
	struct why why;

	if (thin_list(&list, &why) < 0) {
		findings_add(&doctor->findings, SEVERITY_BROKEN, "dm-thin", NULL,
			     text_new("%s", why.text), NULL,
			     text_new("modprobe -a dm-mod dm-thin-pool"));
		return;
	}
	doctor->devices = calloc(list.n + 1, sizeof(*doctor->devices));
	doctor->findings.incomplete |= !doctor->devices;
	for (size_t i = 0; doctor->devices && i < list.n; i++)
		note_device(doctor, list.devs[i]);
}

void doctor_free(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_devices; i++)
		thin_device_free(&doctor->devices[i].device);
	free(doctor->devices);
	engine_list_free(&doctor->containers);
	findings_free(&doctor->findings);
	free(doctor->nri);
	*doctor = (struct doctor){0};
}

struct doctor_device *doctor_device_named(const struct doctor *doctor, const char *name)
{
	for (size_t i = 0; i < doctor->n_devices; i++) {
		if (strcmp(doctor->devices[i].device.name, name) == 0)
			return &doctor->devices[i];
	}
	return NULL;
}

void doctor_short_devices(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_devices; i++) {
		const struct doctor_device *found = &doctor->devices[i];
		const char *name = found->device.name;

		if (found->risk.healing != HEAL_DONE || found->reported)
			continue;
		findings_add(&doctor->findings, SEVERITY_BROKEN, "device-too-short", name,
			     text_new("device %s has %s and needs %s", quote(name),
				      size_format(found->device.sectors * SECTOR_BYTES),
				      size_format(found->risk.want_sectors * SECTOR_BYTES)),
			     text_new("it was re-created too short while healing was off; it "
				      "cannot be mounted, and a container on it cannot start"),
			     text_new("oci-thin-grow heal --all"));
	}
}
