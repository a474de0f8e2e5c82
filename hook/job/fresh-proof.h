/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * May the filesystem on a container's disk, which a virtual machine is about to get, be mounted by
 * the host first? Only if no guest can have written it: what a guest has written could attack the
 * host's kernel. That is proved by what containerd and we have recorded; nobody's clock is asked,
 * and a reboot changes nothing. Pure.
 */

#include "base/why.h"

#include <stdbool.h>
#include <stddef.h>

struct fresh_parent {
	const char *key; /* of the snapshot */
	bool maybe_vms;	 /* marked as given to a VM (disk/vm-mark.h), or that is not known */
};

struct fresh_evidence {
	const char *id;	     /* of the container */
	const char *key;     /* of its snapshot; or NULL */
	bool in_vm;	     /* the device itself is marked */
	bool by_cri;	     /* which starts each container once, by whatever runtime */
	const char *runtime; /* that containerd has recorded for the container; or NULL */
	bool started;	     /* it has a note of an earlier start (job/started.h) */
	const struct fresh_parent *parents;
	size_t n_parents;
};

/* 0; -EPERM with the reason why a guest may have written it. */
int fresh_proof(const struct fresh_evidence *evidence, struct why *why);
