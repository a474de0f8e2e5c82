/* SPDX-License-Identifier: Apache-2.0 */
#include "host/pool-extender.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/size.h"
#include "base/text.h"
#include "host/pool-advice.h"

#include <fcntl.h>
#include <string.h>

#define PID_MAX_BYTES 64
#define LEAST_PERCENT 50 /* LVM takes a lower threshold for this one */

/* dm name and uuid of stratisd's pools: "stratis-1-private-UUID-thinpool-pool" */
#define STRATIS_PREFIX "stratis-1-"
#define STRATIS_SUFFIX "-thinpool-pool"

const struct extender_places extender_host = {"/etc/lvm", "/run", "/proc"};

static bool daemon_runs(const struct extender_places *where, const char *name)
{
	_cleanup_free_ char *path = text_new("%s/%s.pid", where->run, name), *pid = NULL;
	size_t len = 0;

	if (!path || file_read_at(AT_FDCWD, path, PID_MAX_BYTES, &pid, &len) < 0)
		return false;
	/* A killed daemon leaves the file, and another process may have its pid by now. */
	pid[strspn(pid, "0123456789")] = '\0';
	return *pid && process_is_called(where->proc, pid, name) &&
	       process_is_hosts(where->proc, pid);
}

/* Does its volume group lack the space for one step? */
static bool lacks_room(const struct lvm_pool *lvm, uint64_t bytes)
{
	return lvm->extent_bytes &&
	       lvm->free_bytes / lvm->extent_bytes < bytes / 100 * lvm->percent / lvm->extent_bytes;
}

/* Why dmeventd does not extend it; NULL: it does, or out of memory. */
static char *why_not_dmeventd(const struct extender_places *where, const struct lvm_pool *lvm,
			      uint64_t bytes)
{
	if (lvm->threshold >= 100)
		return text_new("thin_pool_autoextend_threshold is 100 %s%s%s%s",
				lvm->source ? "in " : "by default", lvm->source ? lvm->source : "",
				lvm->has_backup ? ""
						: "; a profile may say otherwise: no backup "
						  "of its volume group in ",
				lvm->has_backup ? "" : text("%s/backup", where->lvm));
	if (lvm->percent == 0)
		return text_new("thin_pool_autoextend_percent is 0");
	if (lvm->unmonitored)
		return text_new("activation/monitoring is 0, so dmeventd watches it only after "
				"lvchange --monitor y");
	if (!daemon_runs(where, "dmeventd"))
		return text_new("dmeventd does not run");
	if (lacks_room(lvm, bytes))
		return text_new("dmeventd would add %s, and its volume group has %s free",
				size_format(bytes / 100 * lvm->percent),
				lvm->free_bytes ? size_format(lvm->free_bytes) : "nothing");
	return NULL;
}

static void look_at_lvm(const struct extender_places *where, const char *lv, uint64_t bytes,
			struct pool_extender *extender)
{
	const struct lvm_pool *lvm = &extender->lvm;

	extender->is_lvm = true;
	lvm_pool_look(where->lvm, lv, &extender->lvm);
	extender->reason = why_not_dmeventd(where, lvm, bytes);
	if (extender->reason)
		return;
	extender->by = EXTENDER_DMEVENTD;
	extender->percent = lvm->threshold < LEAST_PERCENT ? LEAST_PERCENT : lvm->threshold;
}

void pool_extender_look(const struct extender_places *where, const char *name, const char *uuid,
			uint64_t bytes, struct pool_extender *ret)
{
	_cleanup_free_ char *lv = pool_lvm_name(name, uuid);

	*ret = (struct pool_extender){.by = EXTENDER_NOBODY};
	if (lv) {
		look_at_lvm(where, lv, bytes, ret);
	} else if (strncmp(uuid, STRATIS_PREFIX, strlen(STRATIS_PREFIX)) == 0 &&
		   text_ends_in(uuid, STRATIS_SUFFIX)) {
		if (daemon_runs(where, "stratisd"))
			ret->by = EXTENDER_STRATIS;
		else
			ret->reason = text_new("stratisd does not run");
	}
}

void pool_extender_free(struct pool_extender *extender)
{
	free(extender->reason);
	lvm_pool_free(&extender->lvm);
	*extender = (struct pool_extender){0};
}

const char *extender_name(enum extender extender)
{
	static const char *const names[] = {
		[EXTENDER_NOBODY] = "nobody",
		[EXTENDER_DMEVENTD] = "dmeventd",
		[EXTENDER_STRATIS] = "stratis",
	};

	return names[extender];
}
