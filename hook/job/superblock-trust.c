/* SPDX-License-Identifier: Apache-2.0 */
#include "job/superblock-trust.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "disk/ledger.h"
#include "disk/vm-mark.h"
#include "engine/engine.h"
#include "job/target.h"

static bool is_written_by_host(const struct provenance_snapshot *snapshot)
{
	return snapshot->key && (provenance_is_image_layer(snapshot->key) ||
				 engine_is_dockers_namespace(snapshot->ns));
}

/* The first parent that a guest may have written, or NULL. */
static const struct provenance_snapshot *find_guests(const struct provenance *provenance,
						     const char *ledger_dir)
{
	for (size_t i = 0; i < provenance->n_parents; i++) {
		const struct provenance_snapshot *parent = &provenance->parents[i];

		if (!is_written_by_host(parent) || vm_mark_is_possible(parent->device, ledger_dir))
			return parent;
	}
	return NULL;
}

static uint64_t ledger_sectors(const struct provenance_snapshot *parent, const char *ledger_dir)
{
	struct ledger_entry entry;
	struct why unread;

	return ledger_read(ledger_dir, parent->device, &entry, &unread) > 0 &&
			       entry.thin_id == parent->thin_id
		       ? entry.sectors
		       : 0;
}

static uint64_t longest_parent(const struct provenance *provenance, const char *ledger_dir)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < provenance->n_parents; i++) {
		uint64_t sectors = ledger_sectors(&provenance->parents[i], ledger_dir);

		if (sectors > longest)
			longest = sectors;
	}
	return longest;
}

uint64_t superblock_trust_in(const struct provenance *provenance, const char *ledger_dir,
			     struct why *why)
{
	const struct provenance_snapshot *self = &provenance->self, *parent;

	if (provenance->runtime)
		why_set(why, 0,
			"but a guest may have written it: its container's runtime, %s, may give it "
			"to a virtual machine",
			quote_unless_printable(provenance->runtime));
	else if (self->key && !provenance->has_owner_db)
		why_set(why, 0,
			"but it is not known whose device it is: its containerd's meta.db is in "
			"none "
			"of the known directories; add its root to data_roots in the "
			"configuration, then run: oci-thin-grow heal --all");
	else if (self->key && !provenance->has_container && !is_written_by_host(self))
		why_set(why, 0,
			"but a guest may have written it: the snapshot %s is no container's",
			quote(self->key));
	else if ((parent = find_guests(provenance, ledger_dir)))
		why_set(why, 0,
			"but a guest may have written it: it was made from the snapshot %s, which "
			"is not a layer of an image, or was given to a virtual machine",
			quote(parent->key ? parent->key : parent->device));
	else
		return UINT64_MAX;
	return longest_parent(provenance, ledger_dir);
}

uint64_t superblock_trust(const struct thin_device *device, const struct policy *policy,
			  const char *ledger_dir, struct why *why)
{
	_cleanup_(engine_roots_free) struct engine_root_set set = {0};
	_cleanup_(provenance_free) struct provenance provenance = {0};
	const struct target_args args = {.policy = policy};
	struct why reason;
	int r;

	if (!engine_names_snapshot(device->name))
		return UINT64_MAX;
	r = target_roots(&args, &set) < 0 ? why_no_memory(&reason)
					  : provenance_read(&set.roots, device->name,
							    device->thin_id, &provenance, &reason);
	if (r == 0)
		return UINT64_MAX;
	if (r > 0)
		return superblock_trust_in(&provenance, ledger_dir, why);
	why_set(why, 0,
		"but it is not known whose device it is: %s; when that is repaired, run: "
		"oci-thin-grow heal --all",
		reason.text);
	return 0;
}
