/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What LVM's files say about a thin pool; no LVM program is called. The files are lvm.conf and
 * lvmlocal.conf, the backup of the volume group's metadata, which LVM writes at each change, and
 * the profile that the backup names.
 */

#include <stdbool.h>
#include <stdint.h>

struct lvm_pool {
	/* activation/thin_pool_autoextend_threshold and _percent; 100 or more, or 0: never */
	unsigned long threshold, percent;
	char *source;	  /* the file that sets the threshold; NULL: it is LVM's default */
	bool unmonitored; /* activation/monitoring is 0: dmeventd watches it only on request */
	bool has_backup;  /* false: profile and free space are not known */
	uint64_t free_bytes, extent_bytes; /* of the volume group; 0 and 0: not known */
};

/* @etc: "/etc/lvm", except in tests; @lv: "VG/LV" (pool_lvm_name()). Skips unreadable files. */
void lvm_pool_look(const char *etc, const char *lv, struct lvm_pool *ret);
void lvm_pool_free(struct lvm_pool *pool);
