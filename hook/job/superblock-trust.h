/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How much may the superblock of a re-created device ask for? A guest can write any superblock to
 * its disk, and would get that much space when the device is extended. So it is believed only if
 * nobody but the host can have written it, according to containerd's databases:
 *
 * - The device is activated for the first time: if it was made of layers of an image alone.
 * - It is a snapshot of Docker's, which mounts all disks on the host, or a layer of an image.
 * - Each container that uses it, and there is one, has a runtime known to mount on the host; and it
 *   was made of layers of an image alone.
 * - No database has it: then it is not a device of containerd's, and no virtual machine has it.
 *
 * Otherwise (a runtime that may start virtual machines; a snapshot that was committed, or kept
 * without its container) it gets no more than the ledger has for one of the devices that it was
 * made from: the host gave them that.
 *
 * If a database cannot be read, the superblock is not believed either. That keeps no ordinary
 * container down: what we have grown is in the ledger; a database that its engine holds open is
 * read without the lock, and again if it changes meanwhile; and with one that is damaged, or of an
 * unknown format, containerd itself does not start.
 */

#include "disk/thin.h"
#include "engine/provenance.h"
#include "policy/policy.h"

/*
 * The sectors that the superblock of @device may ask for: UINT64_MAX: any number; fewer: with the
 * reason, which continues a sentence about what the superblock says. Reads the databases in all
 * directories that are known (job/target.h). For struct heal_order.
 */
uint64_t superblock_trust(const struct thin_device *device, const struct policy *policy,
			  const char *ledger_dir, struct why *why);

/* The same from what was read. */
uint64_t superblock_trust_in(const struct provenance *provenance, const char *ledger_dir,
			     struct why *why);
