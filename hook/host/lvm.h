/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What LVM's files say of a thin pool. No program of LVM is asked: lvm.conf and lvmlocal.conf, the
 * backup of the volume group's metadata (written at each change), and the profile that it names.
 */

#include <stdbool.h>
#include <stdint.h>

struct lvm_pool {
	/* activation/thin_pool_autoextend_threshold and _percent; 100 or more, or 0: never */
	unsigned long threshold, percent;
	char *source;	  /* the file that has the threshold; NULL: none, it is LVM's default */
	bool unmonitored; /* activation/monitoring is 0: dmeventd watches it only if told by hand */
	bool has_backup;  /* else neither profiles nor space are known */
	uint64_t free_bytes, extent_bytes; /* of the volume group; 0 and 0: not known */
};

/* @etc: "/etc/lvm" but in tests; @lv: "VG/LV" (pool_lvm_name()). Zeros where memory runs out. */
void lvm_pool_look(const char *etc, const char *lv, struct lvm_pool *ret);
void lvm_pool_free(struct lvm_pool *pool);

/* Does the daemon run that extends pools? @run: "/run", @proc: "/proc" but in tests. */
bool lvm_dmeventd_runs(const char *run, const char *proc);
